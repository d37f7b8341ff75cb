"""The Bytebase gate against a practice server that runs the SQL on a real database: what it lets through, and how."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.bytebase.practice_house import HURRY, PROJECT, House, opened
from tests.gates.scripts import Listener, first, identity_of, in_parts, later, target

from schema_sensei.bytebase.errors import BytebaseError, LoginRefusedError
from schema_sensei.bytebase.refused import ChecksRefusedError, RejectedError
from schema_sensei.changes.script import Script
from schema_sensei.engine.prompts import Cancelled, Paused
from schema_sensei.gates.bytebase import Bytebase
from schema_sensei.gates.errors import (
    OffTheWayError,
    OtherTextError,
    RefusedError,
    SilentRollbackError,
    StatementFailedError,
)
from schema_sensei.gates.protocol import Applied, Arrival
from schema_sensei.migrations.unit import Unit
from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.project.bytebase import BytebaseRoute
from schema_sensei.terms.errors import HeldError
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Secret

A1 = first("a1", "CREATE TABLE pupils (id int PRIMARY KEY, name text)", "INSERT INTO pupils VALUES (1, 'Ada')")
B2 = later("b2", "a1", "ALTER TABLE pupils ADD COLUMN age int")
INDEXED = in_parts(
    "b2", "a1",
    "ALTER TABLE pupils ADD COLUMN age int",
    "CREATE INDEX CONCURRENTLY pupils_name ON pupils (name)",
    "ALTER TABLE pupils ADD COLUMN grade int",
)  # fmt: skip


class Way:
    """One step's way through the server to the test's database."""

    def __init__(self, house: House, url: Secret, operation: str = "7f3a-deploy-1") -> None:
        self.house, self.url, self.operation = house, url, operation
        self.name = next((n for n, u in house.databases.items() if u == url), "") or house.add_database(
            "test-pg", "test", url
        )
        self.listener = Listener()
        self.arrival: Arrival | None = None

    def gate(self) -> Bytebase:
        return Bytebase(
            client=self.house.client(),
            route=BytebaseRoute(self.house.url, PROJECT, (self.name,), self.house.email, "KEY"),
            operation=self.operation,
            title="Pupils",
            handle=self.arrival.handle if self.arrival else {},
            pace=HURRY,
        )

    def check(self, *units: Unit) -> Arrival:
        self.arrival = self.gate().check(Script(units), target(self.url, gate="bytebase"))
        return self.arrival

    def apply(self, *units: Unit, digest: str = "") -> Applied:
        if self.arrival is None:
            self.check(*units)
        script = Script(units)
        return self.gate().apply(
            script,
            target(self.url, gate="bytebase"),
            approved_digest=digest or script.digest,
            identity=identity_of(self.url),
            progress=self.listener,
        )

    def state(self, *units: Unit) -> Arrival:
        return self.gate().state(Script(units), target(self.url, gate="bytebase"))

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with session.connect(self.url) as connection:
            return list(connection.execute(query.encode()))

    def run(self, statement: str) -> None:
        with session.connect(self.url) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def house(server: Embedded) -> Iterator[House]:
    with opened(server) as made:
        yield made


@pytest.fixture
def reviewed(server: Embedded) -> Iterator[House]:
    """A server where changes of environment test wait for a reviewer."""
    with opened(server, approval=("test",)) as made:
        yield made


@pytest.fixture
def way(house: House, database: Secret) -> Way:
    return Way(house, database)


def review(house: House, verb: str, comment: str = "") -> None:
    """Play the reviewer on the only issue."""
    number = house.world.store.all("issue")[-1]["number"]
    body = {"comment": comment} if comment else {}
    issue = f"/v1/{PROJECT}/issues/{number}"
    answer = house.admin.post(f"{issue}:{verb}", json=body)
    assert answer.status_code == 200, answer.text


def test_a_script_is_applied_and_seen_in_the_live_database(way: Way) -> None:
    applied = way.apply(A1, B2)

    assert applied == Applied(2, ("b2",))
    assert way.rows("SELECT id, name, age FROM pupils") == [(1, "Ada", None)]
    assert any("table public.pupils" in note for note in way.listener.notes if note.startswith("Seen in the live"))
    assert way.listener.begun == [1, 2]
    assert way.listener.ended == [1, 2]


def test_one_unit_costs_at_most_twelve_calls_besides_polling(way: Way) -> None:
    gate = way.gate()
    seen: list[str] = []
    original = gate.client.connection._once

    def counted(method: str, path: str, *rest: object) -> object:
        seen.append(f"{method} {path}")
        return original(method, path, *rest)  # type: ignore[arg-type]  # passed through as it came

    gate.client.connection._once = counted  # type: ignore[method-assign, assignment]  # a spy around the real one
    way.gate = lambda: gate  # type: ignore[method-assign]  # one process, one client
    way.check(A1)
    gate = Bytebase(client=gate.client, route=gate.route, operation=gate.operation, title="", pace=HURRY,
                    handle=way.arrival.handle if way.arrival else {})  # fmt: skip

    way.apply(A1)

    polls = ("planCheckRun", "/issues/", "/rollout")
    calls = [each for each in seen if not (each.startswith("GET") and any(poll in each for poll in polls))]
    assert len(calls) <= 12, calls
    assert sum("login" in each for each in calls) == 1


def test_what_runs_outside_a_transaction_has_a_sheet_of_its_own(way: Way) -> None:
    way.apply(A1)
    again = Way(way.house, way.url, "7f3a-deploy-2")

    again.apply(A1, *INDEXED)

    assert again.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'pupils_name'::regclass") == [(True,)]
    assert way.house.counted("plan") == 1 + 3
    assert again.rows("SELECT version_num FROM alembic_version") == [("b2",)]


def test_a_failed_unique_index_stops_before_its_version_is_recorded(way: Way) -> None:
    way.apply(A1)
    way.run("INSERT INTO pupils VALUES (2, 'Ada')")
    units = in_parts(
        "b2", "a1", "ALTER TABLE pupils ADD COLUMN age int",
        "CREATE UNIQUE INDEX CONCURRENTLY pupils_name ON pupils (name)", "ALTER TABLE pupils ADD COLUMN grade int",
    )  # fmt: skip
    again = Way(way.house, way.url, "7f3a-deploy-2")

    with pytest.raises(StatementFailedError) as failed:
        again.apply(A1, *units)

    assert "INVALID index" in failed.value.means
    assert "DROP INDEX CONCURRENTLY public.pupils_name" in failed.value.remedy
    assert again.rows("SELECT version_num FROM alembic_version") == [("a1",)]
    assert again.state(A1, *units).unsettled

    again.run("DELETE FROM pupils WHERE id = 2")
    again.run("DROP INDEX CONCURRENTLY pupils_name")
    again.apply(A1, *units)
    assert again.rows("SELECT version_num FROM alembic_version") == [("b2",)]


def test_several_databases_go_in_one_plan(way: Way, server: Embedded) -> None:
    names = [f"{way.name.rpartition('/')[2]}_{letter}" for letter in "abc"]
    with session.connect(server.url()) as admin:
        for name in names:
            admin.execute(f"CREATE DATABASE {name}".encode())
    try:
        others = [
            way.house.add_database(f"{letter}-pg", "test", server.url(name))
            for letter, name in zip("abc", names, strict=True)
        ]
        gate = way.gate()
        route = BytebaseRoute(gate.route.url, PROJECT, (way.name, *others), gate.route.account, "KEY")
        way.gate = lambda: replace(gate, route=route, handle=way.arrival.handle if way.arrival else {})  # type: ignore[method-assign]  # another mapping

        assert way.apply(A1).heads == ("a1",)

        assert (way.house.counted("plan"), way.house.counted("task")) == (1, 4)
        assert sum(note.endswith(": DONE") for note in way.listener.notes) == 4
        with session.connect(server.url(names[2])) as connection:
            assert connection.execute("SELECT name FROM pupils").fetchall() == [("Ada",)]
    finally:
        with session.connect(server.url()) as admin:
            for name in names:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_another_text_than_the_approved_one_is_refused(way: Way) -> None:
    with pytest.raises(OtherTextError):
        way.apply(A1, digest="0" * 64)
    assert way.house.counted("plan") == 0


def test_a_sheet_that_the_server_would_run_differently_is_refused_before_anything_is_sent(way: Way) -> None:
    doubled = later("b2", "a1", "UPDATE pupils SET role_level = role_level + 1")

    with pytest.raises(RefusedError) as refused:
        way.check(A1, doubled)

    assert refused.value.exit_code is ExitCode.DECLINED
    assert "SET role_level" in refused.value.means
    assert 'SET "role_level"' in refused.value.means
    assert way.house.counted("sheet") == 0


def test_a_failed_task_is_told_in_the_servers_words_and_may_be_tried_again(way: Way) -> None:
    way.apply(A1)
    way.run("INSERT INTO pupils VALUES (2, NULL)")
    strict = later("b2", "a1", "ALTER TABLE pupils ALTER COLUMN name SET NOT NULL")
    again = Way(way.house, way.url, "7f3a-deploy-2")

    with pytest.raises(StatementFailedError) as failed:
        again.apply(A1, strict)

    assert "ALTER TABLE pupils ALTER COLUMN name SET NOT NULL" in failed.value.what
    assert "contains null values" in failed.value.means
    assert "rolled back" in failed.value.means
    assert any("null values" in line for line in again.state(A1, strict).unsettled)

    again.run("DELETE FROM pupils WHERE name IS NULL")
    assert again.apply(A1, strict).heads == ("b2",)
    assert way.house.counted("plan") == 2


def test_checks_that_find_an_error_stop_before_the_issue(way: Way) -> None:
    way.apply(A1)
    wrong = later("b2", "a1", "ALTER TABLE nowhere ADD COLUMN age int")
    again = Way(way.house, way.url, "7f3a-deploy-2")

    with pytest.raises(ChecksRefusedError, match="nowhere"):
        again.apply(A1, wrong)

    assert way.house.counted("issue") == 1


def test_waiting_for_an_approval_pauses_and_goes_on_from_there(reviewed: House, database: Secret) -> None:
    way = Way(reviewed, database)

    with pytest.raises(Paused, match="approval"):
        way.apply(A1)
    assert way.rows("SELECT to_regclass('pupils')") == [(None,)]
    assert way.listener.begun == []
    state = way.state(A1)
    assert state.under_way
    assert not state.unsettled

    review(reviewed, "approve")
    assert way.apply(A1).heads == ("a1",)
    assert (reviewed.counted("plan"), reviewed.counted("issue")) == (1, 1)
    assert any(note.startswith("Approved by") for note in way.listener.notes)


def test_a_rejected_issue_says_who_and_why(reviewed: House, database: Secret) -> None:
    way = Way(reviewed, database)
    with pytest.raises(Paused):
        way.apply(A1)

    review(reviewed, "reject", "not before the holidays")

    with pytest.raises(RejectedError, match="not before the holidays"):
        way.apply(A1)
    assert any("rejected" in line for line in way.state(A1).unsettled)


def test_an_issue_that_a_colleague_cancelled_asks_a_person_and_gets_a_new_plan(
    reviewed: House, database: Secret
) -> None:
    way = Way(reviewed, database)
    with pytest.raises(Paused):
        way.apply(A1)
    number = reviewed.world.store.all("issue")[-1]["number"]
    body = {"issues": [f"{PROJECT}/issues/{number}"], "status": "CANCELED", "reason": "later"}
    reviewed.call("POST", f"/v1/{PROJECT}/issues:batchUpdateStatus", body)

    assert any("cancelled" in line for line in way.state(A1).unsettled)
    with pytest.raises(Paused):
        way.apply(A1)
    assert reviewed.counted("plan") == 2


def test_another_open_plan_on_the_database_holds_everything_up(reviewed: House, database: Secret) -> None:
    other = Way(reviewed, database, "other-deploy-1")
    with pytest.raises(Paused):
        other.apply(A1)

    with pytest.raises(HeldError, match="Another plan is open"):
        Way(reviewed, database, "7f3a-deploy-1").check(A1)


def test_cancelling_stops_the_running_task(way: Way) -> None:
    way.apply(A1)
    slow = later("b2", "a1", "SELECT pg_sleep(20)")
    again = Way(way.house, way.url, "7f3a-deploy-2")
    again.check(A1, slow)
    began = time.monotonic()

    def cancel() -> None:
        if any(run["status"] == "RUNNING" for run in way.house.world.store.all("run")):
            raise Cancelled

    again.listener.on_checkpoint = cancel
    with pytest.raises(Cancelled):
        again.apply(A1, slow)

    deadline = time.monotonic() + 10
    while again.state(A1, slow).under_way and time.monotonic() < deadline:
        time.sleep(0.02)
    assert time.monotonic() - began < 15
    assert again.state(A1, slow).unsettled
    assert again.rows("SELECT version_num FROM alembic_version") == [("a1",)]


def test_tasks_that_are_done_elsewhere_than_the_url_leads_are_no_success(
    house: House, database: Secret, server: Embedded
) -> None:
    way = Way(house, database)
    other = f"{database.reveal().rpartition('/')[2].partition('?')[0]}_other"
    with session.connect(server.url()) as admin:
        admin.execute(f"CREATE DATABASE {other}".encode())
    try:
        way.name = house.add_database("other-pg", "test", server.url(other))
        with pytest.raises(SilentRollbackError, match="All tasks are DONE"):
            way.apply(A1)
    finally:
        with session.connect(server.url()) as admin:
            admin.execute(f"DROP DATABASE {other} WITH (FORCE)".encode())


def test_a_database_that_moved_on_meanwhile_is_not_touched(way: Way) -> None:
    way.check(A1)
    way.run("CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('zz')")

    with pytest.raises(OffTheWayError):
        way.apply(A1)
    assert way.house.counted("plan") == 0


def test_a_database_of_another_project_is_refused(way: Way) -> None:
    way.house.call("POST", "/v1/projects", {"title": "Else"}, projectId="elsewhere")
    way.house.call("PATCH", f"/v1/{way.name}", {"project": "projects/elsewhere"}, updateMask="project")

    with pytest.raises((RefusedError, BytebaseError), match=r"elsewhere|bb\.databases"):
        way.check(A1)


def test_a_change_of_rows_leaves_the_old_ones_in_the_archive(way: Way) -> None:
    way.apply(A1)
    way.run("CREATE SCHEMA bbdataarchive")
    way.house.call("POST", f"/v1/{way.name}:sync", {})
    again = Way(way.house, way.url, "7f3a-deploy-2")
    rows = later("b2", "a1", "UPDATE pupils SET name = 'Eda' WHERE id = 1")

    arrival = again.check(A1, rows)
    again.apply(A1, rows)

    assert any("keeps the old ones" in note for note in arrival.notes)
    (told,) = [note for note in again.listener.notes if note.startswith("The old rows of public.pupils are in")]
    again.run(told.partition("brings them back:\n")[2])
    assert again.rows("SELECT name FROM pupils") == [("Ada",)]


@pytest.mark.parametrize(
    ("change", "brought_back"),
    [
        ("DELETE FROM pupils WHERE id = 1", True),
        ("UPDATE pupils SET (name, number) = ('Eda', DEFAULT)", True),
        ("UPDATE pupils SET id = 7 WHERE id = 1", False),
        ("DELETE FROM loose", False),
    ],
)
def test_old_rows_come_back_where_a_key_tells_which_they_are(way: Way, change: str, brought_back: bool) -> None:
    way.apply(
        first(
            "a1", "CREATE SCHEMA bbdataarchive", "CREATE TABLE loose (a int)", "INSERT INTO loose VALUES (1)",
            "CREATE TABLE pupils (id int PRIMARY KEY, name text, number int GENERATED ALWAYS AS IDENTITY,"
            " twice int GENERATED ALWAYS AS (2 * id) STORED)",
            "INSERT INTO pupils (id, name) VALUES (1, 'Ada'), (2, 'Bea')",
        )
    )  # fmt: skip
    before = way.rows("SELECT id, name FROM pupils ORDER BY id")
    way.house.call("POST", f"/v1/{way.name}:sync", {})
    base = first("a1", "SELECT 1")
    again = Way(way.house, way.url, "7f3a-deploy-2")

    again.apply(base, later("b2", "a1", change))

    (told,) = [note for note in again.listener.notes if note.startswith("The old rows of")]
    assert ("brings them back" in told) is brought_back
    if brought_back:
        again.run(told.partition("brings them back:\n")[2])
        assert again.rows("SELECT id, name FROM pupils ORDER BY id") == before


def test_a_wrong_key_is_tried_once(way: Way) -> None:
    way.house.key = "bbs_wrong"
    gate = way.gate()
    with pytest.raises(LoginRefusedError):
        gate.check(Script((A1,)), target(way.url, gate="bytebase"))
    assert gate.client.calls == 1


_WAITS = "SELECT 1 FROM pg_stat_activity WHERE application_name ~ '^bytebase-taskrun' AND wait_event = 'advisory'"


def test_a_task_whose_sql_failed_behind_a_lock_is_told_while_it_still_runs(way: Way) -> None:
    way.apply(A1)
    wait, alter = "SELECT pg_advisory_xact_lock(77)", "ALTER TABLE pupils ADD COLUMN age int"
    impatient = later("b2", "a1", wait, "SET LOCAL lock_timeout = '50ms'", alter)
    again = Way(way.house, way.url, "7f3a-deploy-2")
    again.check(A1, impatient)
    with session.connect(way.url, autocommit=False) as holder:
        holder.execute("SELECT pg_advisory_lock(77)")

        def hold_and_let_go() -> None:
            until = time.monotonic() + 30
            while time.monotonic() < until and not way.rows(_WAITS):
                time.sleep(0.02)
            # The size of a table, which the server reads after the run, waits for this lock.
            holder.execute("LOCK TABLE pupils IN ACCESS EXCLUSIVE MODE; SELECT pg_advisory_unlock(77)")
            while time.monotonic() < until and not any("has failed already" in note for note in again.listener.notes):
                time.sleep(0.05)
            holder.rollback()

        other = threading.Thread(target=hold_and_let_go)
        other.start()
        with pytest.raises((StatementFailedError, ChecksRefusedError)) as failed:
            again.apply(A1, impatient)
        other.join()
    assert "lock timeout" in f"{failed.value.what} {failed.value.means}"
    assert any("ran ALTER TABLE pupils" in note and "lock timeout" in note for note in again.listener.notes)
    assert any("has failed already" in note for note in again.listener.notes)
