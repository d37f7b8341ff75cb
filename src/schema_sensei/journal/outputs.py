"""The full live output of each step visit: a file of its own, already masked, readable by its owner only."""

import os
import re
from pathlib import Path


class OutputLog:
    """One open output file; what is written is in the file when `write` returns."""

    def __init__(self, path: Path) -> None:
        path.parent.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "ab", buffering=0)

    def write(self, text: str) -> None:
        """Append text."""
        self._file.write(text.encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Outputs:
    """The output files under one directory: `<directory>/<run>/<step>.<visit>.log`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, run: str, step: str, visit: int) -> Path:
        """Where the output of a step visit is."""
        return self.directory / _safe(run) / f"{_safe(step)}.{visit}.log"

    def open(self, run: str, step: str, visit: int) -> OutputLog:
        """Open it for appending. Raises OSError."""
        return OutputLog(self.path(run, step, visit))

    def read(self, run: str, step: str, visit: int, offset: int = 0) -> str:
        """The text from a byte offset; empty when there is none."""
        try:
            with self.path(run, step, visit).open("rb") as file:
                file.seek(offset)
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""


def _safe(name: str) -> str:
    return re.sub(r"[^\w-]", "_", name) or "_"
