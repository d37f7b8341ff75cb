"""Checks the shape of a document against `wire`, and says every deviation in a person's words, with its place."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .problems import Problem, did_you_mean
from .wire import WIRES, Kind
from .yaml_source import Document, Path


def validate(document: Document, kind: Kind) -> tuple[BaseModel | None, list[Problem]]:
    """The document as its wire model, or None and every problem of its shape."""
    wire = WIRES[kind]
    try:
        return wire.model_validate(document.data), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True, include_input=True)
        return None, [_problem(document, wire, detail) for detail in details]


def _problem(document: Document, wire: type[BaseModel], detail: ErrorDetails) -> Problem:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    name = str(path[-1])[:60] if path else "the file"
    shown = f"`{name}`" if path and isinstance(path[-1], str) else "this entry" if path else "the file"
    owner = path[:-1]
    match detail["type"]:
        case "missing":
            message, hint = f"`{name}` is missing", f"Add `{name}:`. {_meaning(wire, owner, name)}".strip()
            return document.problem("missing-key", message, owner, hint)
        case "extra_forbidden":
            known = _keys(wire, owner)
            return document.problem(
                "unknown-key", f"`{name}` is no key here", path, did_you_mean(name, known), key=True
            )
        case "string_pattern_mismatch" | "string_too_long" | "string_too_short" if detail["loc"][-1:] == ("[key]",):
            hint = "Use small letters, digits, - and _, beginning with a letter; at most 60 characters."
            return document.problem("bad-value", f"{shown} is no valid name", path, hint, key=True)
        case kind:
            message, hint = _words(kind, shown, detail, _meaning(wire, owner, name))
            return document.problem("wrong-type" if kind in _TYPES else "bad-value", message, path, hint)


_TYPES: Final[Mapping[str, str]] = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
}


def _words(kind: str, shown: str, detail: ErrorDetails, meaning: str) -> tuple[str, str]:
    given, context = detail["input"], detail.get("ctx", {})
    if kind in _TYPES:
        hint = meaning
        if kind == "string_type" and isinstance(given, bool | int | float):
            hint = "Quote it, so that it is a text."
        elif kind == "bool_type" and str(given).lower() in ("yes", "no", "on", "off", "true", "false"):
            hint = "Write true or false, in small letters and without quotes."
        return f"{shown} must be {_TYPES[kind]}, not {_describe(given)}", hint
    if kind == "literal_error":
        known = [part.strip("' ") for part in str(context.get("expected", "")).replace(" or ", ", ").split(",")]
        return f"{shown} cannot be {_describe(given)}", did_you_mean(str(given), known)
    if kind == "string_pattern_mismatch":
        return (
            f"{shown} cannot be {_describe(given)}",
            f"{_pattern_hint(str(context.get('pattern')))} {meaning}".strip(),
        )
    if kind in ("string_too_short", "too_short"):
        return f"{shown} is empty or too short", meaning
    if kind in ("string_too_long", "too_long"):
        return f"{shown} is too long: at most {context.get('max_length')}", meaning
    if kind in ("less_than_equal", "greater_than_equal"):
        bound = f"at most {context.get('le')}" if "le" in context else f"at least {context.get('ge')}"
        return f"{shown} must be {bound}, not {_describe(given)}", meaning
    return f"{shown}: {detail['msg']}", meaning


def _describe(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case str():
            return f"{value[:40]!r}" + ("..." if len(value) > 40 else "")
        case int() | float():
            return str(value)
        case list():
            return "a list"
        case _:
            return "a mapping"


def _pattern_hint(pattern: str) -> str:
    if "question" in pattern:
        return "Write question:<id> or workflow:<id>."
    if "done|stop" in pattern:
        return "Write a step's id, done, stop or workflow:<id>."
    if "a-z" in pattern:
        return "Use small letters, digits, - and _, beginning with a letter."
    return "Write it on one line, without spaces at its ends."


def _wire_at(wire: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The wire model that describes the mapping at a path."""
    found: type[BaseModel] | None = wire
    for part in path:
        if found is None:
            return None
        named = {field.alias or name: field for name, field in found.model_fields.items()}
        if isinstance(part, str) and part in named:
            inner = _inner(named[part].annotation)
            if inner is None:
                return None
            found = inner
    return found


def _inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((inner for argument in get_args(annotation) if (inner := _inner(argument))), None)


def _keys(wire: type[BaseModel], path: Path) -> list[str]:
    at = _wire_at(wire, path)
    return [field.alias or name for name, field in at.model_fields.items()] if at else []


def _meaning(wire: type[BaseModel], owner: Path, name: str) -> str:
    at = _wire_at(wire, owner)
    fields = {field.alias or key: field for key, field in at.model_fields.items()} if at else {}
    return (fields[name].description or "") if name in fields else ""
