"""The grammar of expressions: a text becomes a tree of constants, names, comparisons and junctions.

or  <  and  <  not  <  comparison (== != < <= > >= in, not in)  <  name, literal, list of literals, parentheses
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ..terms.json import JsonValue

MAX_LENGTH = 1000
MAX_DEPTH = 30

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
