"""What the engine tells front ends: frozen events; show, watch and resume rebuild the same ones from the journal."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..terms.json import JsonObject, JsonValue
from ..terms.targets import TargetLabel
from .prompts import Block, Prompt, Tone

StepState: TypeAlias = Literal["waiting", "running", "done", "failed", "skipped", "undone", "interrupted"]
StageState: TypeAlias = Literal["reached", "current", "ahead"]
RunStatus: TypeAlias = Literal["running", "paused", "done", "failed", "stopped", "interrupted"]


@dataclass(frozen=True, slots=True)
class StepOutline:
    """One line of the steps list."""

    id: str
    title: str
    why: str
    action: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One station in the life of the change: draft, generated, reviewed, dev, ..., done."""

    name: str
    state: StageState
    protected: bool = False


@dataclass(frozen=True, slots=True)
class RunStarted:
    run: str
    workflow: str
    title: str
    steps: tuple[StepOutline, ...]
    stages: tuple[Stage, ...]
    resumed: bool = False
    dry: bool = False


@dataclass(frozen=True, slots=True)
class StepStarted:
    step: str
    visit: int
    target: TargetLabel | None = None


@dataclass(frozen=True, slots=True)
class Previewed:
    """What the step would do, before anything is asked or done."""

    step: str
    summary: str
    blocks: tuple[Block, ...]
    target: TargetLabel | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer was given and journaled. `by` says who: person, answers, recorded (replayed on resume)."""

    step: str
    key: str
    answer: JsonValue
    by: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line of live output, already masked."""

    step: str
    text: str
    stream: Literal["out", "err"] = "out"


@dataclass(frozen=True, slots=True)
class Noted:
    """One thing worth knowing while a step runs: what it is doing now, what it waits for."""

    step: str
    text: str
    tone: Tone = "quiet"


@dataclass(frozen=True, slots=True)
class LifeChanged:
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class StepFinished:
    """`state` done, skipped or undone; `outcome` is the action's word (ok, unchanged, rejected, ...)."""

    step: str
    state: StepState
    outcome: str
    summary: str
    seconds: float
    outputs: JsonObject
    blocks: tuple[Block, ...] = ()
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class StepFailed:
    """What happened, what it means, what to do now."""

    step: str
    what: str
    means: str
    remedy: str
    seconds: float
    where: str = ""
    """The place that is to be corrected, such as file:line; empty when there is none."""


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run stops here for now; `paused` and `interrupted` runs can be resumed."""

    run: str
    status: RunStatus
    summary: str
    exit_code: int


Event: TypeAlias = (
    RunStarted
    | StepStarted
    | Previewed
    | Answered
    | OutputLine
    | Noted
    | LifeChanged
    | StepFinished
    | StepFailed
    | RunEnded
)
