"""The fingerprint of a schema: it sees what was changed, and nothing else."""

import json
from collections.abc import Iterator

import pytest

from schema_sensei.postgres import session
from schema_sensei.postgres.catalog import Catalog, Difference, tripwire
from schema_sensei.terms.errors import UsageError
from schema_sensei.terms.secrets import Secret

SCHEMA = """
CREATE TYPE mood AS ENUM ('calm', 'wild');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, mood mood);
CREATE TABLE visits (id bigserial PRIMARY KEY, person bigint REFERENCES people ON DELETE CASCADE, n positive,
    length int CHECK (length > 0), twice int GENERATED ALWAYS AS (length * 2) STORED);
CREATE INDEX visits_person ON visits (person) WHERE length > 5;
CREATE VIEW long_visits AS SELECT * FROM visits WHERE length > 100;
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamped BEFORE INSERT ON visits FOR EACH ROW EXECUTE FUNCTION stamp();
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON people USING (email = current_user);
CREATE SCHEMA other;
CREATE TABLE other.thing (id int);
"""


@pytest.fixture
def connection(database: Secret) -> Iterator[session.Connection]:
    with session.connect(database) as connection:
        connection.execute(SCHEMA)
        yield connection


def test_equal_schemas_are_equal_on_any_database(connection: session.Connection, server: object) -> None:
    one = Catalog.read(connection)
    connection.execute("SET search_path = other, public")
    two = Catalog.read(connection)
    assert one == two
    assert one.digest == two.digest
    assert one.difference(two) == ()


@pytest.mark.parametrize(
    ("statement", "kind", "ident"),
    [
        ("ALTER TABLE people ADD COLUMN age int", "column", "public.people.age"),
        ("ALTER TABLE people ALTER email DROP NOT NULL", "column", "public.people.email"),
        ("ALTER TABLE people ALTER email SET DEFAULT ''", "column", "public.people.email"),
        ("ALTER TABLE visits DROP CONSTRAINT visits_length_check", "constraint", "public.visits.visits_length_check"),
        ("DROP INDEX visits_person", "index", "public.visits.visits_person"),
        ("ALTER TYPE mood ADD VALUE 'odd'", "enum", "public.mood"),
        ("ALTER DOMAIN positive SET NOT NULL", "domain", "public.positive"),
        ("CREATE OR REPLACE VIEW long_visits AS SELECT * FROM visits", "view", "public.long_visits"),
        ("CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'", "function", "public.one()"),
        ("ALTER TABLE visits DISABLE TRIGGER stamped", "trigger", "public.visits.stamped"),
        ("ALTER POLICY own ON people USING (true)", "policy", "public.people.own"),
        ("ALTER TABLE people DISABLE ROW LEVEL SECURITY", "table", "public.people"),
        ("ALTER SEQUENCE visits_id_seq INCREMENT 5", "sequence", "public.visits_id_seq"),
        ("COMMENT ON COLUMN people.email IS 'hello'", "column", "public.people.email"),
        ("CREATE TABLE other.new (id int)", "table", "other.new"),
    ],
)
def test_a_change_is_named(connection: session.Connection, statement: str, kind: str, ident: str) -> None:
    before, wire = Catalog.read(connection), tripwire(connection)
    connection.execute(statement.encode())
    after = Catalog.read(connection)
    assert (kind, ident) in {(each.kind, each.ident) for each in before.difference(after)}
    assert before.digest != after.digest
    assert tripwire(connection) != wire


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO people (email) VALUES ('a')",
        "ANALYZE",
        "VACUUM",
        "SELECT nextval('visits_id_seq')",
        "CREATE TEMPORARY TABLE t (id int)",
    ],
)
def test_rows_and_upkeep_are_not_changes(connection: session.Connection, statement: str) -> None:
    before, wire = Catalog.read(connection), tripwire(connection)
    connection.execute(statement.encode())
    assert Catalog.read(connection) == before
    assert tripwire(connection) == wire


def test_a_difference_shows_both_sides(connection: session.Connection) -> None:
    before = Catalog.read(connection)
    connection.execute("ALTER TYPE mood RENAME VALUE 'wild' TO 'loud'")
    assert before.difference(Catalog.read(connection)) == (
        Difference("enum", "public.mood", "'calm','wild'", "'calm','loud'"),
    )


def test_parts_can_be_left_out(connection: session.Connection) -> None:
    whole = Catalog.read(connection)
    assert {row.ident for row in Catalog.read(connection, schemas=["other"]).rows if row.kind != "extension"} == {
        "other",
        "other.thing",
        "other.thing.id",
    }
    assert Catalog.read(connection, without=["other"]) == whole.without(schemas=["other"])
    skipped = Catalog.read(connection, skip=["other.thing"])
    assert skipped == whole.without(idents=["other.thing"])
    assert not any(row.ident.startswith("public.people.") for row in whole.without(idents=["public.people"]).rows)
    assert not any(row.kind == "column_order" for row in whole.without(kinds=["column_order"]).rows)


def test_json_and_back(connection: session.Connection) -> None:
    catalog = Catalog.read(connection)
    assert Catalog.from_json(json.loads(json.dumps(catalog.to_json()))) == catalog
    with pytest.raises(UsageError):
        Catalog.from_json([["table", "x"]])


def test_it_asks_for_a_transaction_of_its_own(database: Secret) -> None:
    with session.connect(database, autocommit=False) as connection:
        connection.execute("SELECT 1")
        with pytest.raises(UsageError):
            Catalog.read(connection)


def test_it_reads_without_writing(database: Secret) -> None:
    with session.connect(database, read_only=True) as connection:
        assert Catalog.read(connection).by_object[("schema", "public")] == ""
        assert connection.info.transaction_status == 0
