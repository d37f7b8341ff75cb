"""Leaving while a run is in work: the person says what becomes of it."""

from typing import ClassVar, Literal, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from .choices import Choices, Row
from .marks import QUIET

Way: TypeAlias = Literal["stay", "pause", "cancel"]


class LeaveScreen(ModalScreen[Way]):
    """Stay, pause at the next safe place, or stop the step now. The run is kept whatever is chosen."""

    CSS_PATH = "leaving.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stay", "stay")]

    def __init__(self, *, asking: bool, leave: bool) -> None:
        super().__init__()
        self._asking = asking
        self._leave = leave

    def compose(self) -> ComposeResult:
        then = " and leave" if self._leave else ""
        if self._asking:
            words = "A run waits for your answer."
            rows = [
                Row("stay", "Go on", "back to the question"),
                Row("pause", f"Pause{then}", "the run keeps its place; resume it any time"),
            ]
        else:
            words = "A step is running."
            rows = [
                Row("stay", "Let it go on", "stay here"),
                Row("pause", f"Pause{then}", "when the step asks or ends next"),
                Row("cancel", f"Stop the step now{then}", "what it has done is looked into when you resume"),
            ]
        numbered = [
            Row(row.key, row.label, row.note, mark=str(number), careful=row.key == "cancel")
            for number, row in enumerate(rows, 1)
        ]
        with Vertical(id="leaving"):
            yield Static(Content.styled(words, "bold"))
            yield Choices(numbered, id="ways")
            yield Static(Content.styled("Nothing is lost. ⏎ take   esc stay   ^c again: leave at once", QUIET))

    @on(Choices.Taken)
    def _taken(self, event: Choices.Taken) -> None:
        event.stop()
        way: Way = "stay"
        match event.row.key:
            case "pause":
                way = "pause"
            case "cancel":
                way = "cancel"
        self.dismiss(way)

    def action_stay(self) -> None:
        self.dismiss("stay")
