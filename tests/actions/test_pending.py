"""What is written and not everywhere yet."""

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take

from schema_sensei.changes.change import Change
from schema_sensei.terms.errors import UnreachableError


def test_the_change_begins_where_the_last_environment_stands(shop: Shop) -> None:
    preview, outcome = take(shop.actions["pending"], Desk())

    assert "Not everywhere yet" in preview.summary
    assert Change.from_json(outcome.outputs["change"]).base == ()  # prod is empty still
    assert outcome.outputs["revisions"] == ["a1"]


def test_an_environment_that_cannot_be_looked_at_is_said_and_not_counted(shop: Shop) -> None:
    without = {name: value for name, value in shop.services.environ.items() if name != "PROD_URL"}

    preview, outcome = take(shop.with_services(environ=without).actions["pending"], Desk())

    assert "prod does not count" in str(preview.blocks)
    assert (outcome.name, outcome.summary) == (
        "unchanged",
        "Every environment that can be looked at has every revision",
    )


def test_when_none_can_be_looked_at_nothing_is_claimed(shop: Shop) -> None:
    nowhere = {name: value for name, value in shop.services.environ.items() if not name.endswith("_URL")}

    with pytest.raises(UnreachableError, match="No environment can be looked at"):
        take(shop.with_services(environ=nowhere).actions["pending"], Desk())
