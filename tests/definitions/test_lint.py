"""Lint: sound definitions have no problem; each mistake gets its code, its place and a hint."""

from pathlib import Path

import pytest
from tests.definitions.conftest import Lint
from tests.definitions.samples import ADD, FILES, LOOK, SIGNATURES, TREE, TROUBLE, write

from schema_sensei.actions.signatures import signatures
from schema_sensei.definitions.contents import bundled_directory
from schema_sensei.definitions.lint import check


def test_sound_definitions_have_no_problem(lint: Lint) -> None:
    assert lint({}) == ()


def test_the_bundled_definitions_have_no_problem() -> None:
    assert check([bundled_directory()], signatures()) == ()


def place(text: str, mark: str) -> tuple[int, int]:
    """Line and column of the first `mark` in a text."""
    before = text[: text.index(mark)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


SHAPE = [
    ("title: Add tables", "titel: Add tables", "unknown-key", "titel", "`title`"),
    ("title: Add tables\n", "", "missing-key", "id: add", "Add `title:`"),
    ("title: Add tables", "title: [x]", "wrong-type", "[x]", ""),
    ("title: Add tables", "title: 7", "wrong-type", "7", "Quote"),
    ("title: Add tables", "title:", "wrong-type", "", ""),
    ("title: Add tables", 'title: " x"', "bad-value", '" x"', "one line"),
    ("title: Add tables", f"title: {'x' * 300}", "bad-value", "xxx", ""),
    ("backup: none", "backup: nine", "bad-value", "nine", "`none`"),
    ("review: medium, ", "", "missing-key", "{backup", "`review:`"),
    ("risk: {backup: none, review: medium, testing: standard}", "risk: x", "wrong-type", "x\n", ""),
    ("timeout: 5m", "timeout: 5x", "bad-value", "5x", "5m"),
    ("timeout: 5m", "timeout: -1", "bad-value", "-1", ""),
    ("timeout: 5m", "timeout: true", "bad-value", "true", ""),
    ("timeout: 5m", "skippable: yes", "wrong-type", "yes", "true or false"),
    ("retries: 1", "retries: 11", "bad-value", "11", ""),
    ("retries: 1", "retries: 1.5", "wrong-type", "1.5", ""),
    ("{unchanged: done}", "{unchanged: Done it}", "bad-value", "Done", "done, stop"),
    ("{unchanged: done}", "{Unchanged: done}", "bad-value", "Unchanged", "small letters"),
    ("message: {ask", "Message: {ask", "bad-value", "Message", "small letters"),
    ("- action: generate", "- acton: generate", "unknown-key", "acton", "`action`"),
]
MEANING = [
    ("id: add", "id: adds", "file-name", "adds", "Rename"),
    ("id: deploy-first", "id: review", "duplicate-id", "review\n    action: deploy", "of its own"),
    ("id: deploy-first", "id: done", "reserved-id", "done\n    action", "another id"),
    ('pattern: "\\\\S.{2,70}"', 'pattern: "(x"', "bad-pattern", "(x", "regular expressions"),
    ("default: a table", "default: x", "bad-default", "x}", "3 to 71"),
    ("action: deploy", "action: deploi", "unknown-action", "deploi", "`deploy`"),
    ("{unchanged: done}", "{unchanged: nowhere}", "unknown-step", "nowhere", "Known"),
    ("{unchanged: done}", "{unchanged: 'workflow:lock'}", "unknown-workflow", "'workflow", "`look`"),
    ("{unchanged: done}", "{unchanged: done, unchangd: done}", "unknown-outcome", "unchangd", "`unchanged`"),
    ("    on: {rejected: generate}\n", "", "unhandled-outcome", "action: review", "`rejected`"),
    ('message: "{inputs', 'massage: "{inputs', "unknown-parameter", "massage", "`message`"),
    ('    with: {message: "{inputs.message}"}\n', "", "missing-parameter", "action: gen", "What for."),
    ('"{inputs.message}"', "3", "wrong-type", "3}", "What for."),
    ('"{inputs.message}"', 'x, depth: "3"', "wrong-type", '"3"', ""),
    ('"{inputs.message}"', "x, dry: no", "wrong-type", "no}", ""),
    ('"{inputs.message}"', "x, files: a.py", "wrong-type", "a.py", ""),
    ('"{inputs.message}"', "x, style: shrt", "bad-value", "shrt", "`short`"),
    ('"{generate.change}"', "abc", "wrong-type", "abc", ""),
    ("{inputs.message}", "{inputs.massage}", "unknown-input", "{inputs.mas", "`message`"),
    ("{inputs.message}", "for {input.message}", "unknown-reference", "{input.", "`inputs`"),
    ("{generate.change}", "{generate.chnge}", "unknown-output", "{generate.chn", "`change`"),
    ("{environment.first}", "{project.nam}", "unknown-name", "{project", "`name`"),
    ("{inputs.message}", "{inputs.message", "bad-reference", "{inputs", "{{"),
    ("{generate.change}", "{review.change}", "not-run-yet", "{review", "earlier"),
    ("review.hazards == 0 or", "review.hazards = 0 or", "bad-expression", "= 0", "=="),
    ("review.hazards == 0 or", "review.hazard == 0 or", "unknown-output", "review.hazard ", "`hazards`"),
    ("review.hazards == 0 or", "hazards == 0 or", "unknown-reference", "hazards ==", "Known"),
    ("{rejected: generate}", "{rejected: generate, ok: generate}", "unreachable-step", "id: deploy", "Lead"),
    ("action: deploy", "action: drop", "danger-without-undo", "id: deploy", "confirm"),
    ("  - action: review\n", "  - action: review\n    when: inputs.message == 'y'\n", "not-run-yet", "{review", "when"),
    ("  - action: review\n", "  - action: review\n    skippable: true\n", "not-run-yet", "{review", "skippable"),
]


@pytest.mark.parametrize(("old", "new", "code", "mark", "hint"), SHAPE + MEANING)
def test_a_mistake_in_a_workflow_is_told(lint: Lint, old: str, new: str, code: str, mark: str, hint: str) -> None:
    assert old in ADD
    text = ADD.replace(old, new, 1)
    found = [problem for problem in lint({"add.yaml": text}) if problem.code == code]
    assert found, code
    if mark:
        assert place(text, mark) in [(problem.line, problem.column) for problem in found]
    assert any(hint in problem.hint for problem in found)
    assert all(problem.file.endswith("add.yaml") for problem in found)


def test_all_mistakes_are_told_at_once(lint: Lint) -> None:
    text = (
        ADD.replace("backup: none", "backup: x")
        .replace("timeout: 5m", "timout: 5m")
        .replace("retries: 1", "retries: x")
    )
    assert [problem.code for problem in lint({"add.yaml": text})] == ["bad-value", "unknown-key", "wrong-type"]


def test_a_loop_that_nothing_can_leave_is_told(lint: Lint) -> None:
    text = ADD.partition("    when: review")[0] + "    on: {ok: generate}\n"
    endless = text.replace("on: {unchanged: done}", "on: {unchanged: generate}")
    assert [problem.code for problem in lint({"add.yaml": endless})] == ["endless-loop"] * 3
    assert lint({"add.yaml": text}) == ()


def test_outputs_of_a_step_on_another_way_are_told(lint: Lint) -> None:
    text = ADD.replace("on: {unchanged: done}", "on: {unchanged: deploy-first}")
    problems = lint({"add.yaml": text})
    assert {problem.code for problem in problems} == {"not-run-yet"}
    assert len(problems) == 2  # in `with:` and in `when:`


def test_a_confirmed_danger_is_accepted(lint: Lint) -> None:
    text = LOOK.replace("action: test", "action: drop\n    confirm: Drop it for good?")
    assert lint({"look.yaml": text}) == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "mark", "hint"),
    [
        ("question:tables", "question:table", "unknown-question", '"question', "`tables`"),
        ("workflow:add", "workflow:ad", "unknown-workflow", '"workflow:ad', "`add`"),
        ("workflow:add", "add", "bad-value", '"add"', "question:<id>"),
        ("root: start", "root: strt", "unknown-question", "strt", "`start`"),
        ("root: start", "root: tables", "unreachable-question", "start\n", "Lead"),
        ("root: start\n", "", "missing-key", "questions", "root"),
        ("    ask: Are they there already?\n", "", "missing-ask", "id: tables", "Known"),
        ("id: tables", "id: start", "duplicate-id", "start\n    ask: Are", "leave `ask` out"),
        ("key: there", "key: new", "duplicate-id", 'new, label: "Yes"', "another key"),
        ("workflow:add", "question:start", "circle", '"question:start', "going back"),
        ("answers: [tables, new]", "answers: [tables, old]", "scenario", "old]", "Known"),
        ("answers: [tables, new]", "answers: [tables]", "scenario", "add}", "Correct"),
        ("answers: [tables, new]", "answers: [tables, new, x]", "scenario", "x]", "Remove"),
        ("leads_to: add", "leads_to: look", "scenario", "look}", "promise"),
        ('"prod"', "prod", "unknown-name", "prod'", "project.name"),
        (' != "prod"', " != ", "bad-expression", " ', to", ""),
    ],
)
def test_a_mistake_in_the_tree_is_told(lint: Lint, old: str, new: str, code: str, mark: str, hint: str) -> None:
    assert old in TREE
    text = TREE.replace(old, new, 1)
    found = [problem for problem in lint({"tree.yaml": text}) if problem.code == code]
    assert place(text, mark) in [(problem.line, problem.column) for problem in found]
    assert any(hint in problem.hint for problem in found)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("dangerous: false", "dangerous: no", "wrong-type"),
        ("workflow: look", "workflow: lock", "unknown-workflow"),
        ('["relation * already exists"]', '["* a *"]', "bad-match"),
        ('["relation * already exists"]', "[]", "bad-value"),
        ("    remedy: Look first.\n", "", "missing-key"),
        (TROUBLE, TROUBLE + TROUBLE.partition("\n")[2], "duplicate-id"),
    ],
)
def test_a_mistake_in_troubleshooting_is_told(lint: Lint, old: str, new: str, code: str) -> None:
    problems = lint({"troubleshooting.yaml": TROUBLE.replace(old, new)})
    assert [problem.code for problem in problems] == [code]


