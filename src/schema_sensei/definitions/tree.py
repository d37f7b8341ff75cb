"""The decision tree once it is read, frozen.

The YAML that people write is described in `wire`. This module has no dependency and holds nothing that the first
question can do without; what the tree leads to is in `workflow`.
"""

from typing import TypeAlias

from ..terms.values import value


@value
class Source:
    """The file a definition was read from, and the sha256 (hex) of its text; what trust and pinning go by."""

    file: str
    digest: str
    bundled: bool = False
    """It came with the product, not from a team's directory."""


@value
class ToQuestion:
    """A choice that asks on."""

    id: str

    def __str__(self) -> str:
        """As it stands in YAML."""
        return f"question:{self.id}"


@value
class ToWorkflow:
    """A leaf of the tree, or an outcome that hands over to another workflow."""

    id: str

    def __str__(self) -> str:
        """As it stands in YAML."""
        return f"workflow:{self.id}"


Onward: TypeAlias = ToQuestion | ToWorkflow


def onward(text: str) -> Onward:
    """Where a choice leads: `question:<id>` or `workflow:<id>`."""
    kind, _, name = text.partition(":")
    return ToQuestion(name) if kind == "question" else ToWorkflow(name)


@value(kw_only=True)
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


@value(kw_only=True)
class Question:
    """One node of the tree; at least one choice."""

    id: str
    ask: str
    why: str = ""
    choices: tuple[Choice, ...]

    def choice(self, key: str) -> Choice | None:
        """The choice with that key, or None."""
        return next((choice for choice in self.choices if choice.key == key), None)


@value(kw_only=True)
class Scenario:
    """A situation in plain words, the choice keys a person in it gives (root first), the workflow it must reach."""

    situation: str
    answers: tuple[str, ...]
    leads_to: str


@value(kw_only=True)
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
