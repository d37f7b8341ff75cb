"""The story of scenario 13, told again on a real PostgreSQL by sending what is predicted: the same statements fail.

A unit that begins with a guard refuses a second time; an index built without a transaction runs before its guard.
"""

from collections.abc import Iterator

import psycopg
import pytest

from schema_sensei.bytebase.prediction import predict
from schema_sensei.postgres import session
from schema_sensei.postgres.session import Connection
from schema_sensei.terms.secrets import Secret

GUARD = """DO $guard$
BEGIN
  IF (SELECT array_agg(version_num::text ORDER BY version_num) FROM alembic_version) IS DISTINCT FROM ARRAY['{0}'] THEN
    RAISE EXCEPTION 'this script starts from revision {0}' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
$guard$;
"""
CHANGE = """ALTER TABLE workplace ADD COLUMN g1 int;
UPDATE alembic_version SET version_num='aaa4' WHERE version_num='aaa3';
"""
COLUMN = GUARD.format("aaa3") + CHANGE
INDEX = "CREATE INDEX CONCURRENTLY workplace_g1_ix ON workplace (g1);\n"
WRONG_STATE = "55000"
DUPLICATE = "42P07"


@pytest.fixture
def connection(database: Secret) -> Iterator[Connection]:
    with session.connect(database) as opened:
        opened.execute("CREATE TABLE workplace (id int); CREATE TABLE alembic_version (version_num text)")
        opened.execute("INSERT INTO alembic_version VALUES ('aaa3')")
        yield opened


def _run(connection: Connection, sheet: str) -> str | None:
    """Send what is predicted; the SQLSTATE of what fails."""
    inside = False
    try:
        for each in predict(sheet).executions:
            if each.transaction != inside:
                connection.execute(b"BEGIN" if each.transaction else b"COMMIT")
            inside = each.transaction
            connection.execute(each.sql.encode())
    except psycopg.Error as error:
        connection.execute(b"ROLLBACK")
        return error.sqlstate
    if inside:
        connection.execute(b"COMMIT")
    return None


def test_the_recorded_story_comes_out_the_same(connection: Connection) -> None:
    assert _run(connection, COLUMN) is None
    assert _run(connection, COLUMN) == WRONG_STATE
    assert _run(connection, "-- again\n" + COLUMN) == WRONG_STATE

    # The index is built although its guard refuses, and is there when the guard would let it.
    assert _run(connection, "-- txn-mode = off\n" + GUARD.format("aaa3") + INDEX) == WRONG_STATE
    assert _run(connection, "-- txn-mode = off\n" + GUARD.format("aaa4") + INDEX) == DUPLICATE

    other = INDEX.replace("g1_ix", "g2_ix")
    assert _run(connection, GUARD.format("aaa3") + other) == WRONG_STATE
    assert connection.execute("SELECT to_regclass('workplace_g2_ix')").fetchone() == (None,)


def test_only_the_transactional_unit_is_faithful() -> None:
    assert predict(COLUMN).faithful
    assert predict(INDEX).faithful
    assert not predict(GUARD.format("aaa4") + INDEX).faithful
    assert not predict("-- txn-mode = off\n" + GUARD.format("aaa4") + INDEX).faithful
