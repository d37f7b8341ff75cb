"""What an action declares about itself, so that a workflow can be checked without running anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..terms.json import JsonValue

ParameterType: TypeAlias = Literal["text", "integer", "boolean", "list", "environment", "change"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One key of a step's `with:`. `choices` limits a text; a parameter without default is required."""

    type: ParameterType
    doc: str
    required: bool = False
    default: JsonValue = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """An action's face: parameters by name, outcomes (besides "ok") and outputs with a line each.

    `stage` is the station in the life of the change that success reaches ("{environment}" stands for that parameter).
    `effect` says whether perform may change the world; `dangerous` that it may lose data; `runs_commands` that a
    file naming it must be trusted first.
    """

    name: str
    summary: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    stage: str | None = None
    effect: bool = True
    dangerous: bool = False
    undoable: bool = False
    runs_commands: bool = False
