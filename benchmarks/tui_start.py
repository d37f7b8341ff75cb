"""From process start to the first question on screen, against a bare Textual app in the same pty."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from pathlib import Path

from .measure import Measure, alternate

QUESTION = "What are you trying to do?"
BARE = f"""
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static({QUESTION!r})

Bare().run()
"""
ROOT = Path(__file__).parent.parent
PATIENCE = 20.0
_ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")


def first_frame(arguments: list[str], text: str = QUESTION, size: tuple[int, int] = (24, 80)) -> float:
    """Seconds until the text stands on the screen of a pty of rows and columns; the process is ended after that.

    Raises TimeoutError when it never does.
    """
    started = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.environ.update(TERM="xterm-256color", COLUMNS=str(size[1]), LINES=str(size[0]))
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606  # ourselves, in the child of a fork
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        seen = b""
        while text.encode() not in _ESCAPES.sub(b"", seen):
            if not select.select([terminal], [], [], PATIENCE)[0]:
                raise TimeoutError(seen[-500:])
            seen += os.read(terminal, 65536)
        return time.perf_counter() - started
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)


def measure() -> list[Measure]:
    """Our front end on a house in memory, so that only the front end is measured."""
    ours = ["-m", "benchmarks.tui_memory"]
    return [
        alternate(
            "first question on screen",
            lambda: first_frame(ours),
            lambda: first_frame(["-c", BARE]),
            limit=1.3,
            rounds=9,
        )
    ]
