"""Masks secrets in everything on its way to the journal, to a screen or to an output file."""

from collections.abc import Mapping, Sequence

from ..terms.json import JsonObject, JsonValue
from ..terms.secrets import Redactor


def masked(value: JsonValue, redactor: Redactor) -> JsonValue:
    """The same JSON with every text masked, keys too."""
    match value:
        case str():
            return redactor.mask(value)
        case Mapping():
            return masked_object(value, redactor)
        case Sequence():
            return [masked(item, redactor) for item in value]
        case _:
            return value


def masked_object(value: JsonObject, redactor: Redactor) -> dict[str, JsonValue]:
    """The same object with every text masked, keys too."""
    return {redactor.mask(key): masked(item, redactor) for key, item in value.items()}
