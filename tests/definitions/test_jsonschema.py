"""JSON Schemas: checked in, fresh, documented, and named by every bundled definition."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from schema_sensei.definitions.contents import bundled_directory
from schema_sensei.definitions.files import kind_of
from schema_sensei.definitions.jsonschema import modeline, schema
from schema_sensei.definitions.wire import Kind

DIRECTORY = bundled_directory() / "json-schema"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_checked_in_schema_is_what_is_generated(kind: Kind) -> None:
    file = DIRECTORY / f"{kind}.schema.json"
    assert file.read_text(encoding="utf-8") == schema(kind), f"run `sensei schema {kind} > {file}`"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_key_is_documented_and_no_other_is_allowed(kind: Kind) -> None:
    described: dict[str, Any] = json.loads(schema(kind))
    for mapping in (described, *described["$defs"].values()):
        assert mapping["additionalProperties"] is False
        assert mapping["description"]
        for name, key in mapping["properties"].items():
            assert key.get("description"), f"{mapping['title']}.{name}"


@pytest.mark.parametrize("file", sorted(bundled_directory().rglob("*.yaml")), ids=lambda file: file.name)
def test_every_bundled_definition_names_its_schema(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    location = first.partition("$schema=")[2]
    assert first == modeline(kind_of(file), location.removesuffix(f"{kind_of(file)}.schema.json"))
    assert (file.parent / location).resolve() == (DIRECTORY / f"{kind_of(file)}.schema.json").resolve()
