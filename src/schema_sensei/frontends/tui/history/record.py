"""One earlier run: its steps as they were shown, one at a time."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from ....engine.events import Event
from ...wording import MARKS, seconds
from ..bars import EdgeLine
from ..choices import Choices, Row
from ..frame import Frame
from ..literal import literal, one_line
from ..marks import run_mark
from ..run.details import Details
from ..run.steps import life_line
from ..run.view import RunView, fold


class RecordScreen(Frame):
    """Steps on the left, what the chosen one showed on the right; only that one is drawn."""

    CSS_PATH = "history.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page(-1)", "scroll", priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("s", "save", "save transcript"),
        Binding("y", "copy", "copy"),
        Binding("escape,left,backspace", "dismiss", "back"),
    ]

    def __init__(self, run: str) -> None:
        super().__init__()
        self._run = run
        self.view = RunView()

    def body(self) -> Iterable[Widget]:
        yield Static(id="life")
        with Horizontal(id="panes"):
            yield Choices(id="steps")
            with Vertical(id="right"):
                yield Static(id="title")
                yield Details(id="details")

    def on_mount(self) -> None:
        self.sensei.look_up(lambda: self.sensei.house.record(self._run), self._show)

    async def _show(self, recorded: tuple[Event, ...]) -> None:
        if not self.is_mounted:
            return
        for event in recorded:
            self.view = fold(self.view, event, 0.0)
        view = self.view
        top = self.query_one(EdgeLine)
        name = " · ".join(part for part in (view.workflow, f'"{view.subject}"' if view.subject else "") if part)
        top.left = Content.assemble(("sensei", "bold $primary"), " · ", one_line(name or self._run))
        if view.ended is not None:
            mark, style = run_mark(view.ended.status)
            top.right = Content.assemble((mark, style), f" {view.ended.status}")
        self._draw_life()
        rows = [
            Row(
                step.outline.id,
                step.outline.title,
                "" if step.seconds is None else seconds(step.seconds),
                MARKS[step.state],
            )
            for step in view.steps
        ]
        choices = self.query_one("#steps", Choices)
        choices.show_rows(rows, cursor=view.current or 0)
        choices.focus()
        await self._show_step(choices.cursor)

    def on_resize(self) -> None:
        self._draw_life()

    def _draw_life(self) -> None:
        self.query_one("#life", Static).update(life_line(self.view.stages, max(self.size.width - 2, 1)))

    @on(Choices.Moved)
    async def _moved(self, event: Choices.Moved) -> None:
        await self._show_step(event.choices.cursor)

    async def _show_step(self, index: int | None) -> None:
        if index is None or index >= len(self.view.steps):
            return
        step = self.view.steps[index]
        self.query_one("#title", Static).update(literal(step.outline.title, "bold"))
        await self.query_one(Details).show(step)

    def action_page(self, direction: int) -> None:
        details = self.query_one(Details)
        details.scroll_relative(y=direction * max(details.size.height - 1, 1), animate=False)

    def action_save(self) -> None:
        self.sensei.save_transcript(self._run)

    def action_copy(self) -> None:
        self.sensei.look_up(lambda: self.sensei.house.transcript(self._run), self.sensei.copy)
