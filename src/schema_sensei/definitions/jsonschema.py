"""The JSON Schemas of definition files, for editors; generated from `wire`, checked in beside the workflows.

A definition names its schema in its first line: `# yaml-language-server: $schema=<path or URL>`.
"""

import json

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from .wire import WIRES, Kind


def schema(kind: Kind) -> str:
    """The JSON Schema (draft 2020-12) of one kind of file, as text with a final line end."""
    described = WIRES[kind].model_json_schema(by_alias=True, schema_generator=_Lean)
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def modeline(kind: Kind, location: str = "") -> str:
    """The first line of a definition: names its schema, at `location` (a directory or URL, "" for the same one)."""
    return f"# yaml-language-server: $schema={location}{kind}.schema.json"


class _Lean(GenerateJsonSchema):
    """Without what only repeats the key: titles of fields, and defaults that mean "left out"."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """No: the key says it."""
        del schema
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The schema of a key that may be left out."""
        described = super().default_schema(schema)
        return {name: value for name, value in described.items() if name != "default" or value}
