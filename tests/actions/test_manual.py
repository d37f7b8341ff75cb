"""manual: what was ticked, and what was left open."""

from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take

from schema_sensei.engine.prompts import Checklist

PARAMETERS = {"items": ["tell the team", "commit"], "question": "Before you leave"}


def test_all_ticked_is_ok_and_the_rest_is_named(shop: Shop) -> None:
    manual = shop.actions["manual"]

    preview, complete = take(manual, Desk(PARAMETERS), ["1", "2"])
    _, open_ones = take(manual, Desk(PARAMETERS), ["2"])

    assert isinstance(preview.prompt, Checklist)
    assert [item.label for item in preview.prompt.items] == PARAMETERS["items"]
    assert (complete.name, complete.outputs["open"]) == ("ok", [])
    assert (open_ones.name, open_ones.outputs["open"]) == ("incomplete", ["tell the team"])
