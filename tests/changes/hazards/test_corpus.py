"""Every migration of the corpus on a real server: hazards are found, safe ones pass, false alarms are cleared."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from schema_sensei.changes.hazards.linting import HAZARD_OF, SEEN_BY_LOCKS
from schema_sensei.changes.hazards.pages import page
from schema_sensei.changes.hazards.review import prepare, review
from schema_sensei.changes.hazards.squawk import lint
from schema_sensei.changes.hazards.statements import split
from schema_sensei.changes.hazards.transactions import transactions
from schema_sensei.terms.secrets import Secret

CORPUS: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("corpus.yaml").read_text())


@dataclass(frozen=True)
class Case:
    """One migration with what must be found, what must be cleared, and what it needs beside setup.sql."""

    name: str
    sql: str
    setup: str
    expect: frozenset[str]
    cleared: frozenset[str]


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(
            Case(
                each["name"],
                each["sql"],
                each.get("setup", ""),
                frozenset(each.get("expect", ())),
                frozenset(each.get("cleared", ())),
            ),
            id=each["name"].replace(" ", "-"),
        )
        for each in CORPUS[kind]
    ]


def test_the_corpus_is_large_enough_and_names_nothing_twice() -> None:
    names = [(kind, each["name"]) for kind, some in CORPUS.items() for each in some]

    assert len(names) >= 60
    assert len(set(names)) == len(names)


def linter_alone(sql: str) -> set[str]:
    """What squawk with our configuration says, in our words; design advice not counted."""
    found = [each for part in transactions(split(sql)) for each in lint(part, server_version=180004)]
    return {HAZARD_OF.get(each.rule, "questionable") for each in found}


def test_the_readme_compares_with_the_linter_alone() -> None:
    family = SEEN_BY_LOCKS | {"scan-under-lock", "fails-on-data", "validate-in-same-transaction"}
    named = 0
    for each in CORPUS["hazards"]:
        wanted = set(each["expect"])
        named += bool(linter_alone(each["sql"]) & (wanted | (family if wanted & family else set())))
    alarms = sum(any(page(name).level != "advice" for name in linter_alone(each["sql"])) for each in CORPUS["safe"])

    hazards, safe = len(CORPUS["hazards"]), len(CORPUS["safe"])
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    assert f"| squawk alone | {named} of {hazards} | {alarms} of {safe} |" in readme
    assert f"| `sensei review` | {hazards} of {hazards} | 0 of {safe} |" in readme  # as the tests below hold


@pytest.mark.parametrize("case", cases("hazards"))
def test_a_hazard_is_found(case: Case, copy: Secret) -> None:
    prepare(copy, case.setup, name="setup")

    found = review(copy, case.sql, target="the corpus")

    standing = {each.id for each in found.hazards if not each.cleared}
    assert case.expect <= standing
    blocking = {each.id for each in found.hazards if each.level == "blocks" and not each.cleared}
    assert found.blocked == bool(blocking)


@pytest.mark.parametrize("case", cases("safe"))
def test_a_safe_migration_is_not_blocked(case: Case, copy: Secret) -> None:
    prepare(copy, case.setup, name="setup")

    found = review(copy, case.sql, target="the corpus")

    blocking = [(each.id, each.object) for each in found.hazards if each.level != "advice" and not each.cleared]
    allowed = {"foreign-key-without-index"}  # true of a foreign key that is added NOT VALID
    assert [each for each in blocking if each[0] not in allowed] == []
    assert not found.blocked
    cleared = {each.id: each for each in found.hazards if each.cleared}
    assert case.cleared <= set(cleared)
    assert all(each.reason for each in cleared.values())
