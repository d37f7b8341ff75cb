"""A run: its steps, the step in work, the decision it waits for."""

import time
from collections.abc import Iterable
from typing import ClassVar, assert_never

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from ....engine.events import (
    Answered,
    Event,
    LifeChanged,
    Noted,
    OutputLine,
    Previewed,
    RunEnded,
    RunStarted,
    StepFailed,
    StepFinished,
    StepStarted,
)
from ....engine.prompts import Back
from ....terms.targets import TargetLabel
from ...requests import StartRun
from ..bars import EdgeLine
from ..bridge import Output, Question
from ..frame import Frame
from ..literal import literal, one_line
from .decision import Decision, decision
from .details import Details
from .ending import Ending
from .output import LiveOutput
from .page import PageScreen
from .session import Session
from .steps import StepsList, fold_line, life_line
from .target import target_line
from .view import RunView, fold

TICK = 0.05
"""Seconds between two looks at the queue: live output is drawn at 20 Hz, everything else at once."""
CLOCK = 0.5


class RunScreen(Frame):
    """Follows one session after another."""

    CSS_PATH = "run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "why", "why"),
        Binding("o", "read", "read all"),
        Binding("y", "copy", "copy"),
        Binding("pageup", "page(-1)", "scroll", priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("enter", "home", "back to guide"),
        Binding("t", "transcript", "transcript"),
        Binding("escape", "back", "back"),
        Binding("ctrl+c", "app.interrupt", "stop"),
    ]

    class Woken(Message):
        """The engine's thread has something; posted from there."""

    def __init__(self) -> None:
        super().__init__()
        self.view = RunView()
        self.session: Session | None = None
        self.question: Question | None = None
        self._over = False
        self._drafts: dict[str, str] = {}

    def body(self) -> Iterable[Widget]:
        yield Static(id="life")
        with Horizontal(id="panes"):
            yield StepsList(id="steps")
            with Vertical(id="right"):
                yield Static(id="fold")
                yield Static(id="title")
                yield Details(id="details")
                yield LiveOutput(id="output")

    def on_mount(self) -> None:
        self.query_one(LiveOutput).begin()
        self.set_interval(TICK, self._drain_output)
        self.set_interval(CLOCK, self._tick)

    def on_resize(self) -> None:
        self._edges()

    async def follow(self, session: Session) -> None:
        """Show this session from its beginning."""
        self.session, self.view, self.question, self._over = session, RunView(), None, False
        await self.query("#decision, #ending").remove()
        self.query_one(LiveOutput).begin()
        self.query_one(Details).display = True
        await self.query_one(Details).show(None)
        self._edges()

    async def on_run_screen_woken(self) -> None:
        await self.drain()

    async def _drain_output(self) -> None:
        if self.session is not None and not self._over:
            await self.drain()

    async def drain(self) -> None:
        """Take everything the engine has said since, then draw once."""
        session = self.session
        if session is None or self.sensei.gone:
            return
        finished = session.finished
        items = session.bridge.drain()
        asked = None
        for item in items:
            if isinstance(item, Output):
                self._output(item)
            elif isinstance(item, Question):
                asked = item
            else:
                self._event(item)
        if items:
            await self._draw(asked)
        if finished and not self._over:
            self._over = True
            await self._end(session)

    def _output(self, output: Output) -> None:
        self.query_one(LiveOutput).add(output)

    def _event(self, event: Event) -> None:
        self.view = fold(self.view, event, time.monotonic())
        match event:
            case RunStarted() | StepStarted():
                self.query_one(LiveOutput).begin()
            case OutputLine() | Previewed() | Answered() | Noted() | LifeChanged() | StepFinished() | StepFailed():
                pass
            case RunEnded():
                self.app.bell()
            case _:
                assert_never(event)

    async def _draw(self, asked: Question | None) -> None:
        if asked is not None:
            await self._ask(asked)
        blocks = self.question.prompt.blocks if self.question is not None else ()
        await self.query_one(Details).show(self.view.step, blocks)
        self._edges()
        self.refresh_bindings()

    async def _ask(self, question: Question) -> None:
        await self.query("#decision").remove()
        self.question = question
        area = decision(question, self._drafts.pop(question.prompt.key, ""))
        await self.query_one("#right").mount(area)
        self.remove_class("-reading")
        area.query_one("#answers").focus()
        self.sensei.attention()

    @on(Decision.Decided)
    async def _decided(self, event: Decision.Decided) -> None:
        event.stop()
        await self._close_question()
        event.question.answer(event.answer)

    async def _close_question(self) -> None:
        self.question = None
        self.remove_class("-reading")
        await self.query("#decision").remove()
        self.refresh_bindings()

    async def _end(self, session: Session) -> None:
        await self._close_question()
        error = session.error
        failure = next((step.failure for step in reversed(self.view.steps) if step.failure is not None), None)
        text = str(error) if error is not None else failure.what if failure is not None else ""
        remedies = self.sensei.house.troubleshoot(text)[:2] if text else ()
        self.query_one(Details).display = failure is not None and error is None
        self.query_one(LiveOutput).display = False
        await self.query("#ending").remove()
        await self.query_one("#right").mount(Ending(self.view, error, remedies))
        self._edges()
        self.refresh_bindings()
        self.sensei.session_over(session)

    def _tick(self) -> None:
        if self.view.step is not None and self.view.step.started is not None:
            self._edges(clock_only=True)

    def _edges(self, *, clock_only: bool = False) -> None:
        now = time.monotonic()
        self.query_one(StepsList).show(self.view, now)
        self.query_one("#fold", Static).update(fold_line(self.view, now))
        if clock_only:
            return
        view = self.view
        subject = self._subject
        name = " · ".join(part for part in (view.workflow, f'"{subject}"' if subject else "") if part)
        dry = Content.styled("DRY RUN ", "bold $background on $primary") if view.dry else Content("")
        top = self.query_one(EdgeLine)
        top.left = Content.assemble(("sensei", "bold $primary"), " · ", dry, " " if view.dry else "", one_line(name))
        target = self.target
        top.right = target_line(target, view, self.sensei.environments)
        top.set_class(target is not None and target.protected, "-protected")
        self.query_one("#life", Static).update(life_line(view.stages, max(self.size.width - 2, 1)))
        step = view.step
        self.query_one("#title", Static).update(literal(step.outline.title, "bold") if step else "")

    @property
    def _subject(self) -> str:
        """What the run is about: as answered, or as given with the request."""
        request = self.session.request if self.session is not None else None
        given = request.inputs.get("message", "") if isinstance(request, StartRun) else ""
        return self.view.subject or str(given)

    @property
    def target(self) -> TargetLabel | None:
        """Where the step in work, or the question, points."""
        if self.question is not None and self.question.prompt.target is not None:
            return self.question.prompt.target
        return self.view.step.target if self.view.step is not None else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing are not offered."""
        match action:
            case "home" | "transcript":
                return self._over
            case "why" | "read" | "page":
                return self.question is not None or not self._over
            case "app.interrupt":
                return not self._over
            case _:
                return True

    def action_why(self) -> None:
        step = self.view.step
        why = step.outline.why if step is not None else ""
        if self.question is not None and self.question.prompt.page:
            prompt, top = self.question.prompt, self.query_one(EdgeLine)
            self.app.push_screen(PageScreen(prompt.why, prompt.page, left=top.left, right=top.right))
        elif self.question is not None:
            self.query_one(Decision).toggle_why(why)
        elif why:
            self.sensei.say(why)

    def action_read(self) -> None:
        """Give the details all the room, and take it back."""
        if self.question is None:
            return
        reading = not self.has_class("-reading")
        self.set_class(reading, "-reading")
        (self.query_one(Details) if reading else self.query_one("#answers")).focus()

    def action_page(self, direction: int) -> None:
        details = self.query_one(Details)
        details.scroll_relative(y=direction * max(details.size.height - 1, 1), animate=False)

    def action_copy(self) -> None:
        self.sensei.copy(self.query_one(Details).copyable)

    async def action_back(self) -> None:
        """Close what is open, else go back one answer; nothing is lost either way."""
        if self.has_class("-reading"):
            self.action_read()
        elif self._over:
            self.action_home()
        elif self.question is not None:
            question = self.question
            area = self.query_one(Decision)
            if self.query_one("#why").display:
                self.query_one(Decision).toggle_why("")
                return
            self._drafts[question.prompt.key] = area.draft
            await self._close_question()
            question.leave(Back())
        else:
            self.sensei.say("A step is running. ^c stops it; it can be resumed.")

    def action_home(self) -> None:
        self.sensei.home()

    def action_transcript(self) -> None:
        self.sensei.show_run(self.view.run)
