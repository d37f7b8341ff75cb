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
    stages = [PlannedStage(DRAFT)]
    for step, (signature, parameters) in steps.items():
        if signature.stage is None:
            continue
        name = signature.stage
        for parameter, value in parameters.items():
            name = name.replace(f"{{{parameter}}}", str(value))
        if name not in {stage.name for stage in stages}:
            stages.append(PlannedStage(name, step, name in protected))
    return (*stages, PlannedStage(DONE))


def stages(state: State) -> tuple[Stage, ...]:
    """Where the change is now: the last station it reached is the current one."""
    plan = state.header.stages
    over = state.ended is not None and state.ended["status"] == "done"
    reached = [over or stage.name == DRAFT or stage.step in state.done for stage in plan]
    last = max((index for index, here in enumerate(reached) if here), default=0)

    def standing(index: int) -> StageState:
        if index == last:
            return "current"
        return "reached" if reached[index] else "ahead"

    return tuple(Stage(stage.name, standing(index), stage.protected) for index, stage in enumerate(plan))
