"""Prompts, blocks and labels as JSON and back, so that the journal holds what a person saw."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from ..terms.json import JsonObject, JsonValue
from ..terms.targets import TargetLabel
from .prompts import (
    Block,
    Checklist,
    Choose,
    Code,
    Confirm,
    EnterText,
    Option,
    Prompt,
    Prose,
    Resolve,
    Stakes,
    Table,
    TypedConfirm,
)

_KINDS: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Checklist, Choose, Code, Confirm, EnterText, Option, Prose, Resolve, Stakes, Table, TypedConfirm, TargetLabel,
    )
}  # fmt: skip
_TAG = "is"
T = TypeVar("T")


def encode(value: object) -> JsonValue:
    """JSON of a prompt, block, label, or of anything JSON; dataclasses are tagged with their class."""
    if is_dataclass(value) and not isinstance(value, type):
        tagged: dict[str, JsonValue] = {_TAG: type(value).__name__}
        tagged.update({field.name: encode(getattr(value, field.name)) for field in fields(value)})
        return tagged
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(key): encode(item) for key, item in value.items()}
        case Sequence() | frozenset() | set():
            return [encode(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no place in the journal")


def plain_object(value: JsonObject) -> dict[str, JsonValue]:
    """The object with every part made plain JSON: what an action returns may hold tuples and read-only mappings."""
    return {str(key): encode(item) for key, item in value.items()}


def decode_prompt(value: JsonValue) -> Prompt:
    """The prompt that `encode` wrote."""
    prompt = _decode(value)
    if not isinstance(prompt, Choose | Confirm | TypedConfirm | EnterText | Checklist | Resolve):
        raise TypeError(f"not a prompt: {value!r}")
    return prompt


def decode_blocks(value: JsonValue) -> tuple[Block, ...]:
    """The blocks that `encode` wrote."""
    return tuple(item for item in _items(value) if isinstance(item, Prose | Code | Table))


def decode_label(value: JsonValue) -> TargetLabel | None:
    """The target that `encode` wrote."""
    label = _decode(value)
    return label if isinstance(label, TargetLabel) else None


def _items(value: JsonValue) -> tuple[object, ...]:
    decoded = _decode(value)
    return decoded if isinstance(decoded, tuple) else ()


def _decode(value: JsonValue) -> object:
    match value:
        case Mapping() if _TAG in value and str(value[_TAG]) in _KINDS:
            kind = _KINDS[str(value[_TAG])]
            known = {field.name for field in fields(kind)}
            return kind(**{key: _field(key, item) for key, item in value.items() if key in known})
        case Mapping():
            return {key: _decode(item) for key, item in value.items()}
        case str():
            return value
        case Sequence():
            return tuple(_decode(item) for item in value)
        case _:
            return value


def _field(name: str, value: JsonValue) -> object:
    return dict(value) if name == "facts" and isinstance(value, Mapping) else _decode(value)
