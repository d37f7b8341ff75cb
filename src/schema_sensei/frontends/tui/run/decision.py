"""The decision area: one prompt with what is at stake, and the one thing that answers it.

One class per way of answering, and one exhaustive match from prompts to classes. A decision posts `Decided` with the
answer as the journal will hold it; leaving without one is the screen's business.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, assert_never

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from ....engine.prompts import Checklist, Choose, Confirm, EnterText, Option, Resolve, TypedConfirm
from ....terms.json import JsonValue
from ....terms.targets import TargetLabel
from ...shortcuts import answer_of, default_of, options_of
from ..bridge import Question
from ..choices import Choices, Row
from ..literal import clean, literal, one_line
from ..marks import QUIET, tone_mark
from .blocks import Facts

GO_ON = "\0go on"
"""The key of the checklist's last row; no item can have it, because it is not a YAML key."""


class Decision(Vertical):
    """A prompt waiting for its answer: question, stakes, and below them whatever answers it."""

    @dataclass
    class Decided(Message):
        """The person answered."""

        question: Question
        answer: JsonValue

    def __init__(self, question: Question) -> None:
        super().__init__(id="decision")
        self.question = question

    def compose(self) -> ComposeResult:
        prompt = self.question.prompt
        yield Static(literal(prompt.question, "bold"), id="question")
        rows = list(_stake_rows(self.question))
        if rows:
            yield Facts(rows, id="stakes")
        yield from self.answering()
        yield Static(id="why")

    @property
    def draft(self) -> str:
        """What was typed so far: it is there again when the same thing is asked again."""
        return ""

    def answering(self) -> Iterator[Widget]:
        """The widget that answers; it takes the focus."""
        raise NotImplementedError

    def decide(self, answer: JsonValue) -> None:
        """Post the answer."""
        self.post_message(self.Decided(self.question, answer))

    def toggle_why(self, step_why: str) -> bool:
        """Show or hide why this is asked; True when it is shown now."""
        panel = self.query_one("#why", Static)
        text = "\n".join(part for part in (self.question.prompt.why, step_why) if part.strip())
        panel.update(literal(text or "This is needed to go on."))
        panel.border_title = "why we ask"
        panel.display = not panel.display
        return panel.display


class Pick(Decision):
    """One of several options; the safe one is under the cursor, or nothing is."""

    def __init__(self, question: Question, prompt: Choose | Confirm | Resolve) -> None:
        super().__init__(question)
        self.prompt = prompt

    def answering(self) -> Iterator[Widget]:
        options, default = options_of(self.prompt), default_of(self.prompt)
        cursor = next((index for index, option in enumerate(options) if option.key == default), None)
        yield Choices(option_rows(options), cursor=cursor, id="answers")

    @on(Choices.Taken)
    def _taken(self, event: Choices.Taken) -> None:
        event.stop()
        self.decide(answer_of(self.prompt, event.row.key))


