"""Foreign text becomes harmless screen content: never markup, never a terminal command, never invisible."""

import re

from textual.content import Content

_ESCAPE_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC, DCS and their kin: titles, clipboard, links
    r"|\x1b[ -/]*[0-~]"  # two-character sequences
)
_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)} | {0x7F: 0x2421}
_INVISIBLE = {
    code: f"‹U+{code:04X}›"
    for code in (
        *range(0x80, 0xA0),  # C1 controls: some terminals obey them
        *range(0x200B, 0x2010),  # zero width characters and direction marks
        *range(0x202A, 0x202F),  # direction overrides: text that reads otherwise than it runs
        *range(0x2060, 0x2070),
        0xFEFF,
    )
}
_VISIBLE: dict[int, int | str] = {**_PICTURES, **_INVISIBLE}


def clean(text: str) -> str:
    """The text with every control and invisible character made visible; line breaks and tabs stay."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


def one_line(text: str) -> str:
    """The same on a single line, runs of white space folded into one space."""
    return clean(" ".join(text.split()))


def terminal_line(text: str) -> str:
    """A line a program printed: its colour and cursor sequences dropped, what a carriage return overwrote left out."""
    return clean(_ESCAPE_SEQUENCES.sub("", text.rstrip("\r\n")).rpartition("\r")[2])


def literal(text: str, style: str = "") -> Content:
    """Foreign text as content in one style."""
    return Content.styled(clean(text), style) if style else Content(clean(text))


def hanging(head: Content, body: Content, width: int) -> Content:
    """`body` beside `head` in so many columns; what does not fit goes on below, under the body."""
    lines = body.wrap(max(width - head.cell_length, 20))
    margin = Content(" " * head.cell_length)
    return Content("\n").join([Content.assemble(margin if at else head, line) for at, line in enumerate(lines)])
