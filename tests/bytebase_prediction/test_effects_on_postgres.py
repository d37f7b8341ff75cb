"""Proof on a real PostgreSQL: what is called faithful leaves the effects of the reviewed text, what is cured does too.

The reviewed text is sent whole, so that PostgreSQL itself says where statements end: a transactional text between BEGIN
and COMMIT, a single statement that PostgreSQL refuses there by itself. Executions are sent as the server sends them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
import pytest

from schema_sensei.bytebase.prediction import Execution, predict
from schema_sensei.postgres import session
from schema_sensei.postgres.catalog import Catalog
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.session import Connection

GROUND = """
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
CREATE TABLE member (id int PRIMARY KEY, role text, role_level int, "set role" int, note text);
INSERT INTO member VALUES (1, 'x', 1, 0, 'a'), (2, 'y', 2, 0, 'b');
CREATE TABLE parent (id int) PARTITION BY RANGE (id);
CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (10);
CREATE TABLE version (num text);
INSERT INTO version VALUES ('a1');
CREATE INDEX member_note ON member (note);
DO $$ BEGIN CREATE ROLE predicted_clerk; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT ALL ON SCHEMA public TO predicted_clerk;
"""


@dataclass(frozen=True)
class State:
    """What a run left: the catalog, every row of every table, and the error that stopped it."""

    catalog: Catalog
    rows: Sequence[object]
    failed: str | None


@pytest.fixture(scope="module")
def connection(server: Embedded) -> Iterator[Connection]:
    """One database for all: every run lays its ground anew."""
    with session.connect(server.url()) as admin:
        admin.execute("CREATE DATABASE predicted STRATEGY file_copy")
        with session.connect(server.url("predicted")) as opened:
            yield opened
        admin.execute("DROP DATABASE predicted WITH (FORCE)")
        admin.execute("DROP ROLE IF EXISTS predicted_clerk")


def _state(connection: Connection, failed: str | None) -> State:
    connection.execute("DISCARD ALL")
    tables = connection.execute(
        "SELECT format('%I', relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " ORDER BY relname"
    ).fetchall()
    rows = [
        (table, connection.execute(b"SELECT t::text FROM %s AS t ORDER BY 1" % table.encode()).fetchall())
        for (table,) in tables
    ]
    return State(Catalog.read(connection), rows, failed)


def _directly(connection: Connection, text: str, *, transaction: bool) -> State:
    connection.execute(GROUND.encode())
    failed = None
    try:
        if transaction:
            connection.execute(b"BEGIN")
        connection.execute(text.encode())
    except psycopg.Error as error:
        failed = error.sqlstate
    connection.execute(b"ROLLBACK" if failed or not transaction else b"COMMIT")
    return _state(connection, failed)


def _as_predicted(connection: Connection, executions: Sequence[Execution]) -> State:
    connection.execute(GROUND.encode())
    failed = None
    inside = False
    try:
        for each in executions:
            if each.transaction != inside:
                connection.execute(b"BEGIN" if each.transaction else b"COMMIT")
            inside = each.transaction
            connection.execute(each.sql.encode())
    except psycopg.Error as error:
        failed = error.sqlstate
    if inside or failed:
        connection.execute(b"ROLLBACK" if failed else b"COMMIT")
    return _state(connection, failed)


TRANSACTIONAL = [
    "CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\nUPDATE version SET num = 'a2';",
    "CREATE TABLE t (id int);\nINSERT INTO t VALUES (NULL); ALTER TABLE t ALTER id SET NOT NULL;",
    "\n\n  -- a comment\nUPDATE member SET \"role\" = role || 'x'; /* nested /* ; */ */ UPDATE version SET num = 'a2'",
    "UPDATE member SET (role, note) = ('r', 'n');UPDATE member SET note = role, role_level = role_level + 1;",
    (
        "DO $guard$ BEGIN IF (SELECT num FROM version) <> 'a1' THEN RAISE 'no'; END IF; END $guard$;\n"
        "UPDATE version SET num = 'a2';"
    ),
    "DO $guard$ BEGIN RAISE 'no'; END $guard$;\nUPDATE version SET num = 'a2';",
    "DO $$ BEGIN UPDATE member SET role_level = role_level + 1; END $$;",
    "CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN a; END; $f$;SELECT f(1);",
    (
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC; SELECT 1; SELECT CASE WHEN true THEN 2 END; END;\n"
        "CREATE PROCEDURE p() BEGIN ATOMIC UPDATE version SET num = 'p'; END; CALL p();"
    ),
    "CREATE RULE r AS ON INSERT TO version DO ALSO (SELECT 1; SELECT 2);\nINSERT INTO version VALUES ('a2');",
    r"INSERT INTO version VALUES (E'it\'s; -- fine'), (U&'d\0061t\+000061; '), ('\'), ($q$;$q$), (E'a;\\');",
    r"SELECT E'it\'s; -- fine', U&'d\0061t\+000061; ', '\', $q$;$q$, E'a;\\'; UPDATE version SET num = 'a2';",
    'CREATE TABLE "odd;name" ("a""b;" int);\r\nCOMMENT ON TABLE "odd;name" IS \'two;\r\nlines\';\r\n',
    "CREATE TABLE t$a$ (x$b$ int); INSERT INTO t$a$ VALUES (1);",
    "SELECT 1;;;\n-- nothing\n;UPDATE version SET num = 'a2'",
    "CREATE TYPE mood AS ENUM ('a;b', 'é漢字');\nCREATE TABLE é (m mood DEFAULT 'a;b'); INSERT INTO é DEFAULT VALUES;",
    "SAVEPOINT s; UPDATE version SET num = 'x'; ROLLBACK TO s; UPDATE version SET num = num || 'y'; RELEASE s;",
    "COMMENT ON TABLE member IS 'never drop database';",
    "SET LOCAL lock_timeout = '2s';\nALTER TABLE member ADD COLUMN lk int;",
    "-- only a comment\n",
    "",
]

ALONE = [
    "CREATE INDEX CONCURRENTLY i ON member (role);",
    "-- why\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON member (id)",
    "DROP INDEX CONCURRENTLY member_note;",
    "VACUUM member;",
    "-- txn-mode = off\nREINDEX INDEX CONCURRENTLY member_note;",
    "-- txn-mode = off\nREINDEX (VERBOSE, CONCURRENTLY) TABLE member;",
    "-- txn-mode = off\nALTER TABLE parent DETACH PARTITION child CONCURRENTLY;",
    "-- txn-mode = off\n-- a word\nVACUUM (ANALYZE) member;",
    "-- txn-mode = off\nDO $$ BEGIN UPDATE version SET num = 'half'; COMMIT; END $$;",
]


@pytest.mark.parametrize("sheet", TRANSACTIONAL)
def test_a_faithful_sheet_leaves_the_effects_of_its_text_in_one_transaction(connection: Connection, sheet: str) -> None:
    prediction = predict(sheet)
    reviewed = _directly(connection, sheet, transaction=True)

    assert prediction.faithful
    assert _as_predicted(connection, prediction.executions) == reviewed


@pytest.mark.parametrize("sheet", ALONE)
def test_a_faithful_statement_outside_of_transactions_does_what_it_does_by_itself(
    connection: Connection, sheet: str
) -> None:
    prediction = predict(sheet)
    reviewed = _directly(connection, sheet, transaction=False)

    assert prediction.faithful
    assert reviewed.failed is None
    assert _as_predicted(connection, prediction.executions) == reviewed


DOUBLED_OR_MOVED = [
    "UPDATE member SET role_level = role_level + 1;",
    "UPDATE member SET\n\trole = role || 'x' WHERE id = 1;\nUPDATE version SET num = 'a2';",
    "-- set role later\nALTER TABLE member ADD COLUMN k int;",
    "WITH x AS (UPDATE member SET role_level = role_level + 1 RETURNING id) INSERT INTO version SELECT id FROM x;",
    (
        "INSERT INTO member (id, role) VALUES (1, 'z')\n"
        "ON CONFLICT (id) DO UPDATE SET role = member.role || excluded.role;"
    ),
    "DO $$ BEGIN -- we set role\n UPDATE member SET role_level = 2 * role_level; RAISE NOTICE 'set role'; END $$;\n",
    "CREATE PROCEDURE f() BEGIN ATOMIC UPDATE member SET role = 'x'; END;",
    'ALTER TABLE member RENAME COLUMN "set role" TO other;',
    "INSERT INTO version VALUES ('to set role'), (E'to\\tset\\'s set role');",
    "INSERT INTO version VALUES ($a$it's: set role$a$);",
    "COMMENT ON TABLE member IS 'never drop database';\nINSERT INTO version VALUES ('b'), (NULL / 0 );SELECT 1/0;",
    (
        "INSERT INTO version SELECT 'n' || count(*) || ' create index concurrently' FROM version;\n"
        "INSERT INTO version SELECT 'm' || count(*) FROM version;"
    ),
    "SET ROLE predicted_clerk;\nCREATE TABLE mine (id int);\nRESET ROLE;\nCREATE INDEX mine_id ON mine (id);",
    "ALTER ROLE predicted_clerk RESET ROLE;INSERT INTO version SELECT num FROM version OFFSET role_is_no_number();",
    "-- c\rINSERT INTO version VALUES ('cr');\n-- d",
    "INSERT INTO version SELECT $é$;$é$;",
    "INSERT INTO version SELECT E'a'\n'b\\';c';",
]


@pytest.mark.parametrize("sheet", DOUBLED_OR_MOVED)
def test_the_cure_leaves_the_effects_of_the_reviewed_text(connection: Connection, sheet: str) -> None:
    findings = predict(sheet).why
    cured = sheet
    for each in findings:
        start = cured.index(each.statement)
        cured = cured[:start] + each.cure.removesuffix(";") + cured[start + len(each.statement) :]
    cured = "\n".join(line for line in cured.split("\n") if "set role later" not in line).replace("-- c\r", "")

    reviewed = _directly(connection, sheet, transaction=True)

    assert findings
    assert predict(cured).faithful
    assert _as_predicted(connection, predict(cured).executions) == reviewed


@pytest.mark.parametrize(
    "sheet",
    [
        *DOUBLED_OR_MOVED[:6],
        "INSERT INTO version VALUES ('a2');\nCREATE INDEX CONCURRENTLY i ON member (missing);",
        "INSERT INTO version VALUES ('to set role');",
        "INSERT INTO version VALUES ('a2');\nINSERT INTO version SELECT 'drop database' || 1/0;",
        "-- c\rINSERT INTO version VALUES ('cr');\n-- d",
        "INSERT INTO version SELECT $é$;$é$;",
        "DO $$ BEGIN UPDATE version SET num = 'half'; COMMIT; RAISE 'no'; END $$;",
    ],
)
def test_an_unfaithful_sheet_really_leaves_something_else(connection: Connection, sheet: str) -> None:
    prediction = predict(sheet)
    reviewed = _directly(connection, sheet, transaction=True)

    assert not prediction.faithful
    assert _as_predicted(connection, prediction.executions) != reviewed


REFUSED = [
    "REINDEX TABLE CONCURRENTLY member;",
    "ALTER TABLE parent DETACH PARTITION child CONCURRENTLY;",
    "CREATE INDEX /* why */ CONCURRENTLY i ON member (role);",
    "-- first\nVACUUM member;",
    "DROP INDEX\v CONCURRENTLY member_note;",
    "CREATE DATABASE predicted_elsewhere;",
    "REINDEX SCHEMA public;",
    "DISCARD ALL;",
    "CLUSTER;",
    "ALTER SYSTEM SET application_name = 'x';",
    "VACUUM;",
]


@pytest.mark.parametrize("sheet", REFUSED)
def test_what_postgres_refuses_in_a_transaction_is_sent_outside_or_told(connection: Connection, sheet: str) -> None:
    prediction = predict(sheet)
    refused = _directly(connection, sheet, transaction=True).failed

    assert refused == "25001"
    assert prediction.faithful == (not prediction.executions[0].transaction)
    if not prediction.faithful:
        assert predict(prediction.why[0].cure).faithful


def test_rows_of_a_copy_become_an_insert_of_the_same_rows(connection: Connection) -> None:
    lines = "1\tit's; \\\\ \\tab\\x41\\101\t1\t\\N\tset role\r\n2\t\t\\N\t2\té\\\u00df\n"
    sheet = f'COPY member (id, role, role_level, "set role", note) FROM STDIN;\n{lines}\\.\nSELECT 1;'
    connection.execute(GROUND.encode())
    connection.execute("TRUNCATE member")
    with connection.cursor() as cursor, cursor.copy("COPY member FROM STDIN") as copy:
        copy.write(lines.replace("\r\n", "\n"))
    expected = _state(connection, None)

    (finding,) = predict(sheet).why
    connection.execute(GROUND.encode())
    connection.execute("TRUNCATE member")
    connection.execute(finding.cure.encode())

    assert _state(connection, None) == expected
