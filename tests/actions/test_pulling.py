"""`sensei pull`: models of a database are exactly what the database has, and what they cannot say is named."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from tests.actions.conftest import Shop
from tests.actions.small_project import write_revision
from tests.actions.test_drift import looked, target, wrong

from schema_sensei.actions.pulling import Pulled, pull
from schema_sensei.actions.services import Memory
from schema_sensei.changes.compare import Standing

NASTY = Path(__file__).parents[1] / "changes/pulled/nasty.sql"
LEGACY = Path(__file__).parents[1] / "changes/pulled/legacy.sql"


def pulled(shop: Shop) -> Pulled:
    found = pull(replace(shop.services, memory=Memory()), target(shop))
    assert found.trouble is None, found.trouble
    return found


def test_every_odd_thing_that_models_can_say_is_said(shop: Shop) -> None:
    shop.execute(NASTY.read_text())

    found = pulled(shop)

    assert [(each.kind, each.ident) for each in found.unlike] == [
        ("constraint", "hr.members.unproven"),
        ("constraint", "hr.members.unproven_fk"),
    ], "models cannot say NOT VALID"
    assert found.beyond == ()
    assert found.equal > 100
    assert "Without a primary key" in found.notes[0]


def test_what_models_cannot_say_is_named_by_object(shop: Shop) -> None:
    shop.execute(
        "CREATE TABLE logs (id int, at date NOT NULL) PARTITION BY RANGE (at);"
        "CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
        "CREATE VIEW emails AS SELECT email FROM accounts;"
        "CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';"
        "ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY everybody ON accounts USING (true);"
        "GRANT SELECT ON accounts TO public"
    )

    found = pulled(shop)

    assert found.unlike == ()
    assert {(each.kind, each.ident) for each in found.beyond} >= {
        ("table", "public.logs_2026"),
        ("view", "public.emails"),
        ("function", "public.twice(integer)"),
        ("table", "public.accounts"),
        ("policy", "public.accounts.everybody"),
    }
    assert any("grants" in note for note in found.notes)


def test_a_foreign_key_to_a_platforms_table_is_kept_and_the_platform_left_out(shop: Shop) -> None:
    shop.execute(
        "CREATE SCHEMA auth; CREATE SCHEMA storage; CREATE TABLE auth.users (id uuid PRIMARY KEY, secret text);"
        "CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE)"
    )

    found = pulled(shop)

    assert found.unlike == ()
    assert "'auth.users.id'" in found.source
    assert "secret" not in found.source
    assert any("auth, storage" in note for note in found.notes)


def test_pulled_models_agree_in_drift_with_the_database_they_came_from(shop: Shop) -> None:
    shop.execute(NASTY.read_text())
    (shop.root / "app/models.py").write_text(pulled(shop).source)

    found = looked(shop)

    kinds = {each.standing for each in found.wrong if "unproven" not in each.ident}
    assert kinds == {Standing.AROUND}, "only migrations are missing"
    assert "table public.accounts" not in wrong(found)


def test_a_function_that_a_default_calls_is_there_for_the_proof_and_in_drift(shop: Shop) -> None:
    body = "CREATE FUNCTION fresh() RETURNS int LANGUAGE sql AS $$SELECT 1 WHERE '5%' <> ':x'$$"
    write_revision(
        shop.root,
        "b2",
        "a1",
        f'op.execute("""{body.replace(":x", "x")}""")\n'
        '    op.execute("CREATE TABLE dated (id int PRIMARY KEY DEFAULT fresh())")',
    )
    shop.upgrade()

    found = pulled(shop)

    assert found.unlike == ()
    assert ("function", "public.fresh()") in {(each.kind, each.ident) for each in found.beyond}
    (shop.root / "app/models.py").write_text(found.source)
    assert wrong(looked(shop)) == {}
    assert looked(shop).notes == ()


def test_a_database_that_grew_for_years_is_pulled_too(shop: Shop) -> None:
    shop.execute(LEGACY.read_text())

    found = pulled(shop)

    assert [(each.kind, each.ident) for each in found.unlike] == [
        ("table", "public.derived"),
        ("constraint", "public.loose.unproven"),
    ], "models cannot say INHERITS and NOT VALID"
    assert {(each.kind, each.ident) for each in found.beyond if "measure" not in each.ident} == {
        ("function", "public.lowered(t text)"),
        ("view", "public.old_orders"),
        ("table", "public.tree"),
        ("policy", "public.tree.all_rows"),
        ("trigger", "public.tree.t"),
    }
    assert found.equal > 180


def test_what_a_scratch_database_cannot_have_leaves_the_models_unproven(shop: Shop) -> None:
    shop.execute("CREATE TYPE mood AS ENUM ('low'); CREATE TYPE pair AS (a mood, b int)")
    shop.execute("CREATE TABLE paired (id int PRIMARY KEY, both_of pair)")

    found = pull(replace(shop.services, memory=Memory()), target(shop))

    assert found.trouble is not None
    assert "pair" in found.trouble.what
    ast.parse(found.source)


@pytest.mark.parametrize("name", ["import", "1st table", "ünïcode", "a.b", "MetaData", "Base", 'q"uote', "tab\tle"])
def test_any_name_of_a_table_and_of_a_column_becomes_a_module_that_imports(shop: Shop, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    shop.execute(f'CREATE TABLE {quoted} ({quoted} int PRIMARY KEY, {quoted[:-1]}2" text)')

    assert pulled(shop).unlike == ()
