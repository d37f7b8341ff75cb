"""From starting `sensei` to its first question on screen, against a bare Textual app with one line of text."""

import os
import sys
import tempfile
import time
from pathlib import Path

import pexpect

from schema_sensei.practice import project

from .measure import Measure, alternate

SIZE = (40, 120)
BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("What are you trying to do?")

Bare().run()
"""
QUESTION = "trying to do"


def _appears(command: list[str], where: Path) -> float:
    environ = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for name in ("NO_COLOR", "SENSEI_PLAIN", "CI", "PYTHONDONTWRITEBYTECODE"):
        environ.pop(name, None)
    started = time.perf_counter()
    child = pexpect.spawn(
        command[0], command[1:], cwd=str(where), env=environ, dimensions=SIZE, encoding="utf-8", timeout=60
    )
    try:
        child.expect(QUESTION)
        return time.perf_counter() - started
    finally:
        child.close(force=True)


def measure() -> list[Measure]:
    """Seconds from the start of the process until the words are in what the terminal gets."""
    with tempfile.TemporaryDirectory(prefix="sensei-bench-") as folder:
        Path(folder).chmod(0o755)
        with project.opened(Path(folder) / "practice") as opened:
            ours = [str(Path(sys.executable).parent / "sensei")]
            raw = [sys.executable, "-c", BARE]
            _appears(ours, opened.root), _appears(raw, opened.root)  # caches are made by the first start
            return [
                alternate(
                    "first question on screen / bare Textual",
                    lambda: _appears(ours, opened.root),
                    lambda: _appears(raw, opened.root),
                    limit=1.3,
                    rounds=11,
                )
            ]
