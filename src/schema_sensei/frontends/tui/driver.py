"""Output that outlives its terminal: when the window is closed, the program still ends, and nothing waits for ever."""

from contextlib import suppress
from io import TextIOWrapper
from typing import IO, Any, cast

from textual.drivers.linux_driver import LinuxDriver


class LastingDriver(LinuxDriver):
    """Textual's driver, but what it writes to a terminal that is gone is dropped.

    There the thread that writes would die of the first error, and the application wait for room in its queue.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self._file is not None:
            self._file = cast("TextIOWrapper", _Lasting(self._file))


class _Lasting:
    """A text file that takes everything, whatever became of the terminal behind it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()