class Answer(Input):
    """An input whose ⏎ stands in the keys line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "take")]


class Type(Decision):
    """One line of text: the words that confirm, or a value with its pattern."""

    def __init__(self, question: Question, prompt: TypedConfirm | EnterText, draft: str) -> None:
        super().__init__(question)
        self.prompt = prompt
        self._draft = draft

    @property
    def draft(self) -> str:
        return self.query_one(Answer).value

    def answering(self) -> Iterator[Widget]:
        match self.prompt:
            case TypedConfirm(expected=expected):
                yield Static(Content.assemble("Type ", (clean(expected), "bold $warning"), " to go on."), id="hint")
                yield Answer(self._draft, id="answers")
            case EnterText(pattern_hint=hint, default=default):
                yield Static(literal(hint, QUIET), id="hint")
                yield Answer(self._draft or default, id="answers")
            case _:
                assert_never(self.prompt)
        yield Static(id="problem")

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#problem", Static).update("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        problem = self._problem(event.value)
        if problem:
            self.query_one("#problem", Static).update(literal(f"! {problem}", "$warning"))
        else:
            self.decide(event.value)

    def _problem(self, text: str) -> str:
        match self.prompt:
            case TypedConfirm(expected=expected):
                return "" if text == expected else "Not the same. Nothing happens until it is, letter by letter."
            case EnterText(pattern=pattern, pattern_hint=hint):
                fits = not pattern or re.fullmatch(pattern, text) is not None
                return "" if fits else f"That does not fit. {hint}".strip()
            case _:
                assert_never(self.prompt)


class Tick(Decision):
    """Things done by hand, ticked one by one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "tick", "tick")]

    def __init__(self, question: Question, prompt: Checklist) -> None:
        super().__init__(question)
        self.prompt = prompt
        self.ticked: set[str] = set()

    def answering(self) -> Iterator[Widget]:
        yield Choices(self._rows(), id="answers")

    def _rows(self) -> list[Row]:
        rows = [
            Row(item.key, item.label, item.note, mark="✓" if item.key in self.ticked else "○")
            for item in self.prompt.items
        ]
        words = f"Go on, {len(self.ticked)} of {len(self.prompt.items)} ticked"
        return [*rows, Row(GO_ON, words, mark="→", set_apart=True)]

    def action_tick(self) -> None:
        choices = self.query_one(Choices)
        if choices.row is None or choices.row.key == GO_ON:
            return
        self.ticked ^= {choices.row.key}
        choices.show_rows(self._rows(), cursor=choices.cursor)

    @on(Choices.Taken)
    def _taken(self, event: Choices.Taken) -> None:
        event.stop()
        if event.row.key == GO_ON:
            self.decide([item.key for item in self.prompt.items if item.key in self.ticked])
        else:
            self.action_tick()


def decision(question: Question, draft: str = "") -> Decision:
    """The decision area for a prompt; `draft` is what was typed before it was left."""
    match question.prompt:
        case Choose() | Confirm() | Resolve() as prompt:
            return Pick(question, prompt)
        case TypedConfirm() | EnterText() as prompt:
            return Type(question, prompt, draft)
        case Checklist() as prompt:
            return Tick(question, prompt)
        case _:
            assert_never(question.prompt)


def option_rows(options: Sequence[Option]) -> list[Row]:
    """Options as numbered rows; a dangerous one is marked and is not taken by its digit alone."""
    return [
        Row(
            option.key,
            option.label,
            f"{tone_mark(option.tone)[0]} {option.note}".strip(),
            mark=str(number) if number < 10 else "",
            style=tone_mark(option.tone)[1] if option.tone in {"danger", "warning"} else "",
            careful=option.tone == "danger",
        )
        for number, option in enumerate(options, 1)
    ]


def where(target: TargetLabel) -> Content:
    """A target as every screen names it: environment, host and database, and whether it is protected."""
    name = Content.styled(one_line(target.environment), "bold $warning" if target.protected else "bold")
    place = f"  {one_line(target.host)}/{one_line(target.database)}"
    mark = Content.styled(" PROTECTED ", "bold $background on $warning") if target.protected else Content("")
    return Content.assemble(name, place, "  " if target.protected else "", mark)


def _stake_rows(question: Question) -> Iterator[tuple[Content, Content]]:
    prompt = question.prompt
    if isinstance(prompt, Resolve):
        yield _stake("What", literal(prompt.what))
        yield _stake("When", literal(prompt.when))
        for at, seen in enumerate(prompt.seen):
            yield _stake("" if at else "Seen", literal(seen))
    if prompt.stakes:
        yield _stake("Does", literal(prompt.stakes.does))
    if prompt.target:
        yield _stake("Where", where(prompt.target))
    if prompt.stakes and prompt.stakes.costs:
        yield _stake("Costs", literal(prompt.stakes.costs))
    if prompt.stakes and prompt.stakes.back:
        yield _stake("Back", literal(prompt.stakes.back))


def _stake(name: str, content: Content) -> tuple[Content, Content]:
    return Content.styled(f"{name:<6} ", QUIET), content
