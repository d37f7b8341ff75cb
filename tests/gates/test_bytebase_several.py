"""Several databases of one environment, in one plan: a result for each, and trying again touches only what failed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from tests.bytebase.practice_house import HURRY, PROJECT, House, Watch, opened
from tests.gates.scripts import Listener, first, identity_of, later, target

from schema_sensei.bytebase.delivery import Delivery
from schema_sensei.bytebase.rollout import Rollout
from schema_sensei.bytebase.tasks import TaskStatus
from schema_sensei.changes.script import Script
from schema_sensei.gates.bytebase import Bytebase
from schema_sensei.gates.errors import OtherDatabaseError, RefusedError, StatementFailedError
from schema_sensei.gates.protocol import Applied, Arrival
from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.url import read
from schema_sensei.project.bytebase import BytebaseRoute
from schema_sensei.terms.errors import SenseiError
from schema_sensei.terms.secrets import Secret

A1 = first("a1", "CREATE TABLE pupils (id int PRIMARY KEY, name text)")
B2 = later("b2", "a1", "ALTER TABLE pupils ALTER COLUMN name SET NOT NULL")
MANY = 100


@contextmanager
def databases(server: Embedded, *names: str) -> Iterator[dict[str, Secret]]:
    """New databases by their names; gone afterwards."""
    with session.connect(server.url()) as admin:
        for name in names:
            admin.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())
    try:
        yield {name: server.url(name) for name in names}
    finally:
        with session.connect(server.url()) as admin:
            for name in names:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


class Three:
    """An environment of three databases; its URL leads to the first of them."""

    def __init__(self, house: House, urls: dict[str, Secret]) -> None:
        self.house = house
        self.urls = [*urls.values()]
        self.names = tuple(house.add_database(f"{name}-pg", "test", url) for name, url in urls.items())
        self.aim = target(self.urls[0], gate="bytebase")
        self.listener = Listener()
        self.arrival: Arrival | None = None

    def gate(self, operation: str, arrival: Arrival | None = None) -> Bytebase:
        route = BytebaseRoute(self.house.url, PROJECT, self.names, self.house.email, "KEY")
        handle = arrival.handle if arrival else {}
        return Bytebase(
            client=self.house.client(), route=route, operation=operation, title="Pupils", handle=handle, pace=HURRY
        )

    def check(self, script: Script, operation: str) -> Arrival:
        return self.gate(operation).check(script, self.aim)

    def apply(self, script: Script, operation: str, arrival: Arrival) -> Applied:
        return self.gate(operation, arrival).apply(
            script, self.aim, approved_digest=script.digest, identity=identity_of(self.urls[0]), progress=self.listener
        )

    def run(self, place: int, statement: str) -> None:
        with session.connect(self.urls[place]) as connection:
            connection.execute(statement.encode())

    def heads(self) -> list[str]:
        found = []
        for url in self.urls:
            with session.connect(url) as connection:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                found.append(str(row[0]) if row else "")
        return found


@pytest.fixture
def three(server: Embedded) -> Iterator[Three]:
    with opened(server) as house, databases(server, "several_a", "several_b", "several_c") as urls:
        made = Three(house, urls)
        made.apply(Script((A1,)), "op0", made.check(Script((A1,)), "op0"))
        made.listener = Listener()
        yield made


SCRIPT = Script((A1, B2))


@pytest.mark.parametrize("place", [0, 1], ids=["the one that we can read", "another one"])
def test_one_of_three_fails_and_trying_again_touches_only_that_one(three: Three, place: int) -> None:
    three.run(place, "INSERT INTO pupils VALUES (1, NULL)")
    arrival = three.check(SCRIPT, "op1")
    failed_one = three.names[place]

    with pytest.raises(StatementFailedError) as failed:
        three.apply(SCRIPT, "op1", arrival)

    assert failed_one in failed.value.what
    assert "2 of 3 databases are done" in failed.value.means
    assert "contains null values" in failed.value.means
    assert "Trying again runs it only where it is not DONE" in failed.value.means
    results = [note.split(": ")[:2] for note in three.listener.notes if note.startswith("instances/")]
    ended = sorted(each for each in results if each[1] in {"DONE", "FAILED"})
    assert ended == sorted([name, "FAILED" if name == failed_one else "DONE"] for name in three.names)
    assert Counter(three.heads()) == {"b2": 2, "a1": 1}
    standing = three.gate("op1", arrival).state(SCRIPT, three.aim)
    assert not standing.position.finished
    assert any(failed_one in line for line in standing.unsettled)
    runs = three.house.counted("run")

    three.run(place, "DELETE FROM pupils")
    applied = three.apply(SCRIPT, "op1", arrival)

    assert applied.heads == ("b2",)
    assert three.heads() == ["b2", "b2", "b2"]
    assert three.house.counted("run") == runs + 1
    assert (three.house.counted("plan"), three.house.counted("issue")) == (2, 2)
    assert three.gate("op1", arrival).state(SCRIPT, three.aim).position.finished


def test_another_run_goes_on_where_the_first_one_failed(three: Three) -> None:
    three.run(2, "INSERT INTO pupils VALUES (1, NULL)")
    with pytest.raises(StatementFailedError):
        three.apply(SCRIPT, "op1", three.check(SCRIPT, "op1"))
    three.run(2, "DELETE FROM pupils")
    runs = three.house.counted("run")

    arrival = three.check(SCRIPT, "op2")

    assert not arrival.position.finished
    assert "1 of 3 databases lack unit 2: projects/app/plans/102 goes on." in arrival.notes
    assert three.apply(SCRIPT, "op2", arrival).heads == ("b2",)
    assert three.heads() == ["b2", "b2", "b2"]
    assert (three.house.counted("plan"), three.house.counted("run")) == (2, runs + 1)


def test_a_database_that_somebody_skipped_is_not_taken_for_one_that_has_it(three: Three) -> None:
    three.run(2, "INSERT INTO pupils VALUES (1, NULL)")
    with pytest.raises(StatementFailedError):
        three.apply(SCRIPT, "op1", three.check(SCRIPT, "op1"))
    stage = f"/v1/{PROJECT}/plans/102/rollout/stages/test"
    tasks = three.house.call("GET", f"/v1/{PROJECT}/plans/102/rollout")["stages"][0]["tasks"]
    failed = [each["name"] for each in tasks if each["status"] == "FAILED"]
    three.house.call("POST", f"{stage}/tasks:batchSkip", {"tasks": failed, "reason": "not there"})

    with pytest.raises(RefusedError) as refused:
        three.check(SCRIPT, "op2")

    assert "1 of 3 tasks of projects/app/plans/102 are not DONE" in refused.value.what


def test_a_hundred_databases_in_one_plan_cost_as_many_calls_as_one(server: Embedded) -> None:
    names = [f"shard_{number:03}" for number in range(MANY)]
    with opened(server) as house, databases(server, *names) as urls:
        address = read(urls[names[0]])
        source = {"id": "admin", "type": "ADMIN", "host": address.host, "port": str(address.port)}
        body = {
            "title": "Shards", "engine": "POSTGRES", "environment": "environments/test", "syncDatabases": names,
            "dataSources": [source | {"username": "bbadmin", "password": "secret"}],
        }  # fmt: skip
        house.call("POST", "/v1/instances", body, instanceId="shards-pg")
        targets = tuple(f"instances/shards-pg/databases/{name}" for name in names)
        for each in targets:
            house.call("PATCH", f"/v1/{each}", {"project": PROJECT}, updateMask="project")
        client = house.client()
        seen: list[str] = []
        original = client.connection._once

        def counted(method: str, path: str, *rest: object) -> object:
            seen.append(f"{method} {path}")
            return original(method, path, *rest)  # type: ignore[arg-type]  # passed through as it came

        client.connection._once = counted  # type: ignore[method-assign, assignment]  # a spy around the real one
        delivery = Delivery(
            project=PROJECT, environment="environments/test", targets=targets, sql="CREATE TABLE t (id int);\n",
            title="Shards", description="", operation="op1", after=0,
        )  # fmt: skip

        delivered = Rollout(client, delivery, Watch(), replace(HURRY, log_after=60.0)).run()

        assert Counter(task.status for task in delivered.tasks) == {TaskStatus.DONE: MANY}
        polls = ("planCheckRun", "/issues/", "/rollout")
        calls = [each for each in seen if not (each.startswith("GET") and any(poll in each for poll in polls))]
        assert len(calls) <= 12, calls
        assert not any("/taskRuns" in each or "/tasks/" in each for each in seen if each.startswith("GET")), seen


GROUP = f"{PROJECT}/databaseGroups/schools"


def _grouped(three: Three, *names: str) -> None:
    three.house.world.store.put("databaseGroup", GROUP, {"title": "Schools", "databases": list(names)})


def test_a_group_is_the_databases_that_it_matched_when_somebody_agreed(three: Three) -> None:
    agreed, three.names = three.names, (GROUP,)
    _grouped(three, *agreed)
    arrival = three.check(SCRIPT, "op1")
    assert arrival.handle["databases"] == list(agreed)

    _grouped(three, *agreed[:2])
    with pytest.raises(OtherDatabaseError, match="its group in Bytebase"):
        three.apply(SCRIPT, "op1", arrival)
    assert three.heads() == ["a1", "a1", "a1"]

    _grouped(three, *reversed(agreed))  # the order says nothing
    assert three.apply(SCRIPT, "op1", arrival).heads == ("b2",)
    assert three.heads() == ["b2", "b2", "b2"]
    plan = three.house.world.store.all("plan")[-1]
    assert sorted(plan["specs"][0]["changeDatabaseConfig"]["targets"]) == sorted(agreed)


def test_a_group_that_is_not_there_or_matches_nothing_is_told(three: Three) -> None:
    three.names = (GROUP,)
    with pytest.raises(SenseiError, match="schools"):
        three.check(SCRIPT, "op1")

    _grouped(three)
    with pytest.raises(RefusedError, match="schools matches no database"):
        three.check(SCRIPT, "op1")
