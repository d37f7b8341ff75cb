"""Expressions: what they mean, that they are total, and where a wrong one goes wrong."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema_sensei.definitions.expressions import UNKNOWN, ExpressionError, Value, evaluate, names, parse

NAMES: dict[str, Any] = {
    "rows": 3,
    "empty": [],
    "pair": (1, 2),
    "yes": True,
    "text": "abc",
    "later": UNKNOWN,
    "deploy-dev": {"heads": ["a1"], "digest": UNKNOWN},
    "a.b": "whole key",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("rows == 3", True),
        ("rows != 3", False),
        ("rows < 3.5 and rows >= 3", True),
        ("-1 < rows", True),
        ("empty == []", True),
        ("pair == [1, 2]", True),
        ("1 == true", False),
        ('"a" < "b"', True),
        ('"b" in text', True),
        ("4 not in [1, 2]", True),
        ('"a1" in deploy-dev.heads', True),
        ('"heads" in deploy-dev', True),
        ("a.b == 'whole key'", True),
        ("not rows == 4", True),
        ("not not yes", True),
        ("yes or later", True),
        ("later or yes", True),
        ("not yes and later", False),
        ("(yes or yes) and rows in [3]", True),
        ("null == null", True),
        (r'"say \"hi\"" == "x"', False),
        ("text", "abc"),
        # what is not known, or cannot be compared, stays unknown
        ("later", UNKNOWN),
        ("not later", UNKNOWN),
        ("yes and later", UNKNOWN),
        ("not yes or later", UNKNOWN),
        ("missing == 1", UNKNOWN),
        ("deploy-dev.missing.deeper == 1", UNKNOWN),
        ("text < 3", UNKNOWN),
        ("rows in 3", UNKNOWN),
        ("not text", UNKNOWN),
        ("later in [1]", UNKNOWN),
    ],
)
def test_expressions_mean_what_they_say(text: str, value: Value) -> None:
    assert evaluate(parse(text), NAMES) == value
    assert type(evaluate(parse(text), NAMES)) is type(value)


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "ends"),
        ("a =  1", 3, "=="),
        ("a == ", 5, "ends"),
        ("a == 1 b", 8, "'b'"),
        ("a & b", 3, "and"),
        ("(a", 3, "')' is missing"),
        ("a < 1 < 2", 7, "chained"),
        ('a == "x', 6, "quote"),
        ("a in [b]", 7, "no names"),
        ("a in [1 2]", 9, "']' is missing"),
        ("a not b", 3, "not in"),
        ("a == 010", 6, "does not belong"),
        ("{a.b} == 1", 1, "without braces"),
        ("(" * 40 + "a", 31, "deep"),
        ("not " * 40 + "a", 125, "in a row"),
        ("a" * 2000, 1000, "characters"),
    ],
)
def test_a_wrong_expression_is_told_with_its_column(text: str, column: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.column == column
    assert says in f"{caught.value.message} {caught.value.hint}"


def test_names_are_listed_with_their_columns() -> None:
    found = names(parse("not a.b == 1 and c in [1] or (d)"))
    assert [(name.dotted, name.column) for name in found] == [("a.b", 5), ("c", 18), ("d", 31)]


def test_unknown_refuses_to_be_a_truth() -> None:
    with pytest.raises(TypeError):
        bool(UNKNOWN)


PIECES = st.sampled_from(
    [*NAMES, "and", "or", "not", "in", "==", "<", ">=", "(", ")", "[", "]", ",", "1", "'x'", "true"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(PIECES, max_size=14).map(" ".join) | st.text(max_size=30), st.dictionaries(st.sampled_from("abcd"), JSON)
)
def test_parsing_tells_and_evaluating_never_raises(text: str, values: dict[str, Value]) -> None:
    column = 1
    try:
        expression = parse(text)
        evaluate(expression, {**NAMES, **values, "rows": values.get("a", 1), "text": values.get("b", UNKNOWN)})
    except ExpressionError as error:
        column = error.column
    assert 1 <= column <= len(text) + 1


def test_a_value_nested_beyond_reason_is_unknown() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    other: list[Any] = []
    for _ in range(100_000):
        other = [other]
    assert evaluate(parse("a == b"), {"a": deep, "b": other}) is UNKNOWN
