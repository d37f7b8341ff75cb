"""Foreign text in Markdown: what a person, a database or a program wrote is shown, never interpreted."""

import re
from collections.abc import Iterator
from typing import assert_never

from ..engine.prompts import Block, Code, Prose, Table

_SPECIAL = re.compile(r"([\\`*\[\]<>|])")


def inline(text: str) -> str:
    """The text on one line, its Markdown marks escaped."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def bullet(name: str, text: str) -> str:
    """A line of the header; `text` is Markdown already."""
    return f"- **{name}:** {text}"


def fence(text: str, language: str) -> Iterator[str]:
    """The text as a fenced block; the fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    yield f"{ticks}{re.sub(r'[^a-z0-9]', '', language)}"
    yield from text.splitlines()
    yield ticks
    yield ""


def block_lines(block: Block) -> Iterator[str]:
    """A block as Markdown lines, an empty line at its end."""
    match block:
        case Prose(text=text):
            yield inline(text)
            yield ""
        case Code(text=text, language=language, title=title):
            if title:
                yield f"{inline(title)}:"
                yield ""
            yield from fence(text, language)
        case Table(columns=columns, rows=rows, title=title):
            if title:
                yield f"{inline(title)}:"
                yield ""
            yield _row(columns)
            yield _row(("---",) * len(columns))
            yield from map(_row, rows)
            yield ""
        case _:
            assert_never(block)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(inline(cell) for cell in cells)} |"
