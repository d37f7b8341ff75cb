"""Tables of every kind and values of every type come back as they were, with comments, grants and storage."""

# ruff: noqa: S608 -- the SQL is made of this file's own names

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.changes.backups.saving import Bench, Need, bench

from schema_sensei.changes.backups.manifest import Tier
from schema_sensei.changes.backups.outlook import Asked
from schema_sensei.postgres import grants, session
from schema_sensei.postgres.catalog import Catalog
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.scratch import Scratch

TABLES = (
    *("Odd Schema.All Types", "public.nokey", "public.nocols", "public.parent", "public.child", "public.parted"),
    *("public.refs", "public.forced", "public.toasty", "public.unl", "public.defer", "public.dropped"),
    *("public.virt", "public.typed"),
)
COLUMNS = ("f", "tz", "co", "coa", "ena", "by", "sp ace", "dma", "fr", "mr")

_COMMENTS = """
SELECT pg_catalog.pg_describe_object(classoid, objoid, objsubid), description FROM pg_catalog.pg_description
 WHERE objoid >= 16384
"""
_STORAGE = """
SELECT c.relname, a.attname, a.attstorage
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
 WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
"""


@dataclass(frozen=True)
class Seen:
    """Everything that has to be as it was."""

    shape: Catalog
    comments: frozenset[tuple[object, ...]]
    storage: frozenset[tuple[object, ...]]

    @classmethod
    def of(cls, odd: Bench) -> "Seen":
        with session.connect(odd.place.url) as connection:
            shape = Catalog(Catalog.read(connection).rows | grants.read(connection))
            comments, storage = (frozenset(connection.execute(query.encode())) for query in (_COMMENTS, _STORAGE))
        return cls(shape, comments, storage)


@pytest.fixture(scope="module")
def filled(server: Embedded) -> str:
    with session.connect(server.url()) as admin:
        admin.execute(b"CREATE DATABASE filled_odd STRATEGY file_copy")
    with session.connect(server.url("filled_odd")) as connection:
        connection.execute((Path(__file__).parent / "odd.sql").read_bytes())
    return "filled_odd"


@pytest.fixture
def odd(server: Embedded, filled: str, tmp_path: Path) -> Bench:
    name = "saved_odd"
    with session.connect(server.url()) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {filled} STRATEGY file_copy".encode())
    return bench(server.url(name), tmp_path, Scratch(server))


def _quoted(table: str) -> str:
    schema, _, name = table.partition(".")
    return f'"{schema}"."{name}"'


@pytest.mark.parametrize("table", TABLES)
def test_a_dropped_table_comes_back_as_it_was(odd: Bench, table: str) -> None:
    manifest = odd.take(Need(table, shape=True))
    before, rows = Seen.of(odd), odd.one(f"SELECT count(*) FROM {_quoted(table)}")
    odd.execute(f"DROP TABLE {_quoted(table)} CASCADE")

    said = odd.restore(manifest)

    after = Seen.of(odd)
    assert after.shape.difference(before.shape) == ()
    assert after == before
    assert odd.one(f"SELECT count(*) FROM {_quoted(table)}") == rows
    assert not [each for each in said if "did not come back" in each]


def test_columns_of_every_type_come_back_by_key(odd: Bench) -> None:
    manifest = odd.take(Need(TABLES[0], COLUMNS))
    assert manifest.tier is Tier.COPY
    name, sums = _quoted(TABLES[0]), "md5(string_agg(t::text, '|' ORDER BY \"Id\"))"
    before = odd.one(f"SELECT {sums} FROM {name} AS t")
    emptied = ", ".join(f'"{each}" = NULL' for each in COLUMNS)
    odd.execute(f"UPDATE {name} SET {emptied}")

    odd.restore(manifest, Asked(columns=COLUMNS))

    assert odd.one(f"SELECT {sums} FROM {name} AS t") == before


def test_large_objects_are_said_to_be_left_out_of_a_dump_of_tables(odd: Bench) -> None:
    assert odd.plan(Need(TABLES[0], shape=True), copies=False).notes == ()
    odd.execute("SELECT lo_from_bytea(0, 'hello')")

    (note,) = odd.plan(Need(TABLES[0], shape=True), copies=False).notes

    assert "large objects" in note
    assert odd.plan(Need("public.nokey", shape=True), copies=False).notes == ()
    assert odd.plan().notes == ()
