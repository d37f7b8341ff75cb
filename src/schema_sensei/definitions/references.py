"""References in the texts of `with:`: `{step.output}`, `{inputs.message}`, `{environment.first}`, `{project.name}`.

A text that is exactly one reference stands for the value itself, whatever its type; elsewhere the value is written
into the text. `{{` and `}}` are literal braces. Anything that holds an UNKNOWN is UNKNOWN as a whole.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..terms.json import JsonValue
from .expressions import UNKNOWN, Value, look_up

_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+", re.ASCII)


class ReferenceSyntaxError(ValueError):
    """Braces that hold no reference; `column` is 1-based within the text."""

    def __init__(self, message: str, column: int, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Reference:
    """One `{a.b}`; `column` is that of its opening brace, 1-based within its text."""

    dotted: str
    column: int


def parse(text: str) -> tuple[str | Reference, ...]:
    """The text as literal pieces (never empty) and references. Raises ReferenceSyntaxError."""
    pieces: list[str | Reference] = []
    literal, at = "", 0
    for found in _PIECE.finditer(text):
        literal += text[at : found.start()]
        at = found.end()
        piece = found.group()
        if piece in ("{{", "}}"):
            literal += piece[0]
            continue
        inner = piece[1:-1].strip()
        if len(piece) == 1 or not _NAME.fullmatch(inner):
            raise ReferenceSyntaxError(
                f"{piece} is not a reference",
                found.start() + 1,
                "A reference looks like {step.output} or {inputs.name}; write {{ and }} for braces themselves.",
            )
        if literal:
            pieces.append(literal)
            literal = ""
        pieces.append(Reference(inner, found.start() + 1))
    literal += text[at:]
    return (*pieces, literal) if literal else tuple(pieces)


def references(value: JsonValue) -> tuple[Reference, ...]:
    """Every reference in a value of `with:`, lists and mappings included. Raises ReferenceSyntaxError."""
    return tuple(piece for text in _texts(value) for piece in parse(text) if isinstance(piece, Reference))


def whole(value: JsonValue) -> Reference | None:
    """The reference that a value consists of, or None when it is anything else."""
    if not isinstance(value, str):
        return None
    pieces = parse(value)
    only = pieces[0] if len(pieces) == 1 else None
    return only if isinstance(only, Reference) else None


def resolve(value: JsonValue, names: Mapping[str, Value]) -> Value:
    """The value with its references replaced; UNKNOWN as soon as one of them is.

    Names are found as in expressions. Raises ReferenceSyntaxError, which a linted definition never does.
    """
    if isinstance(value, str):
        return _resolve_text(value, names)
    if isinstance(value, Mapping):
        entries = {key: resolve(item, names) for key, item in value.items()}
        return UNKNOWN if any(item is UNKNOWN for item in entries.values()) else entries  # type: ignore[return-value]
    if isinstance(value, list | tuple):
        items = [resolve(item, names) for item in value]
        return UNKNOWN if any(item is UNKNOWN for item in items) else items  # type: ignore[return-value]
    return value


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _resolve_text(text: str, names: Mapping[str, Value]) -> Value:
    pieces = parse(text)
    values = [look_up(names, piece.dotted) if isinstance(piece, Reference) else piece for piece in pieces]
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    if len(pieces) == 1:
        return values[0]
    return "".join(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values)
