"""`lint` tells everything at once: YAML, shape, names and ways of a file, whatever else is wrong in it, and no more."""

import re

import pytest
from tests.definitions.conftest import Lint
from tests.definitions.samples import ADD, FILES, LOOK, TREE
from tests.definitions.test_lint import MEANING, SHAPE

from schema_sensei.definitions.problems import Problem

UNREADABLE = [
    ("title: Add tables", "title: Add: tables"),
    ("title: Add tables", 'title: "Add tables'),
    ("title: Add tables", "title: {Add tables"),
    ("title: Add tables", "title: @Add tables"),
    ("title: Add tables", "title: Add tables\n\twhy: x"),
    ("    why: Nobody deploys what nobody read.", "    why: Nobody deploys: what nobody read."),
    ("    why: Nobody deploys what nobody read.", "    why: 'Nobody deploys what nobody read."),
    ("    why: Nobody deploys what nobody read.", "   why: Nobody deploys what nobody read."),
    ("    why: Nobody deploys what nobody read.", "    why: [Nobody, deploys"),
]


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in problems]


@pytest.mark.parametrize(("old", "new", "code", "mark", "hint"), SHAPE)
def test_a_mistake_of_shape_has_no_consequences(
    lint: Lint, old: str, new: str, code: str, mark: str, hint: str
) -> None:
    found = codes(lint({"add.yaml": ADD.replace(old, new, 1)}))
    assert set(found) <= {code, "missing-key", "unknown-key"}, "only what was written, not what follows from it"
    assert len(found) <= 2


@pytest.mark.parametrize(("old", "new"), UNREADABLE)
def test_what_is_not_yaml_has_no_consequences(lint: Lint, old: str, new: str) -> None:
    assert old in ADD
    problems = lint({"add.yaml": ADD.replace(old, new, 1)})
    assert codes(problems) == ["yaml-syntax"]
    assert problems[0].line == ADD[: ADD.index(old)].count("\n") + 1 + new.count("\n")


@pytest.mark.parametrize(("old", "new"), UNREADABLE)
@pytest.mark.parametrize(("before", "after", "code"), [entry[:3] for entry in MEANING if entry[2] in {
    "unknown-action", "unknown-outcome", "unknown-parameter", "bad-pattern", "bad-expression", "bad-reference",
    "unknown-workflow", "missing-parameter", "unknown-output",
}])  # fmt: skip
def test_what_is_not_yaml_hides_no_mistake_elsewhere(
    lint: Lint, old: str, new: str, before: str, after: str, code: str
) -> None:
    text = ADD.replace(before, after, 1)
    assert old in text
    assert {"yaml-syntax", code} <= set(codes(lint({"add.yaml": text.replace(old, new, 1)})))


@pytest.mark.parametrize(("before", "after", "code"), [entry[:3] for entry in MEANING])
def test_a_mistake_of_shape_hides_no_mistake_of_meaning(lint: Lint, before: str, after: str, code: str) -> None:
    text = ADD.replace("review: medium", "review: none", 1).replace(before, after, 1)
    found = codes(lint({"add.yaml": text}))
    assert {"bad-value", code} <= set(found)


def test_every_layer_of_every_file_is_told_in_one_go(lint: Lint) -> None:
    add = (
        ADD.replace("title: Add tables", "title: Add: tables")
        .replace("backup: none", "backup: some")
        .replace("retries: 1", "retries: 1\n    retries: 2")
        .replace("action: deploy", "action: deploi")
        .replace("{inputs.message}", "{inputs.massage}")
    )
    tree = TREE.replace("label: Change tables", "label: [Change]").replace("workflow:add", "workflow:ad")
    look = LOOK.replace("action: test", "action: test\n    on: {failed: again")
    assert codes(lint({"add.yaml": add, "tree.yaml": tree, "look.yaml": look})) == [
        *("yaml-syntax", "bad-value", "unknown-input", "unknown-action", "duplicate-key"),
        "yaml-syntax",
        *("wrong-type", "unknown-workflow"),
    ]


def test_many_broken_lines_are_each_told_once(lint: Lint) -> None:
    steps = "".join(f"  - action: test\n    title: a: {number}\n" for number in range(12))
    problems = lint({"look.yaml": re.sub(r"  - action: test\n", steps, LOOK)})
    syntax = [problem.line for problem in problems if problem.code == "yaml-syntax"]
    assert syntax == [7 + 2 * number for number in range(12)]


def test_a_file_that_is_no_mapping_is_told_as_that(lint: Lint) -> None:
    for text in ("- a\n", "a\n", "[", "- [a\n", "{", '"'):
        assert lint({"look.yaml": text})
    assert lint({}) == ()
    assert len(FILES) == 4
