"""The server that the contract is tested with: a practice Bytebase, or the real one that the environment names.

SENSEI_BYTEBASE_URL, _ACCOUNT and _KEY name a real server and an administrator of its workspace, a person or a service
account. Nothing else is assumed of it but two environments that start no task by themselves, `test` and `prod` where
they are there; what is made there is removed again, and what could not be is named.
"""

import os
import shutil
import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from schema_sensei.bytebase.account import ServiceAccount
from schema_sensei.bytebase.client import Client
from schema_sensei.bytebase.connection import Address, Connection
from schema_sensei.bytebase.errors import BytebaseError, MissingError
from schema_sensei.bytebase.plans import Approval, CheckStatus, Issue, Plan, PlanCheck, Spec
from schema_sensei.bytebase.tasks import Rollout, Task, TaskRun
from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.practice.bytebase.seeding import ADMIN, Seed, person, seed
from schema_sensei.practice.bytebase.service import Service
from schema_sensei.practice.bytebase.world import World
from schema_sensei.terms.secrets import Secret

T = TypeVar("T")

PATIENCE = 90.0
"""Seconds for one state to come: a busy server's scheduler ticks every five."""


@dataclass(frozen=True)
class Server:
    """Where it is, and who we are to it: e-mail, and password or key."""

    url: str
    account: str
    key: str


@dataclass
class Office:
    """A project of our own with a database in each of two environments, `test` in the one that comes first."""

    client: Client
    cluster: Embedded
    name: str
    url: str
    account: str
    environments: tuple[str, str] = ("", "")
    test: str = ""
    prod: str = ""
    plans: list[str] = field(default_factory=list)

    @property
    def project(self) -> str:
        return f"projects/{self.name}"

    def rows(self, database: str, query: str) -> list[tuple[object, ...]]:
        """Ask a database itself."""
        with session.connect(self.cluster.url(database.rpartition("/")[2])) as connection:
            return connection.execute(query.encode()).fetchall()

    def plan(self, sql: str, *targets: str, backup: bool = False) -> Plan:
        """A sheet and its plan, on database `test` unless others are named."""
        sheet = self.client.create_sheet(self.project, sql)
        spec = Spec(f"s-{uuid.uuid4()}", sheet, tuple(targets or (self.test,)), backup)
        made = self.client.create_plan(self.project, sql[:60], "", [spec])
        self.plans.append(made.name)
        return made

    def checked(self, plan: Plan) -> PlanCheck:
        """The plan's checks once they are done."""

        def done() -> PlanCheck | None:
            check = self.client.plan_check(plan.name)
            return check if check and check.status is CheckStatus.DONE else None

        return soon(done)

    def issued(self, plan: Plan) -> Issue:
        """The plan's issue once nobody needs to approve it."""
        issue = self.client.create_issue(self.project, plan.name, plan.title, "", ["sensei-contract"])
        return soon(lambda: self._settled(issue))

    def rolled_out(self, sql: str, *targets: str, backup: bool = False) -> Rollout:
        """Sheet, plan, checks, issue and the rollout that the server then makes by itself."""
        plan = self.plan(sql, *targets, backup=backup)
        self.checked(plan)
        self.issued(plan)
        return soon(lambda: self.client.rollout(plan.name))

    def run(self, task: Task) -> TaskRun:
        """Run a task to its end; its newest run."""
        before = len(self.runs(task))
        self.client.run_tasks(task.name.partition("/tasks/")[0], [task.name])

        def ended() -> TaskRun | None:
            runs = self.runs(task)
            return runs[-1] if len(runs) > before and runs[-1].status.settled else None

        return soon(ended)

    def runs(self, task: Task) -> list[TaskRun]:
        """The runs of a task, oldest first."""
        rollout = task.name.partition("/stages/")[0]
        return [each for each in self.client.task_runs(rollout) if each.task == task.name]

    def _settled(self, issue: Issue) -> Issue | None:
        found = self.client.issue(issue.name)
        return found if found.approval in {Approval.SKIPPED, Approval.APPROVED} else None


def soon(look: Callable[[], T | None]) -> T:
    """What is looked for, once it is there."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.01
    while (found := look()) is None:
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)
    return found


@contextmanager
def _server() -> Iterator[tuple[str, str, str]]:
    """URL, e-mail, password or key."""
    if url := os.environ.get("SENSEI_BYTEBASE_URL"):
        yield url.rstrip("/"), os.environ["SENSEI_BYTEBASE_ACCOUNT"], os.environ["SENSEI_BYTEBASE_KEY"]
        return
    world = World()
    seed(world, Seed())
    password = person(world, ADMIN, "Admin", "roles/workspaceAdmin")
    service = Service(world)
    service.start()
    try:
        yield service.url, ADMIN, password
    finally:
        service.stop()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server under test, for the whole session."""
    with _server() as (url, account, key):
        yield Server(url, account, key)


