"""The main route, action by action, on a real project: generate, review, deploy, sync, and back."""

from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take

from schema_sensei.changes.change import Change


def test_a_new_table_travels_from_the_models_to_dev_and_back(shop: Shop) -> None:
    shop.edit_models()

    generated = shop.generated()

    change = Change.from_json(generated.outputs["change"])
    assert generated.name == "ok"
    assert (shop.root / str(generated.outputs["path"])).is_file()
    assert change.base == ("a1",)
    assert change.nature.additive
    assert change.up.transactional
    assert "CREATE TABLE certificates" in change.up.reading
    assert change.down is not None
    assert "DROP TABLE certificates" in change.down.reading

    preview, review = take(shop.actions["review"], Desk({"change": generated.outputs["change"]}), "approve")
    assert preview.prompt is not None
    assert preview.prompt.digest == change.digest == review.outputs["digest"]

    _, rehearsal = take(shop.actions["rehearse"], Desk({"change": review.outputs["change"]}))
    desk = shop.deployment(rehearsal.outputs["change"])
    preview, deployed = take(shop.actions["deploy"], desk, True)
    assert preview.target is not None
    assert preview.target.environment == "dev"
    assert deployed.name == "ok"
    assert deployed.outputs["heads"] == list(change.heads)
    assert shop.rows("SELECT to_regclass('certificates') IS NOT NULL") == [(True,)]

    _, compared = take(shop.actions["sync"], Desk({"environment": "dev"}))
    assert (compared.name, compared.outputs["verdicts"]) == ("ok", [])

    again, nothing = take(shop.actions["deploy"], shop.deployment(rehearsal.outputs["change"]))
    assert again.prompt is None
    assert nothing.outputs["units"] == 0
