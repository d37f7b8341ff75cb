"""What leaned on a dropped table comes back with it; what cannot is named, with its SQL."""

import pytest
from tests.changes.backups.saving import ACCOUNTS, Bench, Need
from tests.changes.backups.test_restoring import catalog

from schema_sensei.changes.backups.outlook import Asked
from schema_sensei.postgres import session

AROUND = """
CREATE VIEW letters AS SELECT id, email FROM accounts;
CREATE VIEW "Other letters" WITH (security_barrier) AS SELECT * FROM letters WHERE email LIKE 'p%';
COMMENT ON VIEW letters IS 'who; where "it" goes';
COMMENT ON COLUMN letters.email IS 'an address';
GRANT SELECT ON letters TO PUBLIC;
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER putting INSTEAD OF INSERT ON letters FOR EACH ROW EXECUTE FUNCTION put();
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM accounts;
CREATE UNIQUE INDEX on_counted ON counted (n);
GRANT SELECT ON counted TO PUBLIC;
CREATE TABLE secrets (id int PRIMARY KEY, account_id int);
ALTER TABLE secrets ADD CONSTRAINT of_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE SET NULL;
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secrets USING (EXISTS (SELECT FROM accounts a WHERE a.id = account_id));
CREATE FUNCTION first_email() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT email FROM accounts LIMIT 1; END;
CREATE PUBLICATION news FOR TABLE accounts;
INSERT INTO secrets VALUES (1, 1), (2, 300);
"""
RIGHTS = """
SELECT c.relname, c.relacl::text, obj_description(c.oid), c.reloptions::text FROM pg_class c
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm') ORDER BY 1
"""


def _rights(shop: Bench) -> list[tuple[object, ...]]:
    with session.connect(shop.place.url) as connection:
        return connection.execute(RIGHTS.encode()).fetchall()


@pytest.mark.parametrize("whole", [False, True], ids=["dump of the table", "whole dump"])
def test_what_leaned_on_a_dropped_table_comes_back_with_it(shop: Bench, whole: bool) -> None:
    shop.execute(AROUND)
    manifest = shop.take() if whole else shop.take(Need(ACCOUNTS, shape=True))
    before, rights = catalog(shop), _rights(shop)
    shop.execute("DROP TABLE accounts CASCADE")
    assert catalog(shop).difference(before)

    said = shop.restore(manifest, Asked((ACCOUNTS,)))

    assert catalog(shop).difference(before) == ()
    assert _rights(shop) == rights
    assert shop.one("SELECT n FROM counted") == 300
    assert shop.one("SELECT count(*) FROM pg_publication_tables WHERE tablename = 'accounts'") == 1
    assert shop.one("SELECT convalidated FROM pg_constraint WHERE conname = 'of_account'") is True
    (back,) = [each for each in said if each.startswith("came back with it")]
    for words in ("view public.letters", "materialized view public.counted", "foreign key public.secrets.of_account"):
        assert words in back
    assert not [each for each in said if "did not come back" in each]


def test_what_cannot_come_back_is_named_with_its_sql_and_what_is_there_is_left_alone(shop: Bench) -> None:
    shop.execute(AROUND)
    manifest = shop.take(Need(ACCOUNTS, shape=True))
    shop.execute("DROP TABLE accounts CASCADE; DROP FUNCTION put")
    shop.execute("CREATE VIEW letters AS SELECT 1 AS mine")
    shop.execute("INSERT INTO secrets VALUES (3, 999)")

    said = shop.restore(manifest)

    assert shop.one("SELECT mine FROM letters") == 1
    assert shop.one("SELECT relacl IS NULL AND obj_description(oid) IS NULL FROM pg_class WHERE relname = 'letters'")
    (other,) = [each for each in said if "Other letters did not come back" in each]
    assert "CREATE VIEW" in other
    (key,) = [each for each in said if "of_account holds for new rows only" in each]
    assert "VALIDATE CONSTRAINT of_account" in key
    assert shop.one("SELECT convalidated FROM pg_constraint WHERE conname = 'of_account'") is False
    assert shop.one("SELECT count(*) FROM accounts") == 300


def test_what_leads_to_a_table_that_was_moved_aside_is_named(shop: Bench) -> None:
    shop.execute("CREATE VIEW letters AS SELECT id, email FROM accounts")
    manifest = shop.take(Need(ACCOUNTS, shape=True))

    said = shop.restore(manifest, Asked(aside=True))

    told = [each for each in said if "still leads to what was moved aside" in each]
    assert {each.split(" still")[0] for each in told} == {
        "view public.letters",
        'foreign key public."Odd ""big"" notes".note_owner',
    }
