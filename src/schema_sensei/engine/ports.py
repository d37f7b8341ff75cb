"""The seams of the engine: what an action is, how the engine talks to people, and the clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from ..definitions.signature import Signature
from ..terms.json import JsonObject, JsonValue
from ..terms.targets import TargetLabel
from .events import Event
from .prompts import Block, Prompt, Tone

Ground: TypeAlias = Literal["applied", "absent", "partial", "unknown"]


class Sink(Protocol):
    """Where events go. Never blocks, never raises, may be called from any thread."""

    def emit(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and who gave it: person, or answers (with the rule that allowed it)."""

    value: JsonValue
    by: str = "person"
    rule: str = ""


class Asker(Protocol):
    """Who answers. Blocks; may raise Back, Paused, Cancelled, or MissingAnswer (from an answers file)."""

    def ask(self, prompt: Prompt) -> Reply: ...


class Clock(Protocol):
    def now(self) -> float: ...
    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a step would do. `handle`, chosen before the effect, holds what `reconcile` needs to find it again.

    `effect` False means perform changes nothing in the world (reading, asking): no intent is journaled for it.
    """

    summary: str
    target: TargetLabel | None = None
    blocks: tuple[Block, ...] = ()
    prompt: Prompt | None = None
    effect: bool = True
    handle: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Journaled before the effect: the handle from the preview, and the answer to its prompt (None without one)."""

    handle: JsonObject
    answer: JsonValue = None
    started_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a step ended: one of the outcomes its signature declares ("ok" leads to the next step), and its outputs."""

    name: str = "ok"
    summary: str = ""
    outputs: JsonObject = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What `reconcile` saw: did the interrupted effect happen? `outcome` is given when it was applied."""

    ground: Ground
    seen: tuple[str, ...] = ()
    outcome: Outcome | None = None


class Context(Protocol):
    """What an action may use while it works on one step."""

    @property
    def run(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def visit(self) -> int: ...
    @property
    def parameters(self) -> Mapping[str, JsonValue]:
        """The step's `with:`, references resolved; every declared parameter is present (default filled in)."""
        ...

    @property
    def dry(self) -> bool: ...
    def ask(self, prompt: Prompt) -> JsonValue:
        """Ask once more, during perform; journaled under the prompt's key, not asked again on resume."""
        ...

    def output(self, text: str, stream: Literal["out", "err"] = "out") -> None: ...
    def note(self, text: str, tone: Tone = "quiet") -> None: ...
    def checkpoint(self) -> None:
        """Raise Cancelled if the person cancelled, TimedOutError if the step's time is up; call it in every loop."""
        ...

    def keep(self, data: JsonObject) -> None:
        """Journal something on the way, durable when this returns: what reconcile may need beyond the handle."""
        ...

    def kept(self) -> tuple[JsonObject, ...]:
        """What `keep` journaled in this step visit, oldest first, also before a crash."""
        ...


class Action(Protocol):
    """The four verbs. `undo` raises NotImplementedError unless the signature says undoable."""

    @property
    def signature(self) -> Signature: ...
    def preview(self, context: Context) -> Preview: ...
    def perform(self, context: Context, intent: Intent) -> Outcome: ...
    def reconcile(self, context: Context, intent: Intent) -> Finding: ...
    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome: ...
