"""Script and Change: what a digest covers, and the journey through JSON."""

import json
from dataclasses import replace

import pytest

from schema_sensei.changes.change import Change
from schema_sensei.changes.nature import Nature
from schema_sensei.changes.script import Script
from schema_sensei.migrations.unit import Unit

GUARD = "DO $guard$ BEGIN END $guard$"
UP = Unit("b2", ("a1",), ("b2",), transactional=True, statements=(GUARD, "CREATE TABLE t (i int)", "UPDATE v"))
OUTSIDE = Unit("c3", ("b2",), ("b2",), transactional=False, statements=("CREATE INDEX CONCURRENTLY i ON t (i)",))
LAST = Unit("c3", ("b2",), ("c3",), transactional=True, statements=(GUARD, "UPDATE v"))
DOWN = Unit("b2", ("b2",), ("a1",), transactional=True, statements=(GUARD, "DROP TABLE t"))
OPAQUE = Unit("b2", ("a1",), ("b2",), transactional=True, statements=(), opaque=True, reason="it reads rows")


def change(*up: Unit, down: Script | None = None) -> Change:
    return Change("a change", ("a1",), Script(up), down, Nature(("create t",), ("t",), True, False), {"b2.py": "00"})


@pytest.mark.parametrize(
    "other",
    [
        (replace(UP, statements=(GUARD, "CREATE TABLE t (i int);\nUPDATE v")),),
        (replace(UP, statements=(GUARD, "CREATE TABLE t (i bigint)", "UPDATE v")),),
        (replace(UP, statements=UP.statements[1:]),),
        (replace(UP, transactional=False),),
        (replace(UP, heads_before=("a0",)),),
        (UP, OUTSIDE),
        (),
    ],
    ids=["boundaries", "text", "guard", "transaction", "place", "unit more", "unit less"],
)
def test_every_difference_makes_another_digest(other: tuple[Unit, ...]) -> None:
    assert Script(other).digest != Script((UP,)).digest


def test_a_script_survives_json_with_its_digest() -> None:
    script = Script((UP, OUTSIDE, LAST))

    again = Script.from_json(json.loads(json.dumps(script.to_json())))

    assert again == script
    assert again.digest == script.digest


def test_facts_of_a_script() -> None:
    script = Script((UP, OUTSIDE, LAST))

    assert (script.start, script.end, script.revisions) == (("a1",), ("c3",), ("b2", "c3"))
    assert script.statements == 4
    assert not script.transactional
    assert not script.opaque


def test_people_read_guards_as_one_line_and_can_read_all() -> None:
    script = Script((UP, OUTSIDE))

    assert GUARD not in script.reading
    assert "guard: refuses to run unless the database stands at a1" in script.reading
    assert GUARD in script.text
    assert "unit 2 of 2 · revision c3 · outside a transaction" in script.text


def test_a_comment_at_the_end_does_not_swallow_the_semicolon() -> None:
    script = Script((replace(UP, statements=(GUARD, "DROP TABLE a -- gone", "DROP TABLE b")),))

    assert "DROP TABLE a -- gone\n;\nDROP TABLE b;" in script.reading


def test_an_approval_holds_for_its_text_only() -> None:
    approved = change(UP, down=Script((DOWN,))).approve(at=1.0, by="ada")

    assert approved.approved
    assert not replace(approved, up=Script((UP, LAST))).approved
    assert not replace(approved, down=None).approved


def test_an_opaque_change_is_bound_to_its_files() -> None:
    opaque = change(OPAQUE)

    assert replace(opaque, sources={"b2.py": "11"}).digest != opaque.digest
    assert replace(change(UP), sources={"b2.py": "11"}).digest == change(UP).digest


def test_a_change_survives_json_with_its_approval() -> None:
    approved = change(UP, OUTSIDE, LAST, down=Script((DOWN,))).approve(at=1.5, by="ada")

    assert Change.from_json(json.loads(json.dumps(approved.to_json()))) == approved


@pytest.mark.parametrize("data", [None, 7, "x", [], {}, {"up": {"units": 3}}, {**change(UP).to_json(), "up": []}])
def test_what_is_no_change_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="not a change"):
        Change.from_json(data)  # type: ignore[arg-type]  # wrong on purpose
