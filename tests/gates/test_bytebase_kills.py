"""kill -9 of sensei, and of the server, at each call of a change: after resuming one plan, one issue, SQL run once."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.gates import killed_change

from schema_sensei.bytebase.plans import Plan
from schema_sensei.postgres import session
from schema_sensei.postgres.cluster import SUPERUSER
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.url import read
from schema_sensei.practice.bytebase import office
from schema_sensei.practice.bytebase.launching import PracticeBytebase
from schema_sensei.terms.errors import SenseiError
from schema_sensei.terms.secrets import Secret

_operations = count(1)


@dataclass
class Town:
    """A practice server that is a program of its own, and the database behind it."""

    home: Path
    server: PracticeBytebase
    settings: dict[str, Any]

    def file(self) -> Path:
        """The settings of a new change, the database empty."""
        with session.connect(self.url) as connection:
            connection.execute("DROP TABLE IF EXISTS pupils, alembic_version")
        self.settings["operation"] = f"op{next(_operations)}"
        file = self.home / f"{self.settings['operation']}.json"
        file.write_text(json.dumps(self.settings | {"url": self.server.url}))
        return file

    @property
    def url(self) -> Any:
        return Secret(self.settings["database"])

    def resume(self, file: Path) -> None:
        """Go on as the engine does, in a process that lives."""
        for last in (False, False, True):
            settings = json.loads(file.read_text())
            made = killed_change.client(settings)
            try:
                killed_change.carry_through(settings, file, made)
            except SenseiError:
                if last:
                    raise
            else:
                return
            finally:
                made.close()

    def assert_once(self, point: str) -> None:
        """One plan with an issue and a rollout, its SQL applied once."""
        made = killed_change.client(self.settings | {"url": self.server.url})
        plans: list[Plan] = []
        for number in count(101):
            plan = made.plan(f"{self.settings['project']}/plans/{number}")
            if plan is None:
                break
            plans.append(plan)
        made.close()
        own = [each for each in plans if each.specs[0].id.startswith(f"sensei-{self.settings['operation']}-")]
        assert [(bool(each.issue), each.has_rollout, each.closed) for each in own] == [(True, True, False)], point
        with session.connect(self.url) as connection:
            assert connection.execute("SELECT name FROM pupils").fetchall() == [("Ada",)], point
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("a1",)], point


@pytest.fixture
def town() -> Iterator[Town]:
    home = Path(tempfile.mkdtemp(prefix="sensei-kills-"))
    home.chmod(0o755)
    try:
        with Embedded(home / "postgres", disposable=True) as cluster:
            with session.connect(cluster.url()) as admin:
                for name in office.ENVIRONMENTS:
                    admin.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())
            address = read(cluster.url())
            settled = office.settle(home / "bytebase", host=address.host, port=address.port, user=SUPERUSER)
            with PracticeBytebase(home / "bytebase", ("--instant", "0.01", "--abandoned-after", "0.3")) as server:
                settings = {
                    "account": office.DEPLOYER, "key": settled.deployer_key, "project": f"projects/{office.PROJECT}",
                    "name": office.database("staging"), "database": cluster.url("staging").reveal(),
                }  # fmt: skip
                yield Town(home, server, settings)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("when", ["before", "after"])
def test_sensei_is_killed_at_each_call(town: Town, when: str, record_property: Callable[[str, object], None]) -> None:
    killed = 0
    for call in count():
        file = town.file()
        arguments = [sys.executable, "-m", "tests.gates.killed_change", str(call), when, str(file)]
        done = subprocess.run(
            arguments, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        town.resume(file)
        town.assert_once(f"killed {when} call {call}")
        killed += 1
    assert killed >= 16
    record_property("killed", f"sensei {when} {killed} Bytebase calls")


def test_the_server_is_killed_at_each_call(town: Town, record_property: Callable[[str, object], None]) -> None:
    killed = 0
    for call in count():
        file = town.file()
        settings = json.loads(file.read_text())
        made = killed_change.client(settings)
        fired = _kill_at(call, made.connection, town.server)
        try:
            killed_change.carry_through(settings, file, made)
        except SenseiError:
            assert fired
            _started(town.server)
            town.resume(file)
        finally:
            made.close()
        if not fired:
            break
        town.assert_once(f"server killed at call {call}: {fired[0]}")
        killed += 1
    assert killed >= 16
    record_property("killed", f"the Bytebase server at {killed} calls")


def _kill_at(call: int, connection: Any, server: PracticeBytebase) -> list[str]:
    """Kill the server right before a call is sent, and start it again a moment later; what fired is noted."""
    original, seen, fired = connection._once, [0], []

    def watched(method: str, path: str, *rest: Any) -> Any:
        seen[0] += 1
        if seen[0] - 1 == call:
            fired.append(f"{method} {path}")
            pid = server.pid
            os.kill(pid, signal.SIGKILL)
            threading.Timer(0.2, lambda: _started(server)).start()
        return original(method, path, *rest)

    connection._once = watched
    return fired


def _started(server: PracticeBytebase) -> None:
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        try:
            server.start()
            if server.pid:
                return
        except SenseiError:
            time.sleep(0.05)
    raise AssertionError("the server does not come back")