@pytest.fixture(scope="session")
def office(server: Server) -> Iterator[Office]:
    """The project, its databases registered and synced; all of it is removed at the end."""
    with opened(server) as made:
        yield made


@contextmanager
def opened(server: Server) -> Iterator[Office]:
    """A project of its own on the server, and its databases; removed again, whatever happens in between."""
    home = Path(tempfile.mkdtemp(prefix="sensei-contract-"))
    home.chmod(0o755)
    name = f"sensei-{uuid.uuid4().hex[:10]}"
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        cluster = stack.enter_context(Embedded(home / "postgres", disposable=True, port=_free_port()))
        password = uuid.uuid4().hex
        with session.connect(cluster.url()) as admin:
            admin.execute(f"CREATE ROLE bytebase SUPERUSER LOGIN PASSWORD '{password}'".encode())
            admin.execute("CREATE DATABASE contract_test")
            admin.execute("CREATE DATABASE contract_prod")
        client = Client(Connection(Address(server.url), ServiceAccount(server.account, Secret(server.key))))
        stack.callback(client.close)
        made = Office(client, cluster, name, server.url, server.account)
        stack.callback(_remove, made)
        made.environments = _environments(client)
        client.connection.send("POST", "/v1/projects", params={"projectId": name}, body={"title": name})
        made.test = _register(made, made.environments[0], "contract_test", password)
        made.prod = _register(made, made.environments[1], "contract_prod", password)
        yield made


def _environments(client: Client) -> tuple[str, str]:
    """Two environments in rollout order in which only we start tasks."""
    manual = [each for each in client.environments() if not client.automatic(each)]
    wanted = [each for each in manual if each in {"environments/test", "environments/prod"}]
    first, second, *_ = [*(wanted if len(wanted) == 2 else manual), "", ""]
    assert second, "the workspace needs two environments with manual rollout; these are there: " + ", ".join(manual)
    return first, second


def _register(office: Office, environment: str, database: str, password: str) -> str:
    instance = _instance(office, database)
    source = {"id": "admin", "type": "ADMIN", "host": "127.0.0.1", "port": str(office.cluster.port)}
    body = {
        "title": instance,
        "engine": "POSTGRES",
        "environment": environment,
        "dataSources": [source | {"username": "bytebase", "password": password}],
    }
    send = office.client.connection.send
    send("POST", "/v1/instances", params={"instanceId": instance}, body=body)
    name = f"instances/{instance}/databases/{database}"
    send("POST", f"/v1/instances/{instance}:sync", body={"enableFullSync": False}, repeatable=True)
    soon(lambda: name if name in {each.name for each in office.client.databases(f"instances/{instance}")} else None)
    send("PATCH", f"/v1/{name}", params={"updateMask": "project"}, body={"project": office.project}, repeatable=True)
    office.client.sync(name)
    return name


def _instance(office: Office, database: str) -> str:
    return f"{office.name}-{database.rpartition('_')[2]}"


def _remove(office: Office) -> None:
    """Take away what was made, archived first and then for good; nothing is taken while one of its tasks runs."""
    for plan in office.plans:
        with suppress(BytebaseError):
            _end(office, plan)
    instances = [f"instances/{_instance(office, each)}" for each in ("contract_test", "contract_prod")]
    for name in (*instances, office.project):
        for params in ({"force": "true"} if name in instances else {}, {"purge": "true"}):
            with suppress(BytebaseError):
                office.client.connection.send("DELETE", f"/v1/{name}", params=params, repeatable=True)
    left = [name for name in (*instances, office.project) if not _gone(office, name)]
    assert not left, f"left behind on {office.url}, remove it by hand: {', '.join(left)}"


def _end(office: Office, plan: str) -> None:
    """Cancel what still runs of a plan, and wait for its end; then close the plan."""

    def ended() -> bool | None:
        running = [each for each in office.client.task_runs(f"{plan}/rollout") if each.status.at_work]
        for run in running:
            with suppress(BytebaseError):  # it may have ended by itself
                office.client.cancel_runs(run.task, [run.name])
        return None if running else True

    if office.client.rollout(plan) is not None:
        soon(ended)
    office.client.close_plan(plan)


def _gone(office: Office, name: str) -> bool:
    try:
        office.client.connection.get(f"/v1/{name}")
    except BytebaseError as error:
        return isinstance(error, MissingError)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
