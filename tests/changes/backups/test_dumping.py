"""Dumps of tables and of a whole database: verified by restoring, whatever happens while they are taken."""

from tests.changes.backups.saving import ACCOUNTS, NOTES, Bench, Need

from schema_sensei.changes.backups.manifest import Tier


def test_a_dump_of_tables_is_restored_and_compared(shop: Bench) -> None:
    manifest = shop.dump(Need(ACCOUNTS, shape=True), Need(NOTES, shape=True))

    assert manifest.tier is Tier.TABLES
    assert manifest.verified is None
    proven = shop.verify(manifest)
    assert proven.verified is not None
    assert [(each.ident, each.content.rows) for each in proven.tables] == [(NOTES, 300), (ACCOUNTS, 300)]
    (entry,) = shop.shelf.entries()
    assert entry.manifest == proven
    assert entry.wrong == ""


def test_a_whole_database_is_restored_and_compared(shop: Bench) -> None:
    manifest = shop.dump()

    assert manifest.tier is Tier.DATABASE
    assert shop.verify(manifest).verified is not None
