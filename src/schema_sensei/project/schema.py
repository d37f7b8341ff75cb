"""The JSON Schema of sensei.yaml, for editors that complete and check while one types."""

import json

from ..terms.json import JsonObject
from .bytebase import KEYS as BYTEBASE_KEYS
from .fields import VARIABLE
from .reading import ENVIRONMENT_NAME, KEYS

FILE_NAME = "project.schema.json"

_VARIABLE: JsonObject = {"type": "string", "pattern": f"^{VARIABLE.pattern}$"}
_COMMAND: JsonObject = {
    "oneOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
}
_TEXT_OR_LIST: tuple[JsonObject, ...] = ({"type": "string"}, {"type": "array", "items": {"type": "string"}})
_TEXTS: JsonObject = {"oneOf": list(_TEXT_OR_LIST)}


def text() -> str:
    """The schema (draft 2020-12) as JSON with a final line end."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> JsonObject:
    """The schema as data."""
    environment: JsonObject = {
        "url": {**_VARIABLE, "description": "The NAME of the variable that holds the database URL; never a URL."},
        "gate": {
            "enum": ["direct", "bytebase", "none"],
            "description": "direct: sensei executes the SQL; bytebase: its server does; none: not through sensei.",
        },
        "protected": {"type": "boolean", "description": "Never changed directly; every screen says PROTECTED."},
        "bytebase": {
            "oneOf": [*_TEXT_OR_LIST, _bytebase("What this environment has for itself; databases alone, as a text.")]
        },
    }
    protected: JsonObject = {
        "if": {"properties": {"protected": {"const": True}}, "required": ["protected"]},
        "then": {"properties": {"gate": {"enum": ["bytebase", "none"]}}},
    }
    alembic: JsonObject = {
        "ini": {"type": "string", "description": "The alembic.ini, from here."},
        "pyproject": {"type": "string", "description": "The pyproject.toml with [tool.alembic], from here."},
        "script_location": {"type": "string", "description": "The directory with env.py, if no file names it."},
        "url_variable": {**_VARIABLE, "description": "The variable from which env.py reads its URL."},
    }
    properties: dict[str, JsonObject] = {
        "name": {"type": "string"},
        "environments": {
            "oneOf": [
                {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": f"^{ENVIRONMENT_NAME.pattern}$"},
                    "additionalProperties": {**_closed(environment, "url"), **protected},
                },
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {**_closed({"name": {"type": "string"}, **environment}, "name", "url"), **protected},
                },
            ]
        },
        "models": _TEXTS,
        "alembic": _closed(alembic),
        "tests": _COMMAND,
        "lint": _COMMAND,
        "journal": _VARIABLE,
        "scratch": _closed({"url": _VARIABLE}),
        "workflows": {"type": "string"},
        "ignore": _TEXTS,
        "env_file": {"type": "string"},
        "bytebase": _bytebase("What environments with the gate bytebase share."),
    }
    described = {key: {**properties[key], "description": f"{doc[0].upper()}{doc[1:]}."} for key, doc in KEYS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sensei.yaml",
        **_closed(described, "environments"),
    }


def _bytebase(description: str) -> JsonObject:
    kinds: dict[str, JsonObject] = {
        "key": _VARIABLE,
        "token": _VARIABLE,
        "databases": _TEXTS,
        "headers": {"type": "object", "additionalProperties": _VARIABLE},
    }
    properties: JsonObject = {
        key: {**kinds.get(key, {"type": "string"}), "description": f"{doc[0].upper()}{doc[1:]}."}
        for key, doc in BYTEBASE_KEYS.items()
    }
    return {**_closed(properties), "description": description}


def _closed(properties: JsonObject, *required: str) -> JsonObject:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
