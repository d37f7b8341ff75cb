"""Filling a column of a filled table: what is asked, what is shown, and every row exactly once."""

from typing import Any

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take

from schema_sensei.engine.ports import Intent
from schema_sensei.engine.prompts import Cancelled, Confirm
from schema_sensei.gates.errors import RefusedError
from schema_sensei.gates.filling import UnfitFillError
from schema_sensei.postgres import session
from schema_sensei.terms.json import JsonObject, JsonValue

COLUMN: JsonObject = {"schema": None, "table": "accounts", "column": "phone", "required": True, "source": ""}


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """Five thousand accounts without a phone, and a trigger that counts how often each is written."""
    shop.execute("ALTER TABLE accounts ADD COLUMN phone text")
    shop.execute("INSERT INTO accounts (email) SELECT 'person' || i FROM generate_series(1, 5000) AS i")
    shop.execute("CREATE TABLE writes (id int)")
    shop.execute(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO writes VALUES (NEW.id); RETURN NEW; END'"
    )
    shop.execute("CREATE TRIGGER note AFTER UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION note()")
    return shop


def _fill(expression: str, **more: JsonValue) -> Desk:
    fill: JsonObject = {"schema": None, "table": "accounts", "column": "phone", "expression": expression}
    return Desk({"fills": [fill], "environment": "dev", "batch": 500, "pause": 0, **more}, step="backfill")


