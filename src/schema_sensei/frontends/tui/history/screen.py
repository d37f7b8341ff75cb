"""Earlier runs, newest first."""

import time
from collections.abc import Iterable
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from ...entries import RunSummary
from ...requests import ResumeRun
from ...wording import ago
from ..bars import EdgeLine
from ..choices import Choices, Row
from ..frame import Frame
from ..literal import one_line
from ..marks import QUIET, run_mark

UNFINISHED = frozenset({"running", "paused", "failed", "interrupted"})


class HistoryScreen(Frame):
    """⏎ opens a run, `r` goes on with it."""

    CSS_PATH = "history.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "resume", "resume"),
        Binding("s", "save", "save transcript"),
        Binding("escape,left,backspace", "app.switch_mode('guide')", "guide"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.runs: tuple[RunSummary, ...] = ()

    def body(self) -> Iterable[Widget]:
        yield Static("Looking into the journal …", id="empty")
        yield Choices(id="runs")

    def on_mount(self) -> None:
        top = self.query_one(EdgeLine)
        top.left = Content.assemble(("sensei", "bold $primary"), " · ", one_line(self.sensei.house.title))
        top.right = Content.styled("history", QUIET)

    def on_screen_resume(self, _event: events.ScreenResume) -> None:
        self.sensei.look_up(self.sensei.house.runs, self.show)

    def show(self, runs: tuple[RunSummary, ...]) -> None:
        """Show these runs."""
        before = self._chosen
        self.runs = runs
        empty = self.query_one("#empty", Static)
        empty.update("No run yet. The guide starts the first one." if not runs else "")
        empty.display = not runs
        choices = self.query_one(Choices)
        at = next((index for index, run in enumerate(runs) if before is not None and run.run == before.run), 0)
        choices.show_rows([_row(run, time.time()) for run in runs], cursor=at)
        choices.focus()
        self.refresh_bindings()

    @property
    def _chosen(self) -> RunSummary | None:
        cursor = self.query_one(Choices).cursor
        return self.runs[cursor] if cursor is not None and cursor < len(self.runs) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only an unfinished run can go on."""
        if action == "resume":
            return self._chosen is not None and self._chosen.status in UNFINISHED
        return action != "save" or bool(self.runs)

    @on(Choices.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(Choices.Taken)
    def _taken(self, event: Choices.Taken) -> None:
        self.sensei.show_run(event.row.key)

    def action_resume(self) -> None:
        if self._chosen is not None:
            self.sensei.begin(ResumeRun(run=self._chosen.run))

    def action_save(self) -> None:
        if self._chosen is not None:
            self.sensei.save_transcript(self._chosen.run)


def _row(run: RunSummary, now: float) -> Row:
    mark, _ = run_mark(run.status)
    note = " · ".join(
        part
        for part in (run.status, run.position, ago(run.updated_at or run.started_at, now), run.owner, run.run)
        if part
    )
    style = "$warning" if run.status in {"paused", "interrupted"} else ""
    return Row(run.run, f"{run.title}  {run.subject}".strip(), note, mark=mark, style=style)
