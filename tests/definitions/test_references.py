"""References: a whole one keeps its value, a part becomes text, unknown spreads."""

from typing import Any

import pytest

from schema_sensei.definitions.expressions import UNKNOWN, Value
from schema_sensei.definitions.references import Reference, ReferenceSyntaxError, parse, references, resolve, whole
from schema_sensei.terms.json import JsonValue

NAMES: dict[str, Any] = {
    "inputs": {"message": "add {x}", "count": 3},
    "generate": {"change": {"revision": "3f2a"}, "path": UNKNOWN},
}


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ("{generate.change}", {"revision": "3f2a"}),
        ("{ generate.change.revision }", "3f2a"),
        ("for {inputs.message}", "for add {x}"),
        ("{inputs.count} of {inputs.count}", "3 of 3"),
        ("{{literal}} {inputs.count}", "{literal} 3"),
        ("", ""),
        (["{inputs.count}", 1, None], [3, 1, None]),
        ({"a": {"b": "{inputs.count}"}}, {"a": {"b": 3}}),
        ("{generate.path}", UNKNOWN),
        ("at {generate.path}", UNKNOWN),
        (["x", "{generate.path}"], UNKNOWN),
        ({"a": ["{later.output}"]}, UNKNOWN),
        (7, 7),
    ],
)
def test_references_are_replaced(value: JsonValue, resolved: Value) -> None:
    assert resolve(value, NAMES) == resolved


@pytest.mark.parametrize(
    ("text", "column"), [("a {b", 3), ("a }", 3), ("{}", 1), ("{inputs}", 1), ("x{a b.c}", 2), ("{a.b!r}", 1)]
)
def test_braces_without_a_reference_are_told_with_their_column(text: str, column: int) -> None:
    with pytest.raises(ReferenceSyntaxError) as caught:
        parse(text)
    assert caught.value.column == column
    assert "{{" in caught.value.hint


def test_references_are_found_wherever_they_stand() -> None:
    assert references({"a": ["x {b.c}", 1], "d": "{e.f}"}) == (Reference("b.c", 3), Reference("e.f", 1))
    assert whole("{a.b}") == Reference("a.b", 1)
    assert whole("x{a.b}") is None
    assert whole(["{a.b}"]) is None