def _once(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.rows("SELECT count(*), count(DISTINCT id) FROM writes")


def test_every_row_is_filled_once_in_batches_by_the_approved_statement(filled: Shop) -> None:
    desk = _fill("'unknown ' || id")

    preview, outcome = take(filled.actions["backfill"], desk, True)

    assert isinstance(preview.prompt, Confirm)
    assert preview.prompt.binding
    assert preview.prompt.facts["rows"] == 5000
    assert preview.prompt.facts["batches"] == 10
    assert outcome.outputs == {"rows": 5000, "left": 0}
    assert _once(filled) == [(5000, 5000)]
    assert filled.rows("SELECT phone FROM accounts WHERE id = 7") == [("unknown 7",)]
    assert [held["rows"] for held in desk.held] == [*range(500, 5001, 500), 5000]  # at last a look for newcomers
    again = filled.actions["backfill"].preview(_fill("'unknown ' || id"))
    assert (again.prompt, again.effect) == (None, False)


def test_a_cancelled_fill_keeps_its_batches_and_goes_on_where_it_was(filled: Shop) -> None:
    desk = _fill("'unknown'")

    def after_three() -> None:
        if len(desk.held) == 3:
            raise Cancelled

    desk.on_checkpoint = after_three
    preview = filled.actions["backfill"].preview(desk)
    intent = Intent(handle=preview.handle, answer=True)
    with pytest.raises(Cancelled):
        filled.actions["backfill"].perform(desk, intent)

    assert filled.rows("SELECT count(*) FROM accounts WHERE phone IS NULL") == [(3500,)]
    desk.on_checkpoint = lambda: None
    assert filled.actions["backfill"].reconcile(desk, intent).ground == "absent"
    again = filled.actions["backfill"].preview(desk)
    assert again.prompt is not None
    assert preview.prompt is not None
    assert again.prompt.digest == preview.prompt.digest  # the agreement stays good
    filled.actions["backfill"].perform(desk, intent)
    assert _once(filled) == [(5000, 5000)]
    assert filled.actions["backfill"].reconcile(desk, intent).ground == "applied"


def test_a_batch_that_meets_a_locked_row_waits_a_little_and_is_tried_again(filled: Shop) -> None:
    desk = _fill("'x'", batch=5000)
    with session.connect(filled.dev, autocommit=False) as other:
        other.execute("SELECT 1 FROM accounts WHERE id = 3 FOR UPDATE")
        desk.on_checkpoint = lambda: other.rollback() if desk.notes[1:] else None
        outcome = take(filled.actions["backfill"], desk, True)[1]
    assert outcome.outputs["rows"] == 5000
    assert any("tried again" in note for note in desk.notes)
    assert _once(filled) == [(5000, 5000)]


@pytest.mark.parametrize(
    "expression",
    [
        "nonsense",
        "1); DROP TABLE accounts; --",
        "'x'), email = ('y'",
        "'x' -- and no more",
        "(SELECT",
        "ARRAY[1]::int[]",
    ],
)
def test_an_expression_that_is_no_single_value_is_refused_before_anything_is_written(
    filled: Shop, expression: str
) -> None:
    if expression.endswith("no more"):  # a comment ends with its line, and hides nothing
        assert take(filled.actions["backfill"], _fill(expression), True)[1].outputs["rows"] == 5000
        return
    if "ARRAY" in expression:
        filled.execute("ALTER TABLE accounts ALTER COLUMN phone TYPE int USING NULL")
    with pytest.raises(UnfitFillError):
        filled.actions["backfill"].preview(_fill(expression))
    assert filled.rows("SELECT count(*) FROM accounts") == [(5000,)]
    assert _once(filled) == [(0, 0)]


def test_rows_whose_value_is_null_are_left_and_counted(filled: Shop) -> None:
    outcome = take(filled.actions["backfill"], _fill("CASE WHEN id > 100 THEN 'late' END"), True)[1]
    assert outcome.outputs == {"rows": 4900, "left": 100}


def test_a_table_without_a_key_and_a_protected_target_are_refused(filled: Shop) -> None:
    filled.execute("ALTER TABLE accounts DROP CONSTRAINT pk_accounts")
    with pytest.raises(UnfitFillError, match="no key"):
        filled.actions["backfill"].preview(_fill("'x'"))
    with pytest.raises(RefusedError):
        filled.actions["backfill"].preview(_fill("'x'", environment="prod"))


def test_a_key_of_several_columns_with_odd_names_is_walked_in_order(filled: Shop) -> None:
    filled.execute('CREATE TABLE "Odd % one" (a text, "b{}" date, c int, PRIMARY KEY (a, "b{}"))')
    filled.execute(
        """INSERT INTO "Odd % one" SELECT 'it''s ' || i % 7, date '2026-01-01' + i FROM generate_series(1, 70) i"""
    )
    fill: JsonObject = {"schema": "public", "table": "Odd % one", "column": "c", "expression": "length(a) % 5"}
    desk = Desk({"fills": [fill], "environment": "dev", "batch": 9, "pause": 0}, step="backfill")
    assert take(filled.actions["backfill"], desk, True)[1].outputs == {"rows": 70, "left": 0}
    assert [held["rows"] for held in desk.held] == [9, 18, 27, 36, 45, 54, 63, 70]


def test_the_formula_is_asked_until_the_server_takes_it(filled: Shop) -> None:
    answers = iter(["nonsense", "'unknown'"])

    class Typing(Desk):
        def ask(self, prompt: Any) -> JsonValue:
            self.asked.append(prompt)
            return next(answers)

    desk = Typing({"columns": [COLUMN], "environment": "dev"}, step="formula")
    outcome = take(filled.actions["formula"], desk)[1]
    assert outcome.outputs["fills"] == [
        {"schema": None, "table": "accounts", "column": "phone", "expression": "'unknown'"}
    ]
    assert [each.key for each in desk.asked] == ["formula.accounts.phone"] * 2
    assert "nonsense" in desk.notes[0]
    assert _once(filled) == [(0, 0)]


def test_no_row_waits_so_nothing_is_asked(filled: Shop) -> None:
    filled.execute("DELETE FROM accounts")
    desk = Desk({"columns": [COLUMN], "environment": "dev"}, step="formula")
    assert take(filled.actions["formula"], desk)[1].name == "nothing"
    assert desk.asked == []
