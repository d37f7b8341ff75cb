"""A target's schema is copied with its revision and sizes, and run by a login that cannot touch the machine."""

from dataclasses import replace

import psycopg
import pytest

from schema_sensei.postgres import confinement, schema_copy, session
from schema_sensei.postgres import url as urls
from schema_sensei.postgres.catalog import Catalog
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.schema_copy import MissingExtensionError, UnreadableTargetError
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.postgres.seeding import seed
from schema_sensei.postgres.version_table import VersionTable
from schema_sensei.terms.secrets import Secret

TABLE = VersionTable()
SHOP = """
CREATE SCHEMA vectors; CREATE EXTENSION vector SCHEMA vectors;
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(4) NOT NULL UNIQUE, mood mood,
  born date NOT NULL, gone date CHECK (gone > born), data jsonb, v vectors.vector(2), flags boolean[]);
CREATE TABLE orders (id bigint PRIMARY KEY, person_id bigint NOT NULL REFERENCES people (id),
  total numeric(8, 2) CHECK (total > 0));
CREATE TABLE never (id bigint PRIMARY KEY, a int NOT NULL CHECK (a > 5 AND a < 3));
CREATE TABLE parts (at date NOT NULL) PARTITION BY RANGE (at);
CREATE VIEW names AS SELECT name FROM people;
GRANT SELECT ON names TO copy_reader;
CREATE POLICY mine ON people TO copy_reader USING (true);
COMMENT ON TABLE people IS 'who';
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES ('a1');
INSERT INTO people (name, born) SELECT i, '2000-01-01' FROM generate_series(1, 3000) AS i;
"""


@pytest.fixture
def target(server: Embedded, database: Secret) -> Secret:
    with session.connect(server.url()) as admin:
        admin.execute("DO $$ BEGIN CREATE ROLE copy_reader; EXCEPTION WHEN duplicate_object THEN END $$")
    with session.connect(database) as connection:
        connection.execute(SHOP.encode())
        connection.execute("ANALYZE people")
    return database


def test_the_copy_has_the_schema_the_revision_and_the_sizes_but_no_rows(server: Embedded, target: Secret) -> None:
    original = schema_copy.read(target, TABLE)

    with schema_copy.copied(Scratch(server), target, TABLE, original) as copy, session.connect(copy.url) as there:
        assert Catalog.read(there) == original.catalog
        assert copy.notes == ()
        assert TABLE.heads(there) == ("a1",)
        assert there.execute("SELECT count(*) FROM people").fetchone() == (0,)
        assert there.execute("SELECT reltuples FROM pg_class WHERE relname = 'people'").fetchone() == (3000,)
        there.execute("ALTER TABLE people ADD COLUMN note text")
    rows, size = original.sizes["public.people"]
    assert rows == 3000
    assert size > 100_000
    assert original.sizes["public.orders"][0] == 0


def test_the_second_copy_is_a_clone_of_the_first(server: Embedded, target: Secret) -> None:
    scratch, original = Scratch(server), schema_copy.read(target, TABLE)
    with schema_copy.copied(scratch, target, TABLE, original):
        pass

    elsewhere = urls.with_database(target, "nowhere")
    with schema_copy.copied(scratch, elsewhere, TABLE, original) as copy, session.connect(copy.url) as there:
        assert there.execute("SELECT count(*) FROM names").fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "COPY people TO PROGRAM 'id'",
        "SELECT pg_read_file('/etc/hostname')",
        "SELECT lo_export(1, '/tmp/x')",
        "CREATE FUNCTION pid() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
        "RESET ROLE; SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "GRANT pg_execute_server_program TO CURRENT_USER",
        "ALTER SYSTEM SET log_directory = '/tmp'",
        "ALTER ROLE postgres PASSWORD 'x'",
    ],
)
def test_what_runs_on_a_copy_cannot_touch_the_machine(server: Embedded, statement: str) -> None:
    with Scratch(server).database(confined=True) as own, session.connect(own) as connection:
        connection.execute("CREATE TABLE people (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_an_owner_without_a_superusers_rights_makes_extensions_and_roles(server: Embedded) -> None:
    with Scratch(server).database(confined=True) as own, session.connect(own) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("CREATE ROLE made_by_a_migration")
        connection.execute("DROP ROLE made_by_a_migration")


def test_the_login_goes_with_its_database(server: Embedded) -> None:
    with Scratch(server).database(confined=True) as own:
        login = urls.read(own).user
    with session.connect(server.url()) as admin:
        rows = admin.execute("SELECT rolname FROM pg_roles WHERE rolname IN (%s, %s)", [login, confinement.OWNER])
        assert rows.fetchall() == [(confinement.OWNER,)]


def test_a_login_whose_process_died_is_swept(server: Embedded) -> None:
    scratch = Scratch(server)
    with scratch.database(confined=True) as own:
        prefix = urls.read(own).user.rpartition("_")[0]
    with session.connect(server.url()) as admin:
        admin.execute(f"CREATE ROLE {prefix}_dead".encode())
        scratch.sweep()
        assert admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [f"{prefix}_dead"]).fetchone() is None


def test_a_target_that_may_not_be_read_is_told_without_its_password(server: Embedded, target: Secret) -> None:
    with session.connect(target) as admin:
        admin.execute("DO $$ BEGIN CREATE ROLE copy_clerk LOGIN PASSWORD 'canary'; EXCEPTION WHEN others THEN END $$")
    clerk = urls.with_login(target, "copy_clerk", "canary")

    original = schema_copy.read(clerk, VersionTable("another"))
    with (
        pytest.raises(UnreadableTargetError) as refused,
        schema_copy.copied(Scratch(server), clerk, TABLE, original),
    ):
        pass

    assert "canary" not in str(refused.value)
    assert "permission denied" in refused.value.means


def test_an_extension_that_the_scratch_server_lacks_offers_another_server(server: Embedded, target: Secret) -> None:
    original = replace(schema_copy.read(target, TABLE), extensions=(("postgis", "public"),))

    with (
        pytest.raises(MissingExtensionError, match="postgis") as refused,
        schema_copy.copied(Scratch(server), target, TABLE, original),
    ):
        pass

    assert "--scratch" in refused.value.remedy


def test_tables_are_filled_as_far_as_their_constraints_allow(server: Embedded, target: Secret) -> None:
    original = schema_copy.read(target, TABLE)
    with schema_copy.copied(Scratch(server), target, TABLE, original) as copy, session.connect(copy.url) as there:
        made = seed(there, skip=["public.alembic_version"])

        assert set(made.tables) == {"public.people", "public.orders"}
        assert {table for table, _ in made.refused} == {"public.never", "public.parts"}
        assert there.execute("SELECT count(DISTINCT person_id) FROM orders").fetchone() == (3,)
        assert there.execute("SELECT count(*) FROM people WHERE gone > born").fetchone() == (3,)
