"""The one switch that stops a running step from outside: a key, a signal, a quitting front end."""

import threading

from ..terms.exit_codes import ExitCode
from .prompts import Cancelled


class CancelToken:
    """Thread-safe; `cancel()` returns at once, the step stops at its next checkpoint."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.exit_code = ExitCode.INTERRUPTED

    def cancel(self, exit_code: ExitCode = ExitCode.INTERRUPTED) -> None:
        """Stop the run; a SIGTERM passes `ExitCode.TERMINATED`. Who comes first says why."""
        if not self._event.is_set():
            self.exit_code = exit_code
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise Cancelled once `cancel` was called."""
        if self._event.is_set():
            raise Cancelled
