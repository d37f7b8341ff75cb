"""The direct gate against a real server: what it lets through, and in what state it leaves the database."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.gates.scripts import Listener, first, identity_of, in_parts, later, target

from schema_sensei.changes.script import Script
from schema_sensei.engine.prompts import Cancelled
from schema_sensei.gates.direct import LOCK_KEY, Direct
from schema_sensei.gates.errors import (
    LostSightError,
    OffTheWayError,
    OtherDatabaseError,
    OtherTextError,
    RefusedError,
    SilentRollbackError,
    StatementFailedError,
)
from schema_sensei.gates.execution import Patience
from schema_sensei.gates.protocol import Applied
from schema_sensei.migrations.unit import Unit
from schema_sensei.postgres import advisory, session
from schema_sensei.postgres import url as urls
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.terms.errors import HeldError
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Secret

A1 = first("a1", "CREATE TABLE pupils (id int PRIMARY KEY, name text)")
B2 = later("b2", "a1", "CREATE TABLE courses (id int)", "ALTER TABLE pupils ADD COLUMN age int")
IMPATIENT = Patience(lock_timeout_ms=100, attempts=3, first_pause=0.05, advisory_seconds=0.5, session_seconds=2)


def apply(
    url: Secret, *units: Unit, listener: Listener | None = None, gate: Direct | None = None, done: int = 0
) -> Applied:
    script = Script(units)
    gate = gate or Direct(session_name="sensei test", patience=IMPATIENT)
    return gate.apply(
        script,
        target(url),
        approved_digest=script.digest,
        identity=identity_of(url),
        progress=listener or Listener(),
        done=done,
    )


def rows(url: Secret, query: str) -> list[tuple[object, ...]]:
    with session.connect(url) as connection:
        return list(connection.execute(query.encode()))


@contextmanager
def locked(url: Secret, table: str) -> Iterator[None]:
    with session.connect(url, autocommit=False) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield


def test_applies_every_statement_of_the_approved_text_once(database: Secret) -> None:
    listener = Listener()

    applied = apply(database, A1, B2, listener=listener)

    assert applied == Applied(units=2, heads=("b2",))
    assert [text for _, _, text in listener.statements] == [*A1.statements, *B2.statements]
    assert (listener.begun, listener.ended) == ([1, 2], [1, 2])
    assert apply(database, A1, B2) == Applied(units=0, heads=("b2",))


def test_goes_on_where_the_database_stands(database: Secret) -> None:
    apply(database, A1)

    assert apply(database, A1, B2) == Applied(units=1, heads=("b2",))


def test_refuses_any_text_but_the_approved(database: Secret) -> None:
    gate = Direct(session_name="sensei test")

    with pytest.raises(OtherTextError) as refused:
        gate.apply(
            Script((A1, B2)),
            target(database),
            approved_digest=Script((A1,)).digest,
            identity=identity_of(database),
            progress=Listener(),
        )

    assert refused.value.exit_code is ExitCode.DECLINED
    assert rows(database, "SELECT to_regclass('pupils')") == [(None,)]


@pytest.mark.parametrize(("protected", "kind"), [(True, "direct"), (False, "none"), (True, "none")])
def test_no_direct_way_into_protected_or_gateless_environments(database: Secret, protected: bool, kind: str) -> None:
    script = Script((A1,))
    closed = target(database, protected=protected, gate="direct" if kind == "direct" else "none")
    gate = Direct(session_name="sensei test")

    for attempt in (
        lambda: gate.check(script, closed),
        lambda: gate.apply(
            script, closed, approved_digest=script.digest, identity=identity_of(database), progress=Listener()
        ),
    ):
        with pytest.raises(RefusedError) as refused:
            attempt()
        assert refused.value.exit_code is ExitCode.DECLINED

    assert rows(database, "SELECT to_regclass('pupils')") == [(None,)]


def test_refuses_another_database_than_the_one_agreed_to(database: Secret) -> None:
    script = Script((A1,))

    with pytest.raises(OtherDatabaseError, match="another database"):
        Direct(session_name="sensei test").apply(
            script, target(database), approved_digest=script.digest, identity="7/other", progress=Listener()
        )

    assert rows(database, "SELECT to_regclass('pupils')") == [(None,)]


def test_a_failing_statement_leaves_nothing_of_its_unit_and_says_so(database: Secret) -> None:
    broken = later("b2", "a1", "ALTER TABLE pupils ADD COLUMN age int", "ALTER TABLE nowhere ADD COLUMN x int")

    with pytest.raises(StatementFailedError) as failed:
        apply(database, A1, broken)

    error = failed.value
    assert "b2" in error.what
    assert "ALTER TABLE nowhere" in error.what
    assert "42P01" in error.means
    assert "1 of 2 units are applied" in error.means
    assert "stands at a1" in error.means
    assert "unit 2 of 2, statement 3" in error.where
    assert rows(database, "SELECT version_num FROM alembic_version") == [("a1",)]
    assert rows(database, "SELECT 1 FROM information_schema.columns WHERE column_name = 'age'") == []


def test_a_constraint_that_fails_at_commit_is_a_failed_statement_too(database: Secret) -> None:
    apply(database, A1)
    deferred = later(
        "b2",
        "a1",
        "CREATE TABLE notes (pupil int REFERENCES pupils DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO notes VALUES (7)",
    )

    with pytest.raises(StatementFailedError, match="COMMIT") as failed:
        apply(database, deferred)

    assert "23503" in failed.value.means
    assert rows(database, "SELECT to_regclass('notes')") == [(None,)]


def test_waits_out_a_lock_in_several_attempts(database: Secret) -> None:
    apply(database, A1)
    listener = Listener()
    free = threading.Event()

    def hold() -> None:
        with locked(database, "pupils"):
            free.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    listener.on_checkpoint = lambda: free.set() if any("Attempt 1" in note for note in listener.notes) else None
    while rows(database, "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") == []:
        time.sleep(0.01)

    applied = apply(database, B2, listener=listener)

    holder.join()
    assert applied.heads == ("b2",)
    assert any(note.startswith("Attempt 1 of 3") for note in listener.notes)


def test_gives_up_on_a_lock_and_names_the_way_out(database: Secret) -> None:
    apply(database, A1)

    with locked(database, "pupils"), pytest.raises(StatementFailedError) as failed:
        apply(database, B2)

    assert "55P03" in failed.value.means
    assert "tried 3 times" in failed.value.means
    assert "pg_blocking_pids" in failed.value.remedy
    assert rows(database, "SELECT version_num FROM alembic_version") == [("a1",)]


def test_a_failed_concurrent_index_is_named_and_the_rest_can_go_on(database: Secret) -> None:
    apply(database, A1)
    with session.connect(database) as connection:
        connection.execute("INSERT INTO pupils VALUES (1, 'Ada'), (2, 'Ada')")
    units = in_parts(
        "b2",
        "a1",
        "ALTER TABLE pupils ADD COLUMN age int",
        "CREATE UNIQUE INDEX CONCURRENTLY uq_name ON pupils (name)",
        "COMMENT ON TABLE pupils IS 'unique names'",
    )

    with pytest.raises(StatementFailedError) as failed:
        apply(database, *units)

    assert "INVALID index behind: public.uq_name" in failed.value.means
    assert "DROP INDEX CONCURRENTLY public.uq_name" in failed.value.remedy
    with session.connect(database) as connection:
        connection.execute("DROP INDEX CONCURRENTLY uq_name")
        connection.execute("DELETE FROM pupils WHERE id = 2")

    assert apply(database, *units) == Applied(units=2, heads=("b2",))
    assert rows(database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'uq_name'::regclass") == [(True,)]


def test_cancelling_stops_the_running_statement_in_the_server(database: Secret) -> None:
    apply(database, A1)
    listener = Listener()

    def cancel() -> None:
        if any("pg_sleep" in text for _, _, text in listener.statements):
            raise Cancelled

    listener.on_checkpoint = cancel

    with pytest.raises(Cancelled):
        apply(database, later("b2", "a1", "CREATE TABLE t (i int)", "SELECT pg_sleep(60)"), listener=listener)

    assert rows(database, "SELECT to_regclass('t')") == [(None,)]
    assert rows(database, "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'") == []


def test_a_connection_lost_in_a_transaction_is_reported_as_rolled_back(database: Secret) -> None:
    apply(database, A1)

    def cut(text: str) -> None:
        if text.startswith("UPDATE alembic_version"):
            rows(
                database,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sensei test'",
            )

    with pytest.raises(LostSightError, match="lost in unit 1") as lost:
        apply(database, B2, listener=Listener(on_statement=cut))

    assert "rolled it back: the database stands at a1" in lost.value.means
    assert apply(database, B2).heads == ("b2",)


def test_a_connection_lost_between_units_is_taken_up_again(database: Secret) -> None:
    def cut(unit: int) -> None:
        if unit == 1:
            rows(
                database,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sensei test'",
            )

    with pytest.raises(LostSightError) as lost:
        apply(database, A1, B2, listener=Listener(on_finished=cut))

    assert lost.value.remedy == "Run it again."
    assert apply(database, A1, B2) == Applied(units=1, heads=("b2",))


def test_a_second_deploy_on_the_same_database_is_held_off(database: Secret) -> None:
    listener = Listener()

    with (
        advisory.hold(database, LOCK_KEY, application_name="sensei 7f3a"),
        pytest.raises(HeldError, match="sensei 7f3a") as held,
    ):
        apply(database, A1, listener=listener)

    assert held.value.exit_code is ExitCode.HELD
    assert any("sensei 7f3a" in note for note in listener.notes)
    assert rows(database, "SELECT to_regclass('pupils')") == [(None,)]


def test_a_silent_rollback_is_a_failure(database: Secret) -> None:
    lying = Unit("b2", (), ("b2",), transactional=True, statements=("SELECT 1", "CREATE TABLE t (i int)"))

    with pytest.raises(SilentRollbackError, match="stands at no revision, not at b2"):
        apply(database, lying)


def test_without_the_right_to_create_it_says_who_must_grant_what(database: Secret, server: Embedded) -> None:
    apply(database, A1)
    with session.connect(database) as admin:
        admin.execute("CREATE ROLE intern LOGIN PASSWORD 'canary'")
        admin.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON alembic_version TO intern")
    try:
        address = urls.read(database)
        own = urls.build(
            user="intern", password="canary", database=address.database, host=address.host, port=address.port
        )
        with pytest.raises(StatementFailedError) as failed:
            apply(own, later("b2", "a1", "CREATE TABLE t (i int)"))
    finally:
        with session.connect(database) as admin:
            admin.execute("DROP OWNED BY intern")
            admin.execute("DROP ROLE intern")

    assert "42501" in failed.value.means
    assert "GRANT CREATE ON SCHEMA" in failed.value.remedy
    assert "Rolled back: nothing was applied." in failed.value.means


def test_a_database_elsewhere_in_the_history_is_not_touched(database: Secret) -> None:
    apply(database, A1)

    with pytest.raises(OffTheWayError, match="stands at a1; this change goes from x8 to x9") as refused:
        apply(database, later("x9", "x8", "CREATE TABLE t (i int)"))

    assert refused.value.exit_code is ExitCode.DECLINED


def test_an_opaque_unit_needs_the_online_way(database: Secret) -> None:
    apply(database, A1)
    opaque = Unit("b2", ("a1",), ("b2",), transactional=True, statements=(), opaque=True, reason="it reads rows")
    ran: list[str] = []

    def online(url: Secret, revision: str) -> None:
        ran.append(revision)
        with session.connect(url) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'b2'")

    with pytest.raises(RefusedError, match="b2 cannot be known beforehand"):
        apply(database, opaque)
    applied = apply(database, opaque, gate=Direct(session_name="sensei test", online=online))

    assert (applied.heads, ran) == (("b2",), ["b2"])


def test_state_waits_for_the_last_backend_of_an_interrupted_deploy(database: Secret) -> None:
    script = Script((A1,))
    gate = Direct(session_name="sensei gone", patience=Patience(session_seconds=0.3))

    with (
        session.connect(database, application_name="sensei gone"),
        pytest.raises(LostSightError, match="still works on the interrupted deploy"),
    ):
        gate.state(script, target(database))

    assert gate.state(script, target(database)).position.possible == (0,)


def test_what_the_server_says_on_the_way_is_passed_on(database: Secret) -> None:
    listener = Listener()

    apply(database, first("a1", "DO $$ BEGIN RAISE NOTICE 'half way, 50%%'; END $$"), listener=listener)

    assert "half way, 50%" in listener.notes
