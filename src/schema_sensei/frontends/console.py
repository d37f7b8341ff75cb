"""A terminal as lines: writes wrapped text, reads a line; no cursor movement, colour only where it is welcome."""

import os
import shutil
import sys
import textwrap
import threading
from collections.abc import Iterable, Mapping
from typing import TextIO

from ..engine.prompts import Tone
from .wording import Line

NARROW = 60
"""Below this many columns tables are told row by row."""
_COLOURS: dict[Tone, str] = {"plain": "", "good": "1", "warning": "33", "danger": "1;31", "quiet": ""}
_ASCII = str.maketrans({"✓": "+", "✗": "x", "▸": ">", "·": "-", "↺": "~", "–": "-", "…": "...", "“": '"', "”": '"', "’": "'", "•": "*", "→": "->"})  # fmt: skip  # noqa: E501 - a table reads best as one


class Console:
    """`width` fixes the columns (else the terminal is asked each time); thread-safe for writing."""

    def __init__(
        self,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        width: int | None = None,
    ) -> None:
        environ = os.environ if environ is None else environ
        self._in = stdin or sys.stdin
        self._out = stdout or sys.stdout
        self._width = width
        self._lock = threading.RLock()
        self._colour = (
            not environ.get("NO_COLOR")
            and environ.get("TERM", "") not in {"", "dumb", "unknown"}
            and not environ.get("SENSEI_PLAIN")
            and self._out.isatty()
        )
        self._ascii = not _speaks_unicode(self._out)

    @property
    def width(self) -> int:
        """Columns to wrap at: the terminal's, between 20 and 100."""
        columns = self._width or shutil.get_terminal_size((80, 24)).columns
        return max(20, min(columns, 100))

    @property
    def narrow(self) -> bool:
        """Whether tables are told row by row."""
        return self.width < NARROW

    def say(self, lines: Iterable[Line]) -> None:
        """Write lines, wrapped to the width; literal ones as they are."""
        with self._lock:
            for line in lines:
                self._out.write(self._drawn(line) + "\n")
            self._out.flush()

    def read(self, question: str) -> str:
        """Write the question, wrapped, and read one line. Raises EOFError, KeyboardInterrupt."""
        rows = textwrap.wrap(question, self.width - 1) or [""]
        with self._lock:
            self._out.write(self._spoken("\n".join(rows)) + " ")
            self._out.flush()
        line = self._in.readline()
        if not line:
            raise EOFError
        return line.rstrip("\r\n")

    def _drawn(self, line: Line) -> str:
        indent = "  " * line.depth
        text = self._spoken(line.text)
        if not line.literal:
            hanging = indent + "  "
            rows = textwrap.wrap(
                text, self.width, initial_indent=indent, subsequent_indent=hanging, break_on_hyphens=False
            )  # fmt: skip
            text = "\n".join(rows)
        else:
            text = (indent + text).rstrip()
        colour = _COLOURS[line.tone] if self._colour and text else ""
        return f"\x1b[{colour}m{text}\x1b[0m" if colour else text

    def _spoken(self, text: str) -> str:
        if not self._ascii:
            return text
        encoding = self._out.encoding or "ascii"
        return text.translate(_ASCII).encode(encoding, "replace").decode(encoding)


def _speaks_unicode(stream: TextIO) -> bool:
    try:
        "✓▸·".encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
