"""What a definition is once it is read: the decision tree, workflows and troubleshooting entries, frozen.

The YAML that people write is described in `wire`; this module has no dependency, so that showing the first question
costs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..terms.json import JsonObject

Backup: TypeAlias = Literal["none", "needed", "with-data", "of-the-present"]
Review: TypeAlias = Literal["low", "medium", "high"]
Testing: TypeAlias = Literal["standard", "thorough"]


@dataclass(frozen=True, slots=True)
class Source:
    """The file a definition was read from, and the sha256 (hex) of its text; what trust and pinning go by."""

    file: str
    digest: str
    bundled: bool = False
    """It came with the product, not from a team's directory."""


@dataclass(frozen=True, slots=True)
class ToQuestion:
    """A choice that asks on."""

    id: str

    def __str__(self) -> str:
        """As it stands in YAML."""
        return f"question:{self.id}"


@dataclass(frozen=True, slots=True)
class ToStep:
    """An outcome that leads to a step of the same workflow."""

    id: str

    def __str__(self) -> str:
        """As it stands in YAML."""
        return self.id


@dataclass(frozen=True, slots=True)
class ToWorkflow:
    """A leaf of the tree, or an outcome that hands over to another workflow."""

    id: str

    def __str__(self) -> str:
        """As it stands in YAML."""
        return f"workflow:{self.id}"


@dataclass(frozen=True, slots=True)
class End:
    """The run ends: `done` with exit code 0, `stop` with exit code 3."""

    how: Literal["done", "stop"]

    def __str__(self) -> str:
        """As it stands in YAML."""
        return self.how


Onward: TypeAlias = ToQuestion | ToWorkflow
Destination: TypeAlias = ToStep | ToWorkflow | End


def onward(text: str) -> Onward:
    """Where a choice leads: `question:<id>` or `workflow:<id>`."""
    kind, _, name = text.partition(":")
    return ToQuestion(name) if kind == "question" else ToWorkflow(name)


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
class Choice:
    """One answer to a question. `because` completes the reasons on the recommendation screen, one line per answer."""

    key: str
    label: str
    to: Onward
    note: str = ""
    because: str = ""
    when: str = ""
    """An expression over `project.*` and `environment.*`; offered unless it is False. Empty: always."""
    emergency: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One node of the tree; at least one choice."""

    id: str
    ask: str
    why: str = ""
    choices: tuple[Choice, ...]

    def choice(self, key: str) -> Choice | None:
        """The choice with that key, or None."""
        return next((choice for choice in self.choices if choice.key == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A situation in plain words, the choice keys a person in it gives (root first), the workflow it must reach."""

    situation: str
    answers: tuple[str, ...]
    leads_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The decision tree: acyclic, every choice leads to a question or to a workflow that exists."""

    root: str
    questions: tuple[Question, ...]
    scenarios: tuple[Scenario, ...] = ()
    sources: tuple[Source, ...] = ()
    """The bundled tree first, then those that teams added to it."""

    def question(self, question_id: str) -> Question:
        """The question with that id. Raises KeyError."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)


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
    addition to what the action itself asks; empty for none.
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
