"""What looks like a drop and an addition is asked about, and a rename keeps every row, name and key."""

from typing import Any

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take

from schema_sensei.engine.ports import Outcome
from schema_sensei.engine.prompts import Choose
from schema_sensei.terms.json import JsonValue

PARAMETERS: dict[str, JsonValue] = {"message": "new names", "head": None, "way": "whole"}
COLUMN = "generate.rename.accounts.email-address"


def _models(shop: Shop, *edits: tuple[str, str]) -> None:
    path = shop.root / "app/models.py"
    text = path.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def _desk(**answers: JsonValue) -> Desk:
    return Desk(PARAMETERS, answers=answers, step="generate")


def _deploy(shop: Shop, generated: Outcome) -> None:
    change = shop.approved(generated.outputs["change"])
    _, outcome = take(shop.actions["deploy"], shop.deployment(change), True)
    assert outcome.name == "ok"


def _agrees(shop: Shop) -> Outcome:
    return take(shop.actions["sync"], Desk({"environment": "dev"}))[1]


def test_a_renamed_column_keeps_its_rows_and_the_names_that_follow_it(shop: Shop) -> None:
    _models(
        shop,
        ('"pk": "pk_%(table_name)s"', '"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"'),
        ("mapped_column(String(200))", "mapped_column(String(200), index=True, unique=True)"),
    )
    _deploy(shop, take(shop.actions["generate"], _desk())[1])
    shop.execute("INSERT INTO accounts (email) SELECT 'person' || i FROM generate_series(1, 50) AS i")
    _models(
        shop,
        ("    email: Mapped[str] = mapped_column(String(200)", "    address: Mapped[str] = mapped_column(String(300)"),
    )

    desk = _desk(**{COLUMN: "rename"})
    outcome = take(shop.actions["generate"], desk)[1]

    change: Any = outcome.outputs["change"]
    source = (shop.root / str(outcome.outputs["path"])).read_text()
    assert "new_column_name='address'" in source
    assert change["nature"]["destructive"] is False
    assert [type(each) for each in desk.asked] == [Choose]
    assert not [note for note in desk.notes if "differ" in note]
    _deploy(shop, outcome)
    assert shop.rows("SELECT count(*), count(address) FROM accounts") == [(50, 50)]
    names = shop.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'accounts' ORDER BY 1")
    assert names == [("ix_accounts_address",), ("pk_accounts",)]
    assert _agrees(shop).name == "ok"
    assert take(shop.actions["rehearse"], Desk({"change": change}))[1].name == "ok"


def test_a_renamed_table_keeps_its_rows_and_its_keys_take_the_new_name(shop: Shop) -> None:
    shop.execute("INSERT INTO accounts (email) VALUES ('ada'), ('grace')")
    _models(shop, ('"accounts"', '"members"'))

    outcome = take(shop.actions["generate"], _desk(**{"generate.rename.accounts-members": "rename"}))[1]

    assert "op.rename_table('accounts', 'members')" in (shop.root / str(outcome.outputs["path"])).read_text()
    _deploy(shop, outcome)
    assert shop.rows("SELECT email FROM members ORDER BY 1") == [("ada",), ("grace",)]
    assert shop.rows("SELECT conname FROM pg_constraint WHERE conrelid = 'members'::regclass AND contype = 'p'") == [
        ("pk_members",)
    ]
    assert _agrees(shop).name == "ok"
    assert take(shop.actions["rehearse"], Desk({"change": outcome.outputs["change"]}))[1].name == "ok"


def test_a_column_in_a_renamed_table_is_asked_about_after_the_table(shop: Shop) -> None:
    _models(shop, ("    email:", "    nick: Mapped[str | None]\n    phone: Mapped[int | None]\n    email:"))
    _deploy(shop, take(shop.actions["generate"], _desk())[1])
    shop.execute("INSERT INTO accounts (email) VALUES ('ada')")
    _models(shop, ('"accounts"', '"members"'), ("    email:", "    address:"))
    answers = {"generate.rename.accounts-members": "rename", "generate.rename.members.email-address": "rename"}

    desk = _desk(**answers)
    _deploy(shop, take(shop.actions["generate"], desk)[1])

    assert [each.key for each in desk.asked] == [*answers]
    assert shop.rows("SELECT address FROM members") == [("ada",)]
    assert _agrees(shop).name == "ok"


def test_what_is_no_rename_is_written_as_it_was_found(shop: Shop) -> None:
    _models(shop, ("    email:", "    address:"))

    outcome = take(shop.actions["generate"], _desk(**{COLUMN: "separate"}))[1]

    change: Any = outcome.outputs["change"]
    assert change["nature"]["destructive"] is True
    source = (shop.root / str(outcome.outputs["path"])).read_text()
    assert "add_column" in source
    assert "drop_column" in source


def test_a_question_that_nobody_answers_writes_no_file(shop: Shop) -> None:
    _models(shop, ("    email:", "    address:"))
    before = sorted((shop.root / "migrations/versions").glob("*.py"))

    with pytest.raises(KeyError):
        take(shop.actions["generate"], _desk())

    assert sorted((shop.root / "migrations/versions").glob("*.py")) == before


def test_two_candidates_are_asked_about_one_by_one_and_a_name_is_given_once(shop: Shop) -> None:
    _models(shop, ("    email:", "    phone: Mapped[str | None]\n    address:"))
    desk = _desk(**{"generate.rename.accounts.email-phone": "separate", COLUMN: "rename"})

    source = (shop.root / str(take(shop.actions["generate"], desk)[1].outputs["path"])).read_text()

    assert "new_column_name='address'" in source
    assert "op.add_column('accounts', sa.Column('phone'" in source
    assert len(desk.asked) == 2
