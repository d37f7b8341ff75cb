"""The backup step: planned from what the rehearsal found, believed only when it was restored, asked for by a deploy."""

from dataclasses import replace

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take
from tests.actions.test_demands import drop, fill, in_protected_dev, rehearsed

from schema_sensei.actions.demands import demand
from schema_sensei.changes.backups.manifest import SCHEMA
from schema_sensei.changes.backups.shelf import Shelf
from schema_sensei.changes.change import Change
from schema_sensei.engine.ports import Intent, Outcome
from schema_sensei.engine.prompts import Confirm
from schema_sensei.gates.errors import RefusedError
from schema_sensei.terms.json import JsonValue

EMPTY_AGAIN = """\
op.add_column("accounts", sa.Column("email", sa.String(200), nullable=False, server_default=""))
    op.alter_column("accounts", "email", server_default=None)"""


def desk(change: JsonValue, **parameters: JsonValue) -> Desk:
    return Desk({"change": change, "environment": "dev", "tier": "auto", "minutes": 60, **parameters}, step="backup")


def saved(shop: Shop, change: JsonValue, **parameters: JsonValue) -> Outcome:
    return take(shop.actions["backup"], desk(change, **parameters), answer=True)[1]


def shelf(shop: Shop) -> Shelf:
    return Shelf.of(shop.project.directory)


def test_what_loses_nothing_needs_none(shop: Shop) -> None:
    change = rehearsed(shop, Change.from_json(shop.reviewed()))

    preview, outcome = take(shop.actions["backup"], desk(change))

    assert (preview.prompt, preview.effect, outcome.name) == (None, False, "unneeded")
    assert outcome.outputs["change"] == change


def test_a_table_without_rows_needs_none(shop: Shop) -> None:
    assert take(shop.actions["backup"], desk(rehearsed(shop, drop(shop))))[1].name == "unneeded"


def test_a_table_that_goes_is_dumped_and_the_deploy_believes_it(shop: Shop) -> None:
    fill(shop)
    protected = in_protected_dev(shop)
    target = protected.services.project.target("dev", protected.services.environ)
    change = rehearsed(shop, drop(shop))
    with pytest.raises(RefusedError, match="no verified backup"):
        demand(Change.from_json(change), target, ())

    preview, outcome = take(protected.actions["backup"], desk(change), answer=True)

    assert isinstance(preview.prompt, Confirm)
    assert (preview.prompt.facts["tier"], preview.prompt.facts["tables"]) == ("tables", ["public.accounts"])
    made = Change.from_json(outcome.outputs["change"])
    assert demand(made, target, made.saved(str(preview.handle["identity"]))).unsaved == ()


def test_a_column_that_goes_is_copied_and_counts_for_its_own_text(shop: Shop) -> None:
    fill(shop)
    change = rehearsed(shop, drop(shop, up='op.drop_column("accounts", "email")', down=EMPTY_AGAIN))

    preview, outcome = take(shop.actions["backup"], desk(change), answer=True)

    assert isinstance(preview.prompt, Confirm)
    assert preview.prompt.facts["tier"] == "copy"
    made, identity = Change.from_json(outcome.outputs["change"]), str(preview.handle["identity"])
    assert made.saved(identity) == {"public.accounts"}
    part = replace(made, backups=(replace(made.backups[0], digest="another text"),))
    assert part.saved(identity) == frozenset()
    (entry,) = shelf(shop).entries()
    assert entry.manifest
    copied = entry.manifest.tables[0].copy
    query = f'SELECT id, email FROM {SCHEMA}."{copied}" ORDER BY id'  # noqa: S608 -- names of our own making
    assert shop.rows(query) == [(1, "ada"), (2, "grace")]


def test_a_no_is_a_no(shop: Shop) -> None:
    fill(shop)

    outcome = take(shop.actions["backup"], desk(rehearsed(shop, drop(shop))), answer=False)[1]

    assert outcome.name == "declined"
    assert shelf(shop).entries() == ()


def test_an_interrupted_backup_is_taken_again_under_its_name(shop: Shop) -> None:
    fill(shop)
    action, here = shop.actions["backup"], desk(rehearsed(shop, drop(shop)))
    preview = action.preview(here)
    intent = Intent(handle=preview.handle, answer=True)
    left = shelf(shop).open(str(preview.handle["id"])) / "rows-half.dump"
    left.write_bytes(b"half")
    assert action.reconcile(here, intent).ground == "absent"
    (broken,) = shelf(shop).entries()
    assert "interrupted" in broken.wrong

    done = action.perform(here, intent)

    found = action.reconcile(here, intent)
    assert (found.ground, found.outcome) == ("applied", done)
    assert not left.exists()


def test_the_way_back_removes_it_only_while_nothing_is_lost(shop: Shop) -> None:
    fill(shop)
    action, here = shop.actions["backup"], desk(rehearsed(shop, drop(shop)))
    preview, outcome = take(action, here, answer=True)
    intent = Intent(handle=preview.handle, answer=True)

    shop.execute("DELETE FROM accounts WHERE id = 1")
    assert "stays" in action.undo(here, intent, outcome).summary
    assert len(shelf(shop).entries()) == 1

    shop.execute("INSERT INTO accounts (id, email) VALUES (1, 'ada')")
    assert "is removed" in action.undo(here, intent, outcome).summary
    assert shelf(shop).entries() == ()


def test_a_dump_is_taken_where_a_copy_is_not_wanted(shop: Shop) -> None:
    fill(shop)
    change = rehearsed(shop, drop(shop, up='op.drop_column("accounts", "email")', down=EMPTY_AGAIN))

    outcome = saved(shop, change, tier="dump")

    assert isinstance(outcome.outputs["backup"], dict)
    assert outcome.outputs["backup"]["tier"] == "tables"
    assert shop.rows("SELECT to_regnamespace('sensei_backup') IS NULL") == [(True,)]
