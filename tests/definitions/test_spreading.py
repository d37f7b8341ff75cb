"""Steps that are there once for each later environment."""

from pathlib import Path

import pytest

from schema_sensei.actions.signatures import signatures
from schema_sensei.definitions.library import Library, read_workflow
from schema_sensei.definitions.lint import check
from schema_sensei.definitions.spreading import in_general, spread
from schema_sensei.definitions.workflow import Workflow
from schema_sensei.terms.errors import UsageError

TEXT = """\
id: travel
title: Travel
when: A change travels.
risk: {backup: none, review: low, testing: standard}
steps:
  - id: start
    action: generate
    with: {message: travel}
    on: {unchanged: prove, in_steps: stop}
  - id: prove
    each: later
    title: Prove it for {environment.this}
    why: "{environment.this} may differ."
    action: rehearse
    with: {change: "{start.change}", environment: "{environment.this}"}
    on: {unproven: promote, failed: stop}
  - id: promote
    each: later
    title: Deploy to {environment.this}
    when: prove.proof.value == "proven" and environment.this != environment.first
    confirm: Really to {environment.this}?
    action: deploy
    with: {change: "{prove.change}", environment: "{environment.this}"}
    on: {declined: note, changed: start}
  - id: note
    action: manual
    with: {items: ["{{environment.this}} stays as it is"]}
    on: {incomplete: done}
"""


def travel(text: str = TEXT) -> Workflow:
    return read_workflow(text, "travel.yaml")


def problems(place: Path, text: str) -> set[str]:
    (place / "travel.yaml").write_text(text)
    return {problem.code for problem in check([place / "travel.yaml"], signatures())}


def test_each_later_environment_gets_the_steps_in_order() -> None:
    laid_out = spread(travel(), ["dev", "staging", "prod"])

    assert [step.id for step in laid_out.steps] == [
        "start", "prove-staging", "promote-staging", "prove-prod", "promote-prod", "note",
    ]  # fmt: skip
    assert laid_out.step("promote-prod").title == "Deploy to prod"
    assert laid_out.step("promote-prod").confirm == "Really to prod?"
    assert laid_out.step("prove-staging").why == "staging may differ."
    assert laid_out.step("note").with_ == {"items": ["{{environment.this}} stays as it is"]}


def test_between_the_steps_of_an_environment_names_mean_its_own() -> None:
    laid_out = spread(travel(), ["dev", "staging", "prod"])

    promote = laid_out.step("promote-prod")
    assert promote.with_ == {"change": "{prove-prod.change}", "environment": "prod"}
    assert promote.when == "prove-prod.proof.value == \"proven\" and 'prod' != environment.first"
    assert {outcome: str(goal) for outcome, goal in promote.on.items()} == {"declined": "note", "changed": "start"}
    assert str(laid_out.step("prove-prod").on["unproven"]) == "promote-prod"
    assert laid_out.step("prove-prod").with_["change"] == "{start.change}"


def test_from_outside_the_first_later_environment_is_meant() -> None:
    assert str(spread(travel(), ["dev", "staging", "prod"]).step("start").on["unchanged"]) == "prove-staging"


def test_with_one_environment_the_steps_are_not_there_and_the_way_goes_on_behind_them() -> None:
    laid_out = spread(travel(), ["dev"])

    assert [step.id for step in laid_out.steps] == ["start", "note"]
    assert str(laid_out.step("start").on["unchanged"]) == "note"


def test_without_a_step_behind_them_the_way_ends() -> None:
    only = travel(TEXT.partition("  - id: note")[0].replace("declined: note", "declined: done"))

    assert str(spread(only, ["dev"]).step("start").on["unchanged"]) == "done"


def test_what_is_laid_out_stays_so() -> None:
    laid_out = spread(travel(), ["dev", "staging"])

    assert spread(laid_out, ["dev", "other"]) is laid_out


def test_two_steps_of_one_name_are_refused() -> None:
    clashing = travel(TEXT.replace("id: note", "id: prove-prod").replace("declined: note", "declined: done"))

    with pytest.raises(UsageError, match="Two steps of the workflow travel are called prove-prod"):
        spread(clashing, ["dev", "prod"])


def test_a_library_for_a_project_shows_what_runs_there() -> None:
    steps = [step.id for step in Library.load().laid_out(["dev", "prod"]).workflows["new-table"].steps]

    assert "promote-prod" in steps
    assert "promote" not in steps


def test_readers_without_a_project_read_words() -> None:
    assert in_general("Deploy to {environment.this}") == "Deploy to the next environment"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("{unchanged: prove, in_steps", "{unchanged: promote, in_steps", "into-each"),
        ("action: manual\n", "action: manual\n    title: Done on {environment.this}\n", "unknown-name"),
        ('items: ["{{environment.this}} stays', 'items: ["{environment.this} stays', "unknown-name"),
        ('items: ["{{environment.this}} stays as', 'items: ["{promote.heads} stays as', "not-run-yet"),
        ("  - id: start\n", "  - id: start\n    each: later\n", "each-first"),
        ("    each: later\n    title: Prove", "    each: every\n    title: Prove", "bad-value"),
    ],
)
def test_the_linter_tells_what_is_wrong_with_such_steps(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in TEXT
    assert code in problems(tmp_path, TEXT.replace(old, new))


def test_the_linter_has_nothing_against_right_ones(tmp_path: Path) -> None:
    assert problems(tmp_path, TEXT) == {"unreachable-workflow"}
