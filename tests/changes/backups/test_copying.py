"""Copies inside of the database: what a refill needs, under one snapshot, in the way of no later change."""

# ruff: noqa: S608 -- the SQL is made of this file's own names

import pytest
from tests.changes.backups.saving import ACCOUNTS, Bench, Need

from schema_sensei.changes.backups import copying, taking
from schema_sensei.changes.backups import manifest as manifests
from schema_sensei.changes.backups.listener import QUIET
from schema_sensei.changes.backups.manifest import SCHEMA, Tier


def test_a_column_that_goes_is_copied_with_its_key_and_compared(shop: Bench) -> None:
    plan = shop.plan(Need(ACCOUNTS, ("feeling",)), digest="d1")

    manifest = taking.take(plan, shop.shelf, shop.scratch, QUIET)

    (kept,) = manifest.tables
    assert manifest.tier is Tier.COPY
    assert [each.name for each in kept.columns] == ["id", "feeling"]
    assert (manifest.saved.verified, manifest.saved.digest) == (True, "d1")
    assert shop.one(f'SELECT count(*) FROM {SCHEMA}."{kept.copy}"') == 300


def test_the_type_of_a_copied_column_can_be_dropped(shop: Bench) -> None:
    manifest = taking.take(shop.plan(Need(ACCOUNTS, ("feeling",))), shop.shelf, shop.scratch, QUIET)

    shop.execute("ALTER TABLE accounts DROP feeling; DROP TYPE mood")

    assert shop.verify(manifest).verified is not None


def test_what_is_cleared_away_leaves_nothing_in_the_database(shop: Bench) -> None:
    manifest = taking.take(shop.plan(Need(ACCOUNTS)), shop.shelf, shop.scratch, QUIET)

    taking.clear(shop.shelf, manifest.id, shop.place)

    assert shop.shelf.entries() == ()
    assert copying.discard(shop.place, manifest.id) == 0


def test_copies_that_a_crash_left_are_found_and_dropped(shop: Bench) -> None:
    manifest = taking.take(shop.plan(Need(ACCOUNTS)), shop.shelf, shop.scratch, QUIET)
    (shop.shelf.folder(manifest.id) / "manifest.json").unlink()
    assert "interrupted" in shop.shelf.entry(manifest.id).wrong

    again = taking.take(shop.plan(Need(ACCOUNTS)), shop.shelf, shop.scratch, QUIET)

    assert again.verified
    assert copying.discard(shop.place, manifest.id) == 1


def test_copies_whose_manifest_cannot_be_kept_are_dropped(shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = shop.plan(Need(ACCOUNTS))
    monkeypatch.setattr(manifests, "FORMAT", object())  # what cannot be written as JSON

    with pytest.raises(TypeError):
        taking.take(plan, shop.shelf, shop.scratch, QUIET)

    assert copying.discard(shop.place, plan.id) == 0
    assert [each.manifest for each in shop.shelf.entries()] in ([], [None])
