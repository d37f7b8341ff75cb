"""A table that goes: moved out of sight with all that is in it, brought back, and dropped for good with a way back."""

from typing import Any

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take

from schema_sensei.changes.proof import Proof, Value
from schema_sensei.engine.ports import Outcome
from schema_sensei.gates.errors import RefusedError as NotYetError
from schema_sensei.migrations.errors import RefusedError
from schema_sensei.terms.json import JsonValue

NASTY = '''\
"""a table with everything"""
from alembic import op

revision = "b2"
down_revision = "a1"
branch_labels = depends_on = None

UP = r"""
CREATE SCHEMA sensei_trash;
CREATE TYPE public.mood AS ENUM ('fine', 'so "so"');
CREATE FUNCTION public.note_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE sensei_trash."Old ones" (
  id bigint GENERATED ALWAYS AS IDENTITY (START 7) PRIMARY KEY,
  code serial UNIQUE,
  account_id bigint REFERENCES public.accounts (id) ON DELETE CASCADE DEFERRABLE,
  mood public.mood DEFAULT 'fine',
  "Per cent" text COLLATE "C" DEFAULT '100 %s : 50%% \\''s' CHECK ("Per cent" <> 'a:b'),
  room int4range,
  half numeric GENERATED ALWAYS AS (id / 2.0) STORED,
  CONSTRAINT no_overlap EXCLUDE USING gist (room WITH &&),
  CONSTRAINT later CHECK (id > 0) NOT VALID
);
ALTER TABLE sensei_trash."Old ones" ALTER COLUMN "Per cent" SET STORAGE EXTERNAL;
ALTER TABLE sensei_trash."Old ones" ALTER COLUMN mood SET STATISTICS 500;
CREATE INDEX partly ON sensei_trash."Old ones" (lower("Per cent") DESC NULLS LAST) WHERE id > 3;
CREATE STATISTICS public.together ON id, code FROM sensei_trash."Old ones";
CREATE TRIGGER noted BEFORE UPDATE ON sensei_trash."Old ones" FOR EACH ROW WHEN (OLD.id <> 3)
  EXECUTE FUNCTION public.note_change();
ALTER TABLE sensei_trash."Old ones" DISABLE TRIGGER noted;
ALTER TABLE sensei_trash."Old ones" ENABLE ROW LEVEL SECURITY;
ALTER TABLE sensei_trash."Old ones" FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON sensei_trash."Old ones" USING (id < 100) WITH CHECK (true);
GRANT SELECT ON sensei_trash."Old ones" TO PUBLIC;
GRANT UPDATE (mood) ON sensei_trash."Old ones" TO PUBLIC;
COMMENT ON TABLE sensei_trash."Old ones" IS E'two\\nlines; and a ''quote'' and';
COMMENT ON COLUMN sensei_trash."Old ones".mood IS 'how: they feel';
COMMENT ON CONSTRAINT later ON sensei_trash."Old ones" IS 'not yet';
COMMENT ON INDEX sensei_trash.partly IS 'part';
ALTER TABLE sensei_trash."Old ones" REPLICA IDENTITY FULL;
ALTER TABLE sensei_trash."Old ones" SET (fillfactor = 70);
CREATE TABLE sensei_trash.parted (at date NOT NULL, n int, PRIMARY KEY (at, n)) PARTITION BY RANGE (at);
CREATE TABLE public.parted_2025 PARTITION OF sensei_trash.parted FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX ON sensei_trash.parted (n);
"""


def upgrade():
    op.get_bind().exec_driver_sql(UP)


def downgrade():
    op.execute("DROP SCHEMA sensei_trash CASCADE; DROP FUNCTION note_change; DROP TYPE mood")
'''


def _discard(shop: Shop, table: str) -> Outcome:
    parameters: dict[str, JsonValue] = {"message": f"drop {table} for good", "head": None, "discard": table}
    return take(shop.actions["generate"], Desk(parameters))[1]


def _proof(shop: Shop, change: JsonValue) -> Proof:
    outcome = take(shop.actions["rehearse"], Desk({"change": shop.approved(change), "environment": "dev"}))[1]
    rehearsed: Any = outcome.outputs["change"]
    return Proof.from_json(rehearsed["proof"])


@pytest.fixture
def nasty(shop: Shop) -> Shop:
    (shop.root / "migrations/versions/b2.py").write_text(NASTY)
    shop.upgrade()
    return shop


@pytest.mark.parametrize("table", ["Old ones", "parted"])
def test_the_way_back_of_a_drop_makes_the_table_again_with_all_that_belonged_to_it(nasty: Shop, table: str) -> None:
    outcome = _discard(nasty, table)

    proof = _proof(nasty, outcome.outputs["change"])
    assert proof.value in {Value.PROVEN, Value.LOSSY}, (proof.reasons, proof.differences)
    assert f"drop sensei_trash.{table}" in [each.what for each in proof.losses]


def test_only_what_stands_in_the_trash_is_dropped_for_good(shop: Shop) -> None:
    with pytest.raises(RefusedError, match="no table accounts in sensei_trash"):
        _discard(shop, "accounts")


def test_what_rests_on_a_table_is_named_before_it_is_dropped(shop: Shop) -> None:
    shop.execute("CREATE SCHEMA sensei_trash; CREATE TABLE sensei_trash.old (id int PRIMARY KEY)")
    assert take(shop.actions["trash"], Desk({"environment": "dev"}), "old")[1].outputs["table"] == "old"
    shop.execute("CREATE VIEW reads_old AS SELECT id FROM sensei_trash.old")

    with pytest.raises(NotYetError, match="view reads_old rests on it") as refused:
        take(shop.actions["trash"], Desk({"environment": "dev"}), "old")

    assert "drop-for-good" in refused.value.remedy


def test_a_table_that_goes_keeps_its_rows_and_comes_back_with_them(shop: Shop) -> None:
    shop.execute("INSERT INTO accounts (email) VALUES ('ada'), ('grace')")
    models = shop.root / "app/models.py"
    before = models.read_text()
    models.write_text(before.partition("class Account(")[0])
    parameters: dict[str, JsonValue] = {"message": "accounts live elsewhere", "head": None, "way": "set-aside"}

    gone = take(shop.actions["generate"], Desk(parameters))[1]
    assert _proof(shop, gone.outputs["change"]).value is Value.PROVEN
    take(shop.actions["deploy"], shop.deployment(shop.approved(gone.outputs["change"])), True)
    assert shop.rows("SELECT count(*) FROM sensei_trash.accounts") == [(2,)]

    models.write_text(before)
    desk = Desk(
        {"message": "back again", "head": None}, answers={"generate.restore.accounts": "restore"}, step="generate"
    )
    back = take(shop.actions["generate"], desk)[1]
    assert _proof(shop, back.outputs["change"]).value is Value.PROVEN
    take(shop.actions["deploy"], shop.deployment(shop.approved(back.outputs["change"])), True)
    assert shop.rows("SELECT email FROM accounts ORDER BY 1") == [("ada",), ("grace",)]
    assert take(shop.actions["sync"], Desk({"environment": "dev"}))[1].name == "ok"
