"""What a step shows becomes widgets: prose, source text with its colours, tables; all of it literal."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias, assert_never

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from ....engine.prompts import Block, Code, Prose, Table, Tone
from ...wording import Line, block_lines, records
from ..literal import clean, hanging, literal, one_line
from ..marks import QUIET, tone_mark

HIGHLIGHT_LIMIT = 60_000
"""Characters; longer source text is shown plain, because colouring it would hold up the screen."""
PIECE_LINES = 200
"""Long source text is laid out in pieces of this many lines, so that only those in sight are drawn."""


def block_widgets(block: Block) -> Iterable[Widget]:
    """The widgets that show one block."""
    match block:
        case Prose(text, tone):
            yield Static(toned(text, tone), classes="prose")
        case Code(text=text, language=language, title=title):
            if title:
                yield Static(literal(title, QUIET), classes="title")
            for piece in _pieces(clean(text).expandtabs(4)):
                yield Static(_coloured(piece, language, len(text)), classes="code")
        case Table():
            yield TableText(block)
        case _:
            assert_never(block)


def block_text(block: Block) -> str:
    """A block as it is copied: exactly the text it holds."""
    match block:
        case Prose(text=text) | Code(text=text):
            return text
        case Table(columns, rows, _):
            return "\n".join("\t".join(row) for row in (columns, *rows))
        case _:
            assert_never(block)


def copy_text(blocks: Sequence[Block]) -> str:
    """What `y` copies: the source text that is offered, else all source text, else everything."""
    codes = [block for block in blocks if isinstance(block, Code)]
    offered = [block for block in codes if block.offered]
    return "\n\n".join(block_text(block) for block in (offered or codes or blocks))


def toned(text: str, tone: Tone) -> Content:
    """A paragraph with the mark and style of its tone."""
    mark, style = tone_mark(tone)
    return Content.assemble((f"{mark} " if mark else "", style), (clean(text), style))


def lines_content(lines: Iterable[Line]) -> Content:
    """Lines of the shared wording, indented and toned."""
    return Content("\n").join(
        Content.assemble("  " * max(line.depth - 1, 0), (clean(line.text), tone_mark(line.tone)[1])) for line in lines
    )


class FittingText(Widget):
    """Text that is laid out for the columns there are."""

    def layout_for(self, width: int) -> Content:
        """The text in so many columns."""
        raise NotImplementedError

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the layout for this width has, wrapped."""
        return self.layout_for(width).get_height({}, max(width, 1))

    def render(self) -> Content:
        return self.layout_for(self.content_size.width)


class TableText(FittingText):
    """A table in aligned columns; where they do not fit, the last one goes on below itself, or record by record."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._wide = block_lines(table, 1)
        self._narrow = records(table, 1)
        self._width = max((len(line.text) + 2 * line.depth for line in self._wide), default=0)
        rows = [tuple(one_line(cell) for cell in row) for row in (table.columns, *table.rows)]
        widths = [max(len(row[at]) for row in rows) for at in range(len(table.columns) - 1)]
        self._title = table.title
        self._heads = [
            "  " + "".join(f"{cell:<{room}}  " for cell, room in zip(row, widths, strict=False)) for row in rows
        ]
        self._tails = [row[-1] for row in rows]

    def layout_for(self, width: int) -> Content:
        """Aligned while at least half the columns are left for the last one."""
        if self._width <= width:
            return lines_content(self._wide)
        if len(self._heads[0]) * 2 > width:
            return lines_content(self._narrow)
        title = [Content.styled(f"{clean(self._title)}:", QUIET)] if self._title else []
        rows = [
            hanging(Content.styled(head, QUIET), Content.styled(tail, "" if at else QUIET), width)
            for at, (head, tail) in enumerate(zip(self._heads, self._tails, strict=True))
        ]
        return Content("\n").join([*title, *rows])


Fact: TypeAlias = tuple[Content, Content]
"""A name or mark, and what is said beside it."""


class Facts(FittingText):
    """Facts, one below the other."""

    def __init__(self, facts: Sequence[Fact], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facts = facts

    def layout_for(self, width: int) -> Content:
        """Each name, and beside it what is said."""
        return Content("\n").join([hanging(name, said, width) for name, said in self._facts])


def _pieces(text: str) -> Iterable[str]:
    lines = text.rstrip("\n").split("\n")
    for start in range(0, len(lines), PIECE_LINES):
        yield "\n".join(lines[start : start + PIECE_LINES])


def _coloured(text: str, language: str, whole: int) -> Content:
    if language in {"", "text"} or whole > HIGHLIGHT_LIMIT:
        return Content(text)
    from textual.highlight import highlight

    return highlight(text, language=language)
