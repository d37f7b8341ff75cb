"""A list to choose from, drawn line by line, so that ten thousand rows are as quick as ten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from ...terms.values import value
from .literal import one_line
from .marks import QUIET

LABEL_SHARE = 0.55
"""The widest that the label column may be, as a part of the row, when there are notes beside it."""


@value
class Row:
    """One line to choose; `mark` stands where the number would and tells what kind of row it is."""

    key: str
    label: str
    note: str = ""
    mark: str = ""
    style: str = ""
    set_apart: bool = False
    """Leave an empty line above: this row is of another kind than those before it."""
    careful: bool = False
    """Its mark only moves the cursor here; taking it needs ⏎."""


class Choices(ScrollView, can_focus=True):
    """Rows with a cursor: a row's mark (its digit) and ⏎ take, arrows move.

    With cursor None nothing is taken until one is chosen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,down,k,j", "none", "choose"),
        Binding("enter", "take", "take"),
        Binding("home,g", "first", show=False),
        Binding("end,G", "last", show=False),
    ]

    @dataclass
    class Taken(Message):
        """The row under the cursor was taken."""

        choices: "Choices"
        row: Row

        @property
        def control(self) -> "Choices":
            return self.choices

    @dataclass
    class Moved(Message):
        """The cursor stands on another row."""

        choices: "Choices"
        row: Row

        @property
        def control(self) -> "Choices":
            return self.choices

    def __init__(self, rows: Sequence[Row] = (), *, cursor: int | None = 0, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: tuple[Row, ...] = ()
        self._cursor: int | None = None
        self._lines: list[int | None] = []
        self._first_line: list[int] = []
        self._label_width = 0
        self._note_width = 0
        self._cache: dict[tuple[int, int, bool, bool], Strip] = {}
        self.show_rows(rows, cursor=cursor)

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return None if self._cursor is None else self._rows[self._cursor]

    @property
    def cursor(self) -> int | None:
        """The index of the row under the cursor."""
        return self._cursor

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows."""
        return self._rows

    def show_rows(self, rows: Sequence[Row], *, cursor: int | None = 0) -> None:
        """Replace the rows."""
        self._rows = tuple(rows)
        self._cursor = cursor if rows else None
        self._lines, self._first_line = [], []
        for index, row in enumerate(self._rows):
            if row.set_apart and index:
                self._lines.append(None)
            self._first_line.append(len(self._lines))
            self._lines.append(index)
        self._label_width = max((len(row.label) for row in self._rows), default=0)
        self._note_width = max((len(row.note) for row in self._rows), default=0)
        self._cache.clear()
        self.virtual_size = Size(0, len(self._lines))
        self.scroll_to(0, 0, animate=False)
        self.refresh(layout=True)
        self._reveal()

    def move(self, index: int) -> None:
        """Put the cursor on a row; out of range means the nearest one."""
        if not self._rows:
            return
        index = min(max(index, 0), len(self._rows) - 1)
        if index == self._cursor:
            return
        before, self._cursor = self._cursor, index
        for each in (before, index):
            if each is not None:
                self.refresh(Region(0, self._first_line[each] - self.scroll_offset.y, self.size.width, 1))
        self._reveal()
        self.post_message(self.Moved(self, self._rows[index]))

    def take(self, index: int) -> None:
        """Take a row as if ⏎ was pressed on it."""
        self.move(index)
        self.action_take()

    def action_take(self) -> None:
        if self.row is not None:
            self.post_message(self.Taken(self, self.row))

    def action_first(self) -> None:
        self.move(0)

    def action_last(self) -> None:
        self.move(len(self._rows) - 1)

    def action_none(self) -> None:
        """Arrow keys are taken in `on_key`; the binding names them in the keys line."""

    def on_key(self, event: events.Key) -> None:
        page = max(self.size.height - 1, 1)
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -page, "pagedown": page}
        if event.key in steps:
            at = self._cursor if self._cursor is not None else (-1 if steps[event.key] > 0 else len(self._rows))
            self.move(at + steps[event.key])
        elif event.character is not None and self._by_mark(event.character):
            pass
        else:
            return
        event.stop()
        event.prevent_default()

    def _by_mark(self, character: str) -> bool:
        for index, row in enumerate(self._rows):
            if row.mark == character:
                if row.careful:
                    self.move(index)
                else:
                    self.take(index)
                return True
        return False

    def on_click(self, event: events.Click) -> None:
        line = event.y + self.scroll_offset.y
        index = self._lines[line] if 0 <= line < len(self._lines) else None
        if index is not None:
            self.move(index)
            if not self._rows[index].careful:
                self.action_take()

    def _reveal(self) -> None:
        if self._cursor is not None and self.size.height:
            self.scroll_to_region(
                Region(0, self._first_line[self._cursor], self.size.width, 1), animate=False, force=True
            )

    def on_resize(self) -> None:
        self._cache.clear()
        self._reveal()

    def on_focus(self) -> None:
        self._cache.clear()

    def on_blur(self) -> None:
        self._cache.clear()

    def notify_style_update(self) -> None:
        """Another theme: nothing drawn before counts."""
        super().notify_style_update()
        self._cache.clear()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As tall as its rows."""
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        line = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        index = self._lines[line] if line < len(self._lines) else None
        if index is None:
            return Strip.blank(width, self.rich_style)
        key = (index, width, index == self._cursor, self.has_focus)
        if (strip := self._cache.get(key)) is None:
            strip = self._cache[key] = self._draw(index, width)
        return strip

    def _draw(self, index: int, width: int) -> Strip:
        row, chosen = self._rows[index], index == self._cursor
        style = row.style or ("bold" if chosen else "")
        head = Content.assemble(
            ("▸ " if chosen else "  ", "bold $primary"),
            (f"{row.mark:<2} " if row.mark else "", row.style or ("bold $primary" if chosen else QUIET)),
        )
        room = max(width - head.cell_length, 1)
        label = Content.styled(one_line(row.label), style)
        if row.note:
            column = min(self._label_width + 3, max(int(room * LABEL_SHARE), room - self._note_width))
            label = label.truncate(max(column - 2, 1), ellipsis=True)
            gap = " " * max(column - label.cell_length, 2)
            note = Content.styled(one_line(row.note), QUIET)
            label = Content.assemble(label, gap, note)
        content = Content.assemble(head, label.truncate(room, ellipsis=True))
        strips = Visual.to_strips(self, content, width, 1, self.visual_style, pad=True)
        return strips[0] if strips else Strip.blank(width, self.rich_style)