def test_a_workflow_no_answer_leads_to_is_told_unless_another_hands_over_to_it(lint: Lint) -> None:
    lonely = LOOK.replace("id: look", "id: lonely")
    assert [problem.code for problem in lint({"lonely.yaml": lonely})] == ["unreachable-workflow"]
    handing_over = LOOK + "    on: {failed: 'workflow:lonely'}\n"
    assert lint({"lonely.yaml": lonely, "look.yaml": handing_over}) == ()


def test_a_reference_to_a_broken_file_is_no_second_problem(lint: Lint) -> None:
    assert [problem.code for problem in lint({"look.yaml": "title: x: y"})] == ["yaml-syntax"]


def test_two_workflows_of_one_name_are_told(lint: Lint) -> None:
    problems = lint({"more/look.yaml": LOOK})
    assert [problem.code for problem in problems] == ["duplicate-id"]


def test_a_team_adds_choices_to_a_bundled_question(tmp_path: Path) -> None:
    bundled = write(tmp_path / "bundled", FILES)
    team = {
        "tree.yaml": 'questions: [{id: start, choices: [{key: ours, label: Ours, to: "workflow:ours"}]}]',
        "ours.yaml": LOOK.replace("id: look", "id: ours"),
    }
    assert check([write(tmp_path / "team", team)], SIGNATURES, context=[bundled]) == ()


def test_a_single_file_is_checked_among_its_neighbours(tmp_path: Path) -> None:
    tree = TREE.replace("start", "team-start").replace("tables\n", "team-tables\n")
    tree = tree.replace("question:tables", "question:team-tables")
    directory = write(tmp_path / "workflows", {**FILES, "tree.yaml": tree, "broken.yaml": "nonsense"})
    assert check([directory / "add.yaml"], SIGNATURES) == ()


def test_what_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "directory.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    assert [problem.code for problem in check([tmp_path / "empty"], SIGNATURES)] == ["no-definitions"]
    assert [problem.code for problem in check([tmp_path / "missing.yaml"], SIGNATURES)] == ["unreadable"]
    assert [problem.code for problem in check([tmp_path / "loop.yaml"], SIGNATURES)] == ["unreadable"]
    assert [problem.code for problem in check([Path("\0.yaml")], SIGNATURES)] == ["unreadable"]
