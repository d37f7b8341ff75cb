"""Databases as they really are: owners, roles, row security, inheritance, odd types, large objects, other encodings."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.changes.backups.saving import ACCOUNTS, SHOP, Bench, Need, bench

from schema_sensei.changes.backups.manifest import Tier
from schema_sensei.changes.backups.outlook import Asked
from schema_sensei.postgres import session
from schema_sensei.postgres.catalog import Catalog
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.terms.targets import TargetLabel

ODD = """
DO $$ BEGIN CREATE ROLE odd_reader; CREATE ROLE odd_boss LOGIN; EXCEPTION WHEN others THEN END $$;
GRANT SELECT ON accounts TO odd_reader;
ALTER TABLE accounts OWNER TO odd_boss;
CREATE POLICY theirs ON accounts TO odd_reader USING (true);
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM accounts;
CREATE STATISTICS together ON id, email FROM accounts;
CREATE SCHEMA other;
CREATE TABLE other.parent (id int PRIMARY KEY, x money, y interval, z real);
INSERT INTO other.parent SELECT i, i, i * interval '1 hour', i / 3.0 FROM generate_series(1, 10) AS i;
CREATE TABLE other.child (w int) INHERITS (other.parent);
INSERT INTO other.child VALUES (11, 1, '1 day', 2.5, 3);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE other.typed (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), d positive, p pair, m mood[], r int4range, t tsvector, i inet,
  g regclass
);
INSERT INTO other.typed (d, p, m, r, t, i, g)
  SELECT i, ROW(i, 'q,"x')::pair, ARRAY['low']::mood[], int4range(i, i + 5), 'a b', '10.0.0.1', 'other.parent'
    FROM generate_series(1, 10) AS i;
CREATE RULE nothing AS ON DELETE TO other.typed DO NOTHING;
CREATE PUBLICATION told FOR TABLE other.parent;
SELECT lo_from_bytea(0, 'abc');
"""


@pytest.fixture
def odd(shop: Bench) -> Bench:
    shop.execute('ALTER TABLE "Odd ""big"" notes" DROP CONSTRAINT note_owner')
    shop.execute(ODD)
    return shop


def catalog(of: Bench) -> Catalog:
    with session.connect(of.place.url) as connection:
        return Catalog.read(connection)


def test_tables_come_back_with_owners_policies_types_and_children(odd: Bench) -> None:
    wanted = (Need(each, shape=True) for each in (ACCOUNTS, "other.parent", "other.typed"))
    manifest = odd.take(*wanted)
    before = catalog(odd)
    odd.execute("DROP TABLE accounts CASCADE; DROP SCHEMA other CASCADE; DROP TYPE mood; DROP TYPE pair")
    odd.execute("DROP DOMAIN positive")

    odd.restore(manifest)

    assert "other.child" in {each.ident for each in manifest.tables}
    missing = [each for each in before.difference(catalog(odd)) if each.kind != "publication_table"]
    assert [f"{each.kind} {each.ident}" for each in missing if "told" not in each.ident] == []
    assert odd.one("SELECT tableowner FROM pg_tables WHERE tablename = 'accounts'") == "odd_boss"


def test_the_whole_of_it_comes_back_into_an_empty_database(odd: Bench) -> None:
    manifest = odd.take()
    with odd.scratch.database() as own:
        other = replace(odd.place, url=own, label=TargetLabel("other", "localhost", "other"))

        odd.restore(manifest, into=other)

        with session.connect(own) as connection:
            assert Catalog.read(connection).difference(catalog(odd)) == ()
            row = connection.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone()
            assert row == (1,)


def test_columns_of_types_of_our_own_come_back(odd: Bench) -> None:
    manifest = odd.take(Need("other.typed", ("d", "p", "m")))
    held = odd.held("other.typed", "id, d, p, m, g")
    odd.execute("UPDATE other.typed SET d = NULL, p = NULL, m = NULL")

    odd.restore(manifest)

    assert manifest.tier is Tier.COPY
    assert odd.held("other.typed", "id, d, p, m, g") == held


@pytest.fixture
def latin(server: Embedded, tmp_path: Path) -> Iterator[Bench]:
    with session.connect(server.url()) as admin:
        admin.execute(b"CREATE DATABASE latin_shop TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    made = bench(server.url("latin_shop"), tmp_path, Scratch(server))
    made.execute(SHOP)
    yield made
    with session.connect(server.url()) as admin:
        admin.execute(b"DROP DATABASE IF EXISTS latin_shop WITH (FORCE)")


@pytest.mark.parametrize("copies", [True, False], ids=["copy", "dump"])
def test_letters_of_another_encoding_are_the_same_letters(latin: Bench, copies: bool) -> None:
    manifest = latin.take(Need(ACCOUNTS), copies=copies)
    held = latin.held("accounts", "id, tags")
    latin.execute("UPDATE accounts SET tags = NULL")

    latin.restore(manifest, Asked(columns=("tags",)))

    assert manifest.tables[0].content.method == "md5"
    assert latin.held("accounts", "id, tags") == held
