"""The JSON Schemas of definition files, for editors; generated from `wire`, checked in beside the workflows.

A definition names its schema in its first line: `# yaml-language-server: $schema=<path or URL>`.
"""

import json

from .wire import WIRES, Kind


def schema(kind: Kind) -> str:
    """The JSON Schema (draft 2020-12) of one kind of file, as text with a final line end."""
    described = WIRES[kind].model_json_schema(by_alias=True)
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def modeline(kind: Kind, location: str = "") -> str:
    """The first line of a definition: names its schema, at `location` (a directory or URL, "" for the same one)."""
    return f"# yaml-language-server: $schema={location}{kind}.schema.json"
