"""The language of `when:` and of approval rules: total, three-valued, no calls, no arithmetic.

    sync.verdicts == []  and  not (inputs.kind in ["small", "tiny"])  or  project.name != "demo"

Names are dotted (`step.output`, `inputs.x`, `rows`); literals are texts in single or double quotes, numbers, true,
false, null and lists of these. Evaluation never raises: what is not known, or cannot be compared, is UNKNOWN, and
`and`, `or`, `not` follow Kleene's strong three-valued logic.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final, Literal, TypeAlias, assert_never

from ..terms.json import JsonValue
from .expression_syntax import (
    Comparator,
    Comparison,
    Constant,
    Expression,
    ExpressionError,
    Junction,
    Name,
    Node,
    Not,
    parse,
)

__all__ = [
    "UNKNOWN",
    "Expression",
    "ExpressionError",
    "Name",
    "Unknown",
    "Value",
    "evaluate",
    "look_up",
    "names",
    "parse",
]


class Unknown(Enum):
    """The type of UNKNOWN: a value that is decided at run time, or cannot be decided at all."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        """Refuse: unknown is neither true nor false; compare with `is`."""
        raise TypeError("unknown is neither true nor false; compare with `is True`, `is False` or `is UNKNOWN`")


UNKNOWN: Final = Unknown.UNKNOWN
Value: TypeAlias = "JsonValue | Unknown"
Truth: TypeAlias = bool | Unknown


def evaluate(expression: Expression, names: Mapping[str, Value]) -> Value:
    """The value over these names; never raises. See `look_up` for how a dotted name is found."""
    return _value(expression.root, names)


def names(expression: Expression) -> tuple[Name, ...]:
    """Every name used, in order, with its column."""
    return tuple(_names(expression.root))


def look_up(names: Mapping[str, Value], dotted: str) -> Value:
    """The value of a dotted name: the key `a.b` itself, else key `b` of the mapping under `a`; UNKNOWN without it."""
    if dotted in names:
        return names[dotted]
    first, *rest = dotted.split(".")
    value = names.get(first, UNKNOWN)
    for part in rest:
        if not isinstance(value, Mapping) or part not in value:
            return UNKNOWN
        value = value[part]
    return value


def _names(node: Node) -> Iterator[Name]:
    match node:
        case Constant():
            return
        case Name():
            yield node
        case Not(operand):
            yield from _names(operand)
        case Junction(_, parts):
            for part in parts:
                yield from _names(part)
        case Comparison(left, _, right):
            yield from _names(left)
            yield from _names(right)
        case _:
            assert_never(node)


def _value(node: Node, names: Mapping[str, Value]) -> Value:
    match node:
        case Constant(value):
            return value
        case Name(dotted):
            return look_up(names, dotted)
        case Not(operand):
            truth = _truth(_value(operand, names))
            return UNKNOWN if truth is UNKNOWN else not truth
        case Junction(word, parts):
            return _joined(word, [_truth(_value(part, names)) for part in parts])
        case Comparison(left, comparator, right):
            return _compared(_value(left, names), comparator, _value(right, names))
        case _:
            assert_never(node)


def _truth(value: Value) -> Truth:
    return value if isinstance(value, bool) else UNKNOWN


def _joined(word: Literal["and", "or"], truths: list[Truth]) -> Truth:
    decisive = word == "or"
    if any(truth is decisive for truth in truths):
        return decisive
    return UNKNOWN if any(truth is UNKNOWN for truth in truths) else not decisive


def _compared(left: Value, comparator: Comparator, right: Value) -> Truth:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    match comparator:
        case "==":
            return _same(left, right)
        case "!=":
            return _negated(_same(left, right))
        case "in":
            return _contains(right, left)
        case "not in":
            return _negated(_contains(right, left))
        case "<":
            return _negated(_at_most(right, left))
        case "<=":
            return _at_most(left, right)
        case ">":
            return _negated(_at_most(left, right))
        case ">=":
            return _at_most(right, left)
        case _:
            assert_never(comparator)


def _negated(truth: Truth) -> Truth:
    return truth if isinstance(truth, Unknown) else not truth


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _same(left: JsonValue, right: JsonValue) -> Truth:
    try:
        return _equal(left, right)
    except RecursionError:
        return UNKNOWN


def _equal(left: JsonValue, right: JsonValue) -> bool:
    if isinstance(left, bool) != isinstance(right, bool):
        return False  # in JSON true is not 1
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    return left == right


def _at_most(left: JsonValue, right: JsonValue) -> Truth:
    if isinstance(left, str) and isinstance(right, str):
        return left <= right
    if _is_number(left) and _is_number(right):
        return bool(left <= right)  # type: ignore[operator]  # both are numbers, the line above saw to it
    return UNKNOWN


def _contains(container: JsonValue, item: JsonValue) -> Truth:
    if isinstance(container, str):
        return item in container if isinstance(item, str) else UNKNOWN
    if isinstance(container, Mapping):
        return item in container if isinstance(item, str) else UNKNOWN
    if isinstance(container, list | tuple):
        return _joined("or", [_same(element, item) for element in container])
    return UNKNOWN
