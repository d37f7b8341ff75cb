"""Finds a workflow by a few words and goes to it."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ....guide.search import Hit, Index
from ..choices import Choices, Row
from ..literal import literal

if TYPE_CHECKING:
    from ....definitions.library import Library

RESULTS = 50


class SearchScreen(ModalScreen[str | None]):
    """Type; the workflows that fit stand below, best first."""

    CSS_PATH = "search.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close"),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
    ]

    def __init__(self, library: "Library") -> None:
        super().__init__()
        self._index = Index(library.tree, library.workflows.values())
        self._paths: dict[str, tuple[str, ...]] = {}

    def compose(self) -> ComposeResult:
        with Vertical(id="search"):
            yield Input(placeholder="What do you want to do?  ↑↓ choose  ⏎ take  esc close")
            yield Choices(id="found")
            yield Static(id="path")

    def on_mount(self) -> None:
        self.query_one(Choices).can_focus = False
        self._show(self._index.search("", RESULTS))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._show(self._index.search(event.value, RESULTS))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.query_one(Choices).action_take()

    @on(Choices.Taken)
    def _taken(self, event: Choices.Taken) -> None:
        self.dismiss(event.row.key)

    @on(Choices.Moved)
    def _moved(self, event: Choices.Moved) -> None:
        self._path(event.row.key)

    def action_move(self, by: int) -> None:
        choices = self.query_one(Choices)
        if choices.cursor is not None:
            choices.move(choices.cursor + by)

    def _show(self, hits: tuple[Hit, ...]) -> None:
        self._paths = {hit.workflow.id: hit.path for hit in hits}
        rows = [Row(hit.workflow.id, hit.workflow.title, hit.workflow.when) for hit in hits]
        self.query_one(Choices).show_rows(rows)
        if hits:
            self._path(hits[0].workflow.id)
        else:
            self.query_one("#path", Static).update("Nothing fits these words. Try fewer.")

    def _path(self, workflow: str) -> None:
        way = " › ".join(self._paths.get(workflow, ()))
        self.query_one("#path", Static).update(Content.assemble(literal(way)))
