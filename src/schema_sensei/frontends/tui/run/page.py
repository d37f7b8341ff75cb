"""A page to read while a question waits: what a hazard is, why it is one, and what to write instead."""

from collections.abc import Iterable, Iterator
from typing import ClassVar, assert_never

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from ....engine.prompts import Code
from ...pages import parts
from ..bars import EdgeLine
from ..frame import Frame
from ..literal import literal, one_line
from ..marks import QUIET
from .blocks import block_widgets


class PageScreen(Frame):
    """Covers the run until it is read; `name` and `target` are the run's, so that this screen names them too."""

    CSS_PATH = "page.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,enter", "close", "back to the question"),
        Binding("y", "copy", "copy"),
        Binding("pageup", "page(-1)", "scroll", priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, why: str, page: str, *, left: Content, right: Content) -> None:
        super().__init__()
        self._why, self._page = why, page
        self._left, self._right = left, right

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="page"):
            yield from self._widgets()

    def on_mount(self) -> None:
        top = self.query_one(EdgeLine)
        top.left, top.right = self._left, self._right
        self.query_one("#page").focus()

    def _widgets(self) -> Iterator[Widget]:
        if self._why.strip():
            yield Static(literal(self._why, QUIET), classes="text")
        for part in parts(self._page):
            match part.kind:
                case "heading":
                    yield Static(literal(one_line(part.text), "bold $primary"), classes="heading")
                case "text":
                    yield Static(literal(part.text), classes="text")
                case "code":
                    yield from block_widgets(Code(part.text, part.language or "text"))
                case _:
                    assert_never(part.kind)

    def action_close(self) -> None:
        self.dismiss()

    def action_copy(self) -> None:
        self.sensei.copy(self._page)

    def action_scroll(self, lines: int) -> None:
        self.query_one("#page").scroll_relative(y=lines, animate=False)

    def action_page(self, direction: int) -> None:
        """A screenful up or down."""
        self.action_scroll(direction * max(self.query_one("#page").size.height - 1, 1))
