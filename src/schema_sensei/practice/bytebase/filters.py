"""The small part of CEL that lists understand: comparisons and contains() joined by &&."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .refusals import invalid

Field: TypeAlias = Callable[[Any], Any]
Condition: TypeAlias = Callable[[Any], bool]

_TEXT = r'"(?:[^"\\]|\\.)*"'
_COMPARED = re.compile(rf"\s*([\w.]+)\s*(==|>=|<=|in)\s*({_TEXT}|\[[^\]]*\]|true|false)\s*\Z")
_CONTAINS = re.compile(rf"\s*([\w.]+)\.contains\(\s*({_TEXT})\s*\)\s*\Z")
_OPERATORS = {"==": "_==_", ">=": "_>=_", "<=": "_<=_", "in": "@in"}


def parse(text: str, fields: Mapping[str, Field]) -> Condition:
    """What a row must be like. Raises Refusal for an unknown variable and for what no list understands."""
    conditions = [_condition(part, fields) for part in _parts(text)]
    return lambda row: all(condition(row) for condition in conditions)


def _parts(text: str) -> list[str]:
    return [part for part in re.split(rf"&&(?=(?:[^\"]|{_TEXT})*\Z)", text) if part.strip()]


def _condition(part: str, fields: Mapping[str, Field]) -> Condition:
    if found := _CONTAINS.match(part):
        field, wanted = _field(found[1], "contains", fields), json.loads(found[2]).lower()
        return lambda row: wanted in str(field(row)).lower()
    found = _COMPARED.match(part)
    if not found:
        raise invalid(f"failed to parse filter: invalid_argument: failed to parse filter {part.strip()!r}")
    name, operator, literal = found.groups()
    field, value = _field(name, _OPERATORS[operator], fields), json.loads(literal)
    if operator == "==":
        return lambda row: _equal(field(row), value)
    if operator == "in":
        return lambda row: _in(field(row), value)
    if operator == ">=":
        return lambda row: str(field(row)) > value
    return lambda row: str(field(row)) < value


def _equal(held: Any, wanted: Any) -> bool:
    """A list of labels equals a text when it holds it."""
    return wanted in held if isinstance(held, list) else bool(held == wanted)


def _in(held: Any, wanted: list[Any]) -> bool:
    """A list of labels must hold all that are wanted."""
    return all(each in held for each in wanted) if isinstance(held, list) else held in wanted


def _field(name: str, operator: str, fields: Mapping[str, Field]) -> Field:
    if name not in fields:
        raise invalid(f'failed to parse filter: invalid_argument: unsupport variable "{name}" with {operator} operator')
    return fields[name]
