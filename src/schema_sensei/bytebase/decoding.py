"""Reads proto3 JSON tolerantly: omitted zero values, int64 as text, unknown fields, unknown enum names."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

Body = Mapping[str, Any]
E = TypeVar("E", bound=StrEnum)


def text(body: Body, key: str) -> str:
    """The text, or "" where it is absent or no text."""
    value = body.get(key)
    return value if isinstance(value, str) else ""


def number(body: Body, key: str) -> int:
    """The number, also where it stands as text (int64 does); 0 where it is absent."""
    value = body.get(key)
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    return 0


def flag(body: Body, key: str) -> bool:
    """True only where it says true."""
    return body.get(key) is True


def inner(body: Body, key: str) -> Body:
    """The message inside, or an empty one."""
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def items(body: Body, key: str) -> tuple[Body, ...]:
    """The list of messages, or ()."""
    value = body.get(key)
    return tuple(each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()


def texts(body: Body, key: str) -> tuple[str, ...]:
    """The list of texts, or ()."""
    value = body.get(key)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def member(body: Body, key: str, kind: type[E], absent: E, unknown: E) -> E:
    """The enum member by name; `absent` where the key is left out (number 0), `unknown` for names we do not know."""
    value = body.get(key)
    if value is None or value == 0:
        return absent
    try:
        return kind(value) if isinstance(value, str) else unknown
    except ValueError:
        return unknown
