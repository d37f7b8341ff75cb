"""One change of one stage through the Bytebase gate, against a bare script of the same calls on the same server.

Ours checks the way first, asks the live database before and after each step that acts, and compares its catalog; the
script does nothing but the calls. Both poll every tenth of a second at first.
"""

import base64
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from schema_sensei.bytebase.account import ServiceAccount
from schema_sensei.bytebase.client import Client
from schema_sensei.bytebase.connection import Address, Connection
from schema_sensei.changes.script import Script
from schema_sensei.gates.bytebase import Bytebase
from schema_sensei.migrations.guard import Moment, guard
from schema_sensei.migrations.unit import Unit
from schema_sensei.postgres.cluster import SUPERUSER
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.session import connect
from schema_sensei.postgres.url import read
from schema_sensei.practice.bytebase import office
from schema_sensei.practice.bytebase.launching import PracticeBytebase
from schema_sensei.project.bytebase import BytebaseRoute
from schema_sensei.project.environment import Environment, Target
from schema_sensei.terms.secrets import Secret
from schema_sensei.terms.targets import TargetLabel

from .measure import Measure, alternate, seconds

LIMIT_RATIO = 1.5
POLL = 0.1
STAGING = office.database("staging")
PROJECT = f"projects/{office.PROJECT}"
VERSIONS = "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"


class Deaf:
    """A progress that nobody listens to."""

    def started(self, unit: int) -> None: ...
    def finished(self, unit: int) -> None: ...
    def statement(self, unit: int, number: int, text: str) -> None: ...
    def note(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def checkpoint(self) -> None: ...


def _revision(number: int) -> Unit:
    """The revision with this number, which makes a table."""
    before, after = (f"r{number - 1}",) if number else (), f"r{number}"
    moment = Moment(after, before, frozenset(before), frozenset({after}), empty=not before)
    made = [f"CREATE TABLE ours_{number} (id int)"] if number else [VERSIONS]
    made += ["DELETE FROM alembic_version", f"INSERT INTO alembic_version VALUES ('{after}')"]  # noqa: S608 - a number
    text = (guard(moment, "alembic_version"), *made)
    return Unit(after, before, (after,), transactional=True, statements=text)


class Ours:
    """Change after change through the gate, each as a process of its own would do it: with a login."""

    def __init__(self, url: str, key: str, database: Secret) -> None:
        self._url, self._key = url, key
        self._label = TargetLabel("staging", "localhost", "staging")
        self._target = Target(Environment("staging", "URL", gate="bytebase"), self._label, database)
        self._route = BytebaseRoute(url, PROJECT, (STAGING,), office.DEPLOYER, "KEY")
        self._numbers = count()

    def change(self) -> None:
        script = Script((_revision(next(self._numbers)),))
        client = Client(Connection(Address(self._url), ServiceAccount(office.DEPLOYER, Secret(self._key))))
        way: dict[str, Any] = {"client": client, "route": self._route, "operation": f"b{script.digest[:6]}"}
        arrival = Bytebase(**way, title="Bench").check(script, self._target)
        gate = Bytebase(**way, title="Bench", handle=arrival.handle)
        applied = gate.apply(
            script, self._target, approved_digest=script.digest, identity=arrival.identity, progress=Deaf()
        )
        client.close()
        assert applied.units == 1


class Bare:
    """The calls alone."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key
        self._numbers = count()

    def change(self) -> None:
        sql = f"CREATE TABLE bare_{next(self._numbers)} (id int);\n".encode()
        with httpx.Client(base_url=self._url, timeout=30.0) as http:

            def call(method: str, path: str, body: Any = None) -> Any:
                answer = http.request(method, f"/v1/{path}", json=body)
                return answer.raise_for_status().json()

            token = call("POST", "auth/login", {"email": office.DEPLOYER, "password": self._key})["token"]
            http.headers["Authorization"] = f"Bearer {token}"
            call("GET", "actuator/info")
            call("GET", STAGING)
            call("GET", f"{PROJECT}/plans?pageSize=100")
            call("POST", f"{STAGING}:sync", {})
            sheet = call("POST", f"{PROJECT}/sheets", {"content": base64.b64encode(sql).decode()})["name"]
            spec = {"id": "s", "changeDatabaseConfig": {"targets": [STAGING], "sheet": sheet}}
            plan = call("POST", f"{PROJECT}/plans", {"title": "Bare", "specs": [spec]})["name"]
            _until(lambda: call("GET", f"{plan}/planCheckRun").get("status") == "DONE")
            issue = {"type": "DATABASE_CHANGE", "title": "Bare", "plan": plan}
            issue = call("POST", f"{PROJECT}/issues", issue)
            _until(lambda: call("GET", issue["name"]).get("approvalStatus") == "SKIPPED")
            stage = call("POST", f"{plan}/rollout", {})["stages"][0]
            call("POST", f"{stage['name']}/tasks:batchRun", {"tasks": [stage["tasks"][0]["name"]]})
            _until(lambda: call("GET", f"{plan}/rollout")["stages"][0]["tasks"][0]["status"] == "DONE")


def _until(done: Callable[[], bool]) -> None:
    while not done():
        time.sleep(POLL)


def measure() -> list[Measure]:
    """One server for both, as a program of its own."""
    with tempfile.TemporaryDirectory(prefix="sensei-bench-") as place:
        home = Path(place)
        home.chmod(0o755)
        with Embedded(home / "postgres", disposable=True) as cluster:
            with connect(cluster.url()) as admin:
                admin.execute("CREATE DATABASE staging STRATEGY file_copy")
                admin.execute("CREATE DATABASE prod STRATEGY file_copy")
            address = read(cluster.url())
            settled = office.settle(home / "bytebase", host=address.host, port=address.port, user=SUPERUSER)
            with PracticeBytebase(home / "bytebase") as server:
                ours = Ours(server.url, settled.deployer_key, cluster.url("staging"))
                bare = Bare(server.url, settled.deployer_key)
                ours.change()
                bare.change()
                name = "a change through Bytebase / its calls alone"
                return [alternate(name, lambda: seconds(ours.change), lambda: seconds(bare.change), limit=LIMIT_RATIO)]
