"""Whatever a backup holds comes back as it was, and nothing that is there is overwritten unsaid."""

# ruff: noqa: S608 -- the SQL is made of this file's own names

from dataclasses import replace

import pytest
from tests.changes.backups.saving import ACCOUNTS, NOTES, Bench, Need

from schema_sensei.changes.backups.errors import NotRestoredError
from schema_sensei.changes.backups.manifest import Tier
from schema_sensei.changes.backups.outlook import Asked
from schema_sensei.postgres import session
from schema_sensei.postgres import url as urls
from schema_sensei.postgres.catalog import Catalog
from schema_sensei.terms.targets import TargetLabel

ODD = '"Odd ""big"" notes"'
KEPT = "id, email, feeling::text, price, ratio, raw, tags, body, loud"


def catalog(shop: Bench) -> Catalog:
    with session.connect(shop.place.url) as connection:
        return Catalog.read(connection)


def test_dropped_tables_come_back_with_all_that_belongs_to_them(shop: Bench) -> None:
    manifest = shop.take(Need(ACCOUNTS, shape=True), Need(NOTES, shape=True))
    before, held = catalog(shop), shop.held("accounts", KEPT)
    shop.execute(f"DROP TABLE {ODD}, accounts; DROP TYPE mood")

    said = shop.restore(manifest)

    assert catalog(shop).difference(before) == ()
    assert shop.held("accounts", KEPT) == held
    assert shop.one("INSERT INTO accounts (email) VALUES ('new') RETURNING id") == 301
    assert "accounts: made again with 300 rows, compared" in said


def test_one_table_comes_back_from_a_whole_dump(shop: Bench) -> None:
    manifest = shop.take()
    before, held = catalog(shop), shop.held(ODD, "id, account_id, body")
    assert manifest.tier is Tier.DATABASE
    shop.execute(f"DROP TABLE {ODD}")

    shop.restore(manifest, Asked((NOTES,)))

    assert catalog(shop).difference(before) == ()
    assert shop.held(ODD, "id, account_id, body") == held


def test_a_whole_database_comes_back_into_an_empty_one_only(shop: Bench) -> None:
    manifest = shop.take()
    with pytest.raises(NotRestoredError, match="is not empty"):
        shop.restore(manifest)
    with shop.scratch.database() as own:
        other = replace(shop.place, url=own, label=TargetLabel("other", "localhost", urls.read(own).database))

        said = shop.restore(manifest, into=other)

        assert "600 rows are back" in said[0]
        with session.connect(own) as connection:
            assert Catalog.read(connection).difference(catalog(shop)) == ()


@pytest.mark.parametrize("dumped", [True, False], ids=["dump", "copy"])
def test_a_column_comes_back_by_key_and_newer_rows_stay(shop: Bench, dumped: bool) -> None:
    manifest = shop.take(Need(ACCOUNTS, ("feeling", "price")), copies=not dumped)
    assert manifest.tier is (Tier.TABLES if dumped else Tier.COPY)
    held = shop.held("accounts WHERE id > 1", KEPT)
    shop.execute("ALTER TABLE accounts DROP price; ALTER TABLE accounts ADD price numeric(10, 2)")
    shop.execute("UPDATE accounts SET feeling = 'low'; DELETE FROM accounts WHERE id = 1")
    shop.execute("INSERT INTO accounts (email, price) VALUES ('new', 5)")

    (said,) = shop.restore(manifest, Asked(columns=("feeling", "price")))

    assert shop.held("accounts WHERE id <= 300", KEPT) == held
    assert shop.one("SELECT price FROM accounts WHERE email = 'new'") == 5
    assert "1 row newer" in said
    assert "1 saved row without a row here" in said


@pytest.mark.parametrize("dumped", [True, False], ids=["dump", "copy"])
def test_deleted_rows_come_back_and_the_others_stay(shop: Bench, dumped: bool) -> None:
    manifest = shop.take(Need(ACCOUNTS), copies=not dumped)
    shop.execute(f"DELETE FROM {ODD}; DELETE FROM accounts WHERE id > 250; UPDATE accounts SET price = 1 WHERE id = 2")

    (said,) = shop.restore(manifest, Asked((ACCOUNTS,), missing=True))

    assert "50 missing rows are back" in said
    assert shop.one("SELECT count(*) FROM accounts") == 300
    assert shop.one("SELECT price FROM accounts WHERE id = 2") == 1


