"""What the tree leads to, once it is read: workflows with their steps, and troubleshooting entries; frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..terms.json import JsonObject
from .tree import Source, ToWorkflow

Backup: TypeAlias = Literal["none", "needed", "with-data", "of-the-present"]
Review: TypeAlias = Literal["low", "medium", "high"]
Testing: TypeAlias = Literal["standard", "thorough"]
Each: TypeAlias = Literal["", "later"]


@dataclass(frozen=True, slots=True)
class ToStep:
    """An outcome that leads to a step of the same workflow."""

    id: str

    def __str__(self) -> str:
        """As it stands in YAML."""
        return self.id


@dataclass(frozen=True, slots=True)
class End:
    """The run ends: `done` with exit code 0, `stop` with exit code 3."""

    how: Literal["done", "stop"]

    def __str__(self) -> str:
        """As it stands in YAML."""
        return self.how


Destination: TypeAlias = ToStep | ToWorkflow | End


def destination(text: str) -> Destination:
    """Where an outcome leads: `done`, `stop`, `workflow:<id>`, or a step's id."""
    match text:
        case "done" | "stop":
            return End(text)
        case _ if text.startswith("workflow:"):
            return ToWorkflow(text.removeprefix("workflow:"))
        case _:
            return ToStep(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What a workflow puts at stake, and what it demands in return (the decision matrix)."""

    backup: Backup
    review: Review
    testing: Testing


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What the person is asked before the first step; refer to it as `{inputs.<name>}`.

    `pattern` is a regular expression for the whole text (empty allows all), `hint` says it in words.
    """

    name: str
    ask: str
    why: str = ""
    pattern: str = ""
    hint: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: an action, its parameters, and where its outcomes lead.

    `when` is an expression; the step is passed over when it is False. `timeout` is in seconds, None for no limit.
    `retries` counts automatic repetitions after a failure. `confirm` is a question put before the step performs, in
    addition to what the action itself asks; empty for none. `each` "later": the step is there once for each environment
    after the first (see `spreading`); empty in a workflow that is laid out for a project.
    """

    id: str
    title: str
    why: str = ""
    action: str
    with_: JsonObject = field(default_factory=dict)
    on: Mapping[str, Destination] = field(default_factory=dict)
    when: str = ""
    skippable: bool = False
    timeout: float | None = None
    retries: int = 0
    confirm: str = ""
    each: Each = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A small state machine: steps in order, with `on:` for its branches and loops."""

    id: str
    title: str
    when: str
    """In which situation this workflow is the right one, in plain words."""
    risk: Risk
    inputs: tuple[Input, ...] = ()
    steps: tuple[Step, ...]
    source: Source

    def step(self, step_id: str) -> Step:
        """The step with that id. Raises KeyError."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    def following(self, step_id: str) -> ToStep | End:
        """What stands after a step in the file: the next step, or the end. Raises KeyError."""
        after = self.steps.index(self.step(step_id)) + 1
        return ToStep(self.steps[after].id) if after < len(self.steps) else End("done")

    def destination(self, step_id: str, outcome: str) -> Destination | None:
        """Where an outcome of a step leads: what `on:` says; else "ok" goes on, any other outcome is None: a failure.

        The one place that decides it, for the engine, the linter and the drawings. Raises KeyError.
        """
        declared = self.step(step_id).on.get(outcome)
        if declared is None and outcome == "ok":
            return self.following(step_id)
        return declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A message people meet, what it means and what to do now.

    `match` are texts found in messages, whatever the case; a `*` in them stands for anything in between.
    """

    id: str
    title: str
    match: tuple[str, ...]
    means: str
    dangerous: bool
    remedy: str
    workflow: str | None = None
