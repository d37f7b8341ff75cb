"""`new-table` on the practice project, by the real program on a real terminal: the same journal as from answers."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest
from tests.e2e.person import Person, as_made

from schema_sensei.practice import lesson

ENTER, DOWN = "\r", "\x1b[B"


def story(person: Person) -> list[tuple[Any, ...]]:
    """What the journal holds: every step, every answer, every outcome, in order."""
    run = json.loads(person.types("show", "--json").stdout)
    told: list[tuple[Any, ...]] = []
    for entry in run["entries"]:
        body = entry["body"]
        if entry["kind"] in {"noted", "kept", "claimed"}:
            continue
        told.append(
            (entry["kind"], entry["step"], entry["visit"], body.get("key"), body.get("answer"), body.get("outcome"))
        )
    return told


def by_answers(person: Person) -> None:
    ran = person.types("run", "new-table", "--answers", str(lesson.ANSWERS))
    assert ran.returncode == 0, ran.stdout + ran.stderr


def at_a_terminal(person: Person, face: str, talk: Callable[["pexpect.spawn[str]"], None]) -> None:
    programs = str(Path(sys.executable).parent)
    child = pexpect.spawn(
        "sensei",
        ["run", "new-table", face],
        cwd=str(person.root),
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 100),
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm", "EDITOR": "true"},
    )
    try:
        talk(child)
        child.expect(pexpect.EOF)
    finally:
        child.close()
    assert child.exitstatus == 0


def in_plain_lines(child: "pexpect.spawn[str]") -> None:
    for question, typed in (
        ("what this change is for", "add certificates"),
        ("edit the models", "the models"),
        ("approve exactly this SQL", "approve"),
        ("Deploy", "y"),
        ("Go on to staging", "go"),
        ("Apply it to staging", "y"),
        ("Go on to prod", "go"),
        ("Apply it to prod", "y"),
        ("Before you leave", "all"),
    ):
        child.expect(question)
        child.expect("keep")
        child.sendline(typed)


def in_prompts(child: "pexpect.spawn[str]") -> None:
    for question, keys in (
        ("what this change is for", "add certificates" + ENTER),
        ("edit the models", "3" + ENTER),
        ("approve exactly this SQL", "1" + ENTER),
        (r"\? .*Apply it to dev", "1" + ENTER),
        (r"\? .*Go on to staging", "1" + ENTER),
        (r"\? .*Apply it to staging", "1" + ENTER),
        (r"\? .*Go on to prod", "1" + ENTER),
        (r"\? .*Apply it to prod", "1" + ENTER),
        ("Before you leave", "a" + ENTER),
    ):
        child.expect(question)
        child.expect("keep")
        child.send(keys)


@pytest.fixture(scope="module")
def expected(practice: Path) -> list[tuple[Any, ...]]:
    as_made(practice)
    person = Person(practice)
    lesson.add_certificates(person.root)
    by_answers(person)
    return story(person)


@pytest.mark.parametrize(("face", "talk"), [("--plain", in_plain_lines), ("--prompts", in_prompts)])
def test_a_person_at_a_terminal_leaves_the_journal_that_answers_leave(
    expected: list[tuple[Any, ...]], person: Person, face: str, talk: Callable[["pexpect.spawn[str]"], None]
) -> None:
    lesson.add_certificates(person.root)
    at_a_terminal(person, face, talk)
    for name in ("dev", "staging", "prod"):
        assert "certificates" in person.tables(name), name
    assert story(person) == expected
    assert [entry[3] for entry in expected if entry[0] == "answered"] == [
        "inputs.message",
        "edit",
        "review",
        "deploy",
        "onward-staging",
        "promote-staging",
        "onward-prod",
        "promote-prod",
        "note",
    ]