@pytest.mark.parametrize("dumped", [True, False], ids=["dump", "copy"])
def test_an_empty_table_is_filled_again(shop: Bench, dumped: bool) -> None:
    manifest = shop.take(Need(ACCOUNTS), copies=not dumped)
    held = shop.held("accounts", KEPT)
    shop.execute(f"TRUNCATE accounts, {ODD} RESTART IDENTITY")

    shop.restore(manifest, Asked((ACCOUNTS,)))

    assert shop.held("accounts", KEPT) == held
    assert shop.one("INSERT INTO accounts (email) VALUES ('new') RETURNING id") == 301


def test_a_table_with_rows_is_never_overwritten(shop: Bench) -> None:
    manifest = shop.take(Need(NOTES, shape=True))
    shop.execute(f"DELETE FROM {ODD} WHERE id > 7")

    with pytest.raises(NotRestoredError, match="7 rows") as refused:
        shop.restore(manifest)

    assert "--aside" in refused.value.remedy
    assert shop.one(f"SELECT count(*) FROM {ODD}") == 7

    said = shop.restore(manifest, Asked(aside=True))

    assert shop.one(f"SELECT count(*) FROM {ODD}") == 300
    aside = said[0].split("now ")[1].split(",")[0].partition(".")[2]
    assert shop.one(f'SELECT count(*) FROM sensei_trash."{aside.replace(chr(34), chr(34) * 2)}"') == 7


def test_what_fails_on_the_way_is_rolled_back(shop: Bench) -> None:
    manifest = shop.take(Need(NOTES, shape=True))
    shop.execute(f"DELETE FROM {ODD} WHERE id > 7; DELETE FROM accounts WHERE id > 100")

    with pytest.raises(NotRestoredError, match="could not be made again") as refused:
        shop.restore(manifest, Asked(aside=True))

    assert "note_owner" in refused.value.means
    assert shop.one(f"SELECT count(*) FROM {ODD}") == 7
    assert shop.one("SELECT to_regnamespace('sensei_trash') IS NULL") is True


def test_a_trigger_that_changes_rows_on_their_way_back_is_noticed(shop: Bench) -> None:
    manifest = shop.take(Need(NOTES))
    shop.execute(
        f"TRUNCATE {ODD}; CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS "
        f"'BEGIN NEW.body := upper(NEW.body); RETURN NEW; END'; "
        f"CREATE TRIGGER loud BEFORE INSERT ON {ODD} FOR EACH ROW EXECUTE FUNCTION loud()"
    )

    with pytest.raises(NotRestoredError, match="did not come back as they were"):
        shop.restore(manifest)

    assert shop.one(f"SELECT count(*) FROM {ODD}") == 0


def test_nothing_is_restored_where_there_is_no_direct_way_in(shop: Bench) -> None:
    manifest = shop.take(Need(NOTES))

    with pytest.raises(NotRestoredError, match="no direct way"):
        shop.restore(manifest, into=replace(shop.place, writable=False))


def test_a_backup_of_another_database_needs_a_word(shop: Bench) -> None:
    manifest = replace(shop.take(Need(NOTES)), identity="elsewhere/shop")

    with pytest.raises(NotRestoredError, match="another database") as refused:
        shop.restore(manifest)

    assert "--into dev" in refused.value.remedy


def test_what_was_never_verified_is_not_restored(shop: Bench) -> None:
    with pytest.raises(NotRestoredError, match="never verified"):
        shop.restore(shop.dump(Need(NOTES)))


def test_a_table_comes_back_with_the_schema_that_went_after_it(shop: Bench) -> None:
    shop.execute(f"CREATE SCHEMA sensei_trash; ALTER TABLE {ODD} SET SCHEMA sensei_trash")
    manifest = shop.take(Need(NOTES.replace("public", "sensei_trash"), shape=True))
    shop.execute("DROP SCHEMA sensei_trash CASCADE")

    shop.restore(manifest)

    assert shop.one(f"SELECT count(*) FROM sensei_trash.{ODD}") == 300


def test_rows_saved_from_the_trash_go_into_the_table_that_was_made_again(shop: Bench) -> None:
    held = shop.held(ODD, "id, account_id, body")
    shop.execute(f"CREATE SCHEMA sensei_trash; ALTER TABLE {ODD} SET SCHEMA sensei_trash")
    manifest = shop.take(Need(NOTES.replace("public.", "sensei_trash."), shape=True))
    shop.execute("DROP SCHEMA sensei_trash CASCADE")
    shop.execute(f"CREATE TABLE {ODD} (id serial PRIMARY KEY, account_id integer, body text)")

    (said,) = shop.restore(manifest)

    assert said == 'Odd "big" notes: 300 rows are back, compared'
    assert shop.held(ODD, "id, account_id, body") == held
    assert shop.one(f"INSERT INTO {ODD} (body) VALUES ('new') RETURNING id") == 301
