"""sync: one verdict per object, from three real catalogs."""

from collections.abc import Mapping, Sequence

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take
from tests.actions.small_project import write_revision

from schema_sensei.actions.comparing import count_drift
from schema_sensei.engine.ports import Outcome
from schema_sensei.migrations.errors import MigrationError


def compared(shop: Shop) -> Outcome:
    return take(shop.actions["sync"], Desk({"environment": "dev"}))[1]


def verdicts(outcome: Outcome) -> dict[str, str]:
    found = outcome.outputs["verdicts"]
    assert isinstance(found, Sequence)
    return {f"{each['kind']} {each['object']}": str(each["verdict"]) for each in found if isinstance(each, Mapping)}


def test_drift_in_the_database_is_named_by_object(shop: Shop) -> None:
    shop.execute("ALTER TABLE accounts ADD COLUMN nick text")
    shop.execute("CREATE INDEX ix_nick ON accounts (nick)")
    shop.execute("CREATE TABLE strays (id int PRIMARY KEY, note text)")

    outcome = compared(shop)

    assert outcome.name == "drift"
    assert verdicts(outcome) == {
        "column public.accounts.nick": "drift",
        "column_order public.accounts": "column order",
        "index public.accounts.ix_nick": "drift",
        "table public.strays": "drift",
    }
    assert count_drift(shop.services, shop.project.target("dev", shop.services.environ)) == 3


def test_a_model_without_a_migration_is_not_migrated(shop: Shop) -> None:
    shop.edit_models()

    outcome = compared(shop)

    assert outcome.name == "drift"
    assert verdicts(outcome) == {"table public.certificates": "not migrated"}


def test_a_revision_that_waits_is_no_drift(shop: Shop) -> None:
    shop.edit_models()
    shop.generated()

    outcome = compared(shop)

    assert outcome.name == "ok"
    assert verdicts(outcome) == {"table public.certificates": "not deployed yet"}


def test_what_was_made_by_hand_and_modelled_went_around_the_migrations(shop: Shop) -> None:
    shop.edit_models()
    shop.execute(
        "CREATE TABLE certificates (id serial, title varchar NOT NULL, CONSTRAINT pk_certificates PRIMARY KEY (id))"
    )

    assert verdicts(compared(shop)) == {"table public.certificates": "went around the migrations"}


def test_what_models_cannot_say_is_normal(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", "op.execute('CREATE VIEW emails AS SELECT email FROM accounts')")
    shop.upgrade()

    outcome = compared(shop)

    assert (outcome.name, verdicts(outcome)) == ("ok", {})


def test_tables_of_other_schemas_are_other_peoples(shop: Shop) -> None:
    shop.execute("CREATE SCHEMA reporting")
    shop.execute("CREATE TABLE reporting.daily (id int)")

    assert compared(shop).name == "ok"


def test_comparing_touches_nothing(shop: Shop) -> None:
    shop.edit_models()

    compared(shop)

    assert shop.rows("SELECT to_regclass('certificates'), (SELECT version_num FROM alembic_version)") == [(None, "a1")]


def test_models_that_do_not_import_stop_it_with_their_line(shop: Shop) -> None:
    shop.edit_models("\n1 / 0\n")

    with pytest.raises(MigrationError, match="division by zero"):
        compared(shop)
