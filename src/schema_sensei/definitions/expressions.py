"""The language of `when:` and of approval rules: total, three-valued, no calls, no arithmetic.

    sync.verdicts == []  and  not (inputs.kind in ["small", "tiny"])  or  project.name != "demo"

Names are dotted (`step.output`, `inputs.x`, `rows`); literals are texts in single or double quotes, numbers, true,
false, null and lists of these. Evaluation never raises: what is not known, or cannot be compared, is UNKNOWN, and
`and`, `or`, `not` follow Kleene's strong three-valued logic.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, TypeAlias, assert_never

from ..terms.json import JsonValue

MAX_LENGTH = 1000
MAX_DEPTH = 30


class Unknown(Enum):
    """The type of UNKNOWN: a value that is decided at run time, or cannot be decided at all."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        """Refuse: unknown is neither true nor false; compare with `is`."""
        raise TypeError("unknown is neither true nor false; compare with `is True`, `is False` or `is UNKNOWN`")


UNKNOWN: Final = Unknown.UNKNOWN
Value: TypeAlias = "JsonValue | Unknown"
Truth: TypeAlias = bool | Unknown
Comparator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]


class ExpressionError(ValueError):
    """A text that is no expression; `column` is 1-based within the text."""

    def __init__(self, message: str, column: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class Name:
    """A dotted name; `column` is where it stands, 1-based."""

    dotted: str
    column: int


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Junction:
    """All of (`and`), or one of (`or`) its parts."""

    word: Literal["and", "or"]
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values and how they compare."""

    left: "Node"
    comparator: Comparator
    right: "Node"


Node: TypeAlias = Constant | Name | Not | Junction | Comparison


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression and the text it came from."""

    text: str
    root: Node


def parse(text: str) -> Expression:
    """Parse an expression. Raises ExpressionError with the column where it stops making sense."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression may have {MAX_LENGTH} characters, this has {len(text)}", MAX_LENGTH)
    return Expression(text, _Parser(text).whole())


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


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?(?![\w.]))
    | (?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)
    | (?P<text>"(?:[^"\\]|\\["\\])*"|'(?:[^'\\]|\\['\\])*')
    | (?P<mark>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)
    )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(.)")
_CONSTANTS: Final[Mapping[str, JsonValue]] = {"true": True, "false": False, "null": None}
_WORDS = frozenset({"and", "or", "not", "in", *_CONSTANTS})
_HINTS = {
    "=": "Use == to compare.",
    "&": "Use the word `and`.",
    "|": "Use the word `or`.",
    "!": "Use the word `not`, or != to compare.",
    '"': "Close the text with the same quote it opens with.",
    "'": "Close the text with the same quote it opens with.",
    "{": "Write the name without braces here.",
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(f"{text[at]!r} does not belong here", at + 1, _HINTS.get(text[at], ""))
        kind, content = found.lastgroup, found.group(found.lastgroup)
        word = kind == "name" and content in _WORDS
        yield _Token("word" if word else kind, content, found.start(found.lastgroup) + 1)
        at = found.end()
    yield _Token("end", "", end + 1)


class _Parser:
    """Recursive descent; `or` binds loosest, then `and`, `not`, comparison."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0

    def whole(self) -> Node:
        node = self.junction("or")
        token = self.tokens[self.at]
        if token.kind != "end":
            raise ExpressionError(f"{token.text!r} does not belong here", token.column, "Join conditions with and, or.")
        return node

    def take(self, *texts: str, kinds: tuple[str, ...] = ("mark", "word")) -> _Token | None:
        token = self.tokens[self.at]
        if token.kind not in kinds or token.text not in texts:
            return None
        self.at += 1
        return token

    def junction(self, word: Literal["and", "or"]) -> Node:
        parts = [self.junction("and") if word == "or" else self.negation()]
        while self.take(word):
            parts.append(self.junction("and") if word == "or" else self.negation())
        return parts[0] if len(parts) == 1 else Junction(word, tuple(parts))

    def negation(self) -> Node:
        count = 0
        while self.take("not"):
            count += 1
            if count > MAX_DEPTH:
                raise ExpressionError("too many `not` in a row", self.tokens[self.at].column)
        node = self.comparison()
        for _ in range(count):
            node = Not(node)
        return node

    def comparison(self) -> Node:
        left = self.operand()
        comparator = self.comparator()
        if comparator is None:
            return left
        right = self.operand()
        token = self.tokens[self.at]
        if self.comparator() is not None:
            raise ExpressionError("comparisons cannot be chained", token.column, "Join two comparisons with `and`.")
        return Comparison(left, comparator, right)

    def comparator(self) -> Comparator | None:
        for symbol in _COMPARATORS:
            if self.take(symbol):
                return symbol
        if self.tokens[self.at].text == "not" and self.tokens[self.at].kind == "word":
            if self.tokens[self.at + 1].text != "in":
                raise ExpressionError(
                    "`not` does not belong here", self.tokens[self.at].column, "Write `not in`, or `!=`."
                )
            self.at += 2
            return "not in"
        return None

    def operand(self) -> Node:
        token = self.tokens[self.at]
        if self.take("("):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise ExpressionError("the expression is nested too deeply", token.column)
            node = self.junction("or")
            self.close(")", token)
            self.depth -= 1
            return node
        if self.take("["):
            return Constant(self.items(token))
        if token.kind == "name":
            self.at += 1
            return Name(token.text, token.column)
        return Constant(self.scalar())

    def scalar(self) -> JsonValue:
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "text":
            return _ESCAPE.sub(r"\1", token.text[1:-1])
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        if token.kind == "word" and token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        self.at -= 1
        found = f"not {token.text!r}" if token.text else "but the expression ends"
        raise ExpressionError(f"a name or a value is expected here, {found}", token.column)

    def items(self, opened: _Token) -> JsonValue:
        items: list[JsonValue] = []
        while not self.take("]"):
            if items and not self.take(","):
                self.close("]", opened)
                break
            nested = self.tokens[self.at]
            if nested.kind == "name":
                raise ExpressionError("a list holds values, no names", nested.column, f'Quote it: "{nested.text}".')
            items.append(self.scalar())
        return items

    def close(self, mark: str, opened: _Token) -> None:
        if not self.take(mark):
            token = self.tokens[self.at]
            raise ExpressionError(
                f"{mark!r} is missing for the {opened.text!r} at column {opened.column}", token.column
            )


_COMPARATORS: Final[tuple[Comparator, ...]] = ("==", "!=", "<=", ">=", "<", ">", "in")


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
