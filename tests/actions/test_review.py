"""review: what a person sees, and what the approval is bound to."""

from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take
from tests.actions.small_project import write_revision

from schema_sensei.changes.change import Change
from schema_sensei.engine.prompts import Choose, Code, Prose


def prompt_for(shop: Shop, change: object) -> Choose:
    prompt = shop.actions["review"].preview(Desk({"change": change})).prompt  # type: ignore[dict-item]  # JSON
    assert isinstance(prompt, Choose)
    return prompt


def test_an_addition_is_shown_both_ways_and_safe_to_approve(shop: Shop) -> None:
    shop.edit_models()
    change = shop.generated().outputs["change"]

    prompt = prompt_for(shop, change)

    codes = [block for block in prompt.blocks if isinstance(block, Code)]
    assert [code.title for code in codes] == ["Up", "Down"]
    assert "guard: refuses to run unless the database stands at a1" in codes[0].text
    assert prompt.binding
    assert prompt.default == "approve"
    assert prompt.facts["additive"] is True
    assert prompt.facts["destructive"] is False
    assert prompt.digest == prompt.facts["digest"] == Change.from_json(change).digest


def test_what_destroys_is_never_the_default(shop: Shop) -> None:
    models = shop.root / "app/models.py"
    models.write_text(models.read_text().replace("    email: Mapped[str] = mapped_column(String(200))\n", ""))

    desk = Desk({"change": shop.generated().outputs["change"]}, {"step.drop-column.reason": "unused", "step": "stop"})
    first = take(shop.actions["review"], desk, "accept")[0].prompt

    assert isinstance(first, Choose)
    assert (first.key, first.default, first.facts["level"]) == ("step.drop-column", None, "blocks")
    prompt = desk.asked[-1]
    assert isinstance(prompt, Choose)
    assert prompt.facts["destructive"] is True
    assert prompt.default is None


def test_a_hand_written_revision_is_nobodys_promise(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", "op.execute('DELETE FROM accounts WHERE id = 1')")

    prompt = prompt_for(shop, shop.generated().outputs["change"])

    assert prompt.default is None
    assert prompt.facts["additive"] is None
    assert prompt.facts["destructive"] is None


def test_without_a_way_back_it_says_why(shop: Shop) -> None:
    write_revision(shop.root, "b2", "a1", "op.execute('SELECT 1')", "raise NotImplementedError('one way')")

    prompt = prompt_for(shop, shop.generated().outputs["change"])

    assert prompt.facts["down"] is False
    assert any(isinstance(block, Prose) and "no way back" in block.text for block in prompt.blocks)


def test_an_edited_file_is_shown_as_it_is_now(shop: Shop) -> None:
    shop.edit_models()
    outcome = shop.generated()
    path = shop.root / str(outcome.outputs["path"])
    path.write_text(path.read_text().replace("title", "name"))

    preview, reviewed = take(shop.actions["review"], Desk({"change": outcome.outputs["change"]}), "approve")

    assert preview.prompt is not None
    assert preview.prompt.facts["additive"] is None
    change = Change.from_json(reviewed.outputs["change"])
    assert "name VARCHAR" in change.up.text
    assert change.approved
    assert change.approval is not None
    assert (change.approval.by, change.approval.at) == ("ada@desk", 1_790_000_000.0)


def test_no_is_an_answer_in_two_ways(shop: Shop) -> None:
    shop.edit_models()
    change = shop.generated().outputs["change"]

    for answer, name in (("edit", "rejected"), ("stop", "stopped")):
        _, outcome = take(shop.actions["review"], Desk({"change": change}), answer)
        assert (outcome.name, dict(outcome.outputs)) == (name, {})
