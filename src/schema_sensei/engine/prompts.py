"""What the engine asks: frozen prompts that any front end can draw, and the ways a person can leave one.

An answer is plain JSON: the key of an option (`Choose`, `Resolve`), true or false (`Confirm`), the typed text
(`TypedConfirm`, `EnterText`), or the list of ticked item keys (`Checklist`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..terms.json import JsonValue
from ..terms.targets import TargetLabel

Tone: TypeAlias = Literal["plain", "good", "warning", "danger", "quiet"]


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph, or a few lines; shown literally, never parsed as markup."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Code:
    """Source text to read and copy: `language` is a Pygments name such as sql, python, diff or text.

    `offered` marks what a person would take along: copying takes it alone.
    """

    text: str
    language: str = "sql"
    title: str = ""
    offered: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to compare; every row has as many cells as there are columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


Block: TypeAlias = Prose | Code | Table


@dataclass(frozen=True, slots=True)
class Stakes:
    """What happens on yes, what it costs, how to get back; where is the prompt's target."""

    does: str
    costs: str = ""
    back: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to answer; `key` is what the journal and the answers file hold."""

    key: str
    label: str
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePrompt:
    """What all prompts share.

    `key` names the prompt for answers files and resume: the step's id, `step.part` for a second question of the same
    step, `inputs.name` for an input. `facts` are what an answers file's rule may test. `digest` binds the answer to
    what was shown: a stored answer is used again only while it is the same. `binding` prompts are agreements: an
    answers file must give a rule for them. `page` is a longer explanation in Markdown, shown with the why. `check`
    prompts ask about what a check has found: an answers file's answer serves every time, and without one the run is
    declined.
    """

    key: str
    question: str
    why: str = ""
    blocks: tuple[Block, ...] = ()
    stakes: Stakes | None = None
    target: TargetLabel | None = None
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    digest: str = ""
    binding: bool = False
    page: str = ""
    check: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose(BasePrompt):
    """One of several options; `default` is the safe one under the cursor, or None when nothing is safe to suggest."""

    options: tuple[Option, ...]
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(BasePrompt):
    """Yes or no; there is no default for what cannot be undone."""

    yes: str = "Yes"
    no: str = "No"
    default: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedConfirm(BasePrompt):
    """The person types `expected` word for word: for what destroys."""

    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterText(BasePrompt):
    """One line of text that matches `pattern` (a regular expression for the whole text; empty allows all)."""

    pattern: str = ""
    pattern_hint: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist(BasePrompt):
    """Things a person does by hand and ticks off; the answer lists the ticked keys."""

    items: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve(BasePrompt):
    """After a crash an effect may or may not have happened: a person decides. `seen` is what the world shows now."""

    what: str
    when: str
    seen: tuple[str, ...]
    options: tuple[Option, ...]
    default: str | None = None


Prompt: TypeAlias = Choose | Confirm | TypedConfirm | EnterText | Checklist | Resolve


class Back(Exception):
    """The person wants to go back one answer."""


class Paused(Exception):
    """The person leaves now and resumes later; the run keeps its place. Its text, if any, says what is waited for."""


class Cancelled(Exception):
    """The person, a signal or a quitting front end cancels the running step."""


class Skipped(Exception):
    """The person skips the step that asks, and says why; refused, and asked again, unless the step is skippable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
