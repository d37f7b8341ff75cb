"""Reads request bodies as the REST surface does: unknown fields, wrong types and broken JSON are refused."""

import difflib
import json
from typing import Any

from .calls import Fields
from .refusals import invalid
from .wire import Body, snake


def read(raw: bytes, fields: Fields) -> Body:
    """The body, its names in camel case. Raises Refusal with protobuf's words."""
    text = raw.decode("utf-8", "replace")
    if not text.strip():
        return {}
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg:
            raise invalid("unexpected EOF") from None
        raise invalid(
            f"proto: syntax error (line {error.lineno}:{error.colno}): unexpected token {text[error.pos :][:1]}"
        ) from None
    if not isinstance(body, dict):
        raise invalid(f"proto: syntax error (line 1:1): unexpected token {text.strip()[:1]}")
    return _message(body, fields, text)


def _message(body: dict[str, Any], fields: Fields, text: str) -> Body:
    by_snake = {snake(name): name for name in fields}
    read: Body = {}
    for given, value in body.items():
        name = given if given in fields else by_snake.get(given)
        if name is None:
            raise invalid(f"{_hint(given, fields)}proto: {_place(text, given)}: unknown field {json.dumps(given)}")
        if value is not None:
            read[name] = _value(value, fields[name], given, text)
    return read


def _value(value: Any, kind: Any, name: str, text: str) -> Any:
    if isinstance(kind, list):
        if isinstance(value, list):
            return [_value(each, kind[0], name, text) for each in value]
    elif isinstance(kind, dict):
        if isinstance(value, dict):
            return _message(value, kind, text)
    elif kind is int:
        if isinstance(value, int | str) and not isinstance(value, bool) and str(value).lstrip("-").isdigit():
            return int(value)
    elif isinstance(value, (int, float) if kind is float else kind):
        return value
    word = {str: "string", bool: "bool", int: "int32"}.get(kind, "message") if isinstance(kind, type) else "message"
    raise invalid(f"proto: {_place(text, name)}: invalid value for {word} field {name}: {json.dumps(value)}")


def _hint(given: str, fields: Fields) -> str:
    near = difflib.get_close_matches(given, list(fields), n=1)
    return f'did you mean: "{near[0]}"?: ' if near else ""


def _place(text: str, name: str) -> str:
    before = text[: max(text.find(json.dumps(name)), 0)]
    return f"(line {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))})"
