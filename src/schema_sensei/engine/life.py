"""The life of a change: draft, what each step's success reaches, done."""

from collections.abc import Mapping

from ..definitions.signature import Signature
from ..terms.json import JsonValue
from .events import Stage, StageState
from .records import PlannedStage
from .state import State

DRAFT, DONE = "draft", "done"


def planned(
    steps: Mapping[str, tuple[Signature, Mapping[str, JsonValue]]], protected: frozenset[str]
) -> tuple[PlannedStage, ...]:
    """The stations of a workflow from its steps' signatures and parameters (as far as these are known beforehand)."""
    reached_by: dict[str, list[str]] = {}
    for step, (signature, parameters) in steps.items():
        if signature.stage is None:
            continue
        name = signature.stage
        for parameter, value in parameters.items():
            name = name.replace(f"{{{parameter}}}", str(value))
        reached_by.setdefault(name, []).append(step)
    stages = (PlannedStage(name, tuple(each), name in protected) for name, each in reached_by.items())
    return (PlannedStage(DRAFT), *stages, PlannedStage(DONE))


def stages(state: State) -> tuple[Stage, ...]:
    """Where the change is now: at the station that its latest step reached.

    A workflow that brings several changes one after the other, as expand and contract, comes by its stations again.
    """
    plan = state.header.stages
    over = state.ended is not None and state.ended["status"] == "done"
    places = {step: index for index, stage in enumerate(plan) for step in stage.steps}
    passed = [places[step.id] for step in state.header.outline if step.id in state.done and step.id in places]
    last = len(plan) - 1 if over else passed[-1] if passed else 0

    def standing(index: int) -> StageState:
        if index == last:
            return "current"
        return "reached" if over or (index < last and (index == 0 or index in passed)) else "ahead"

    return tuple(Stage(stage.name, standing(index), stage.protected) for index, stage in enumerate(plan))
