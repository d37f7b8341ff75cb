"""Work that a later step will ask for, begun while people read: whoever needs it waits for it, and it never fails.

What it finds lies in caches that go by content, so that a file which changes meanwhile makes it useless, not wrong.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

PATIENCE: Final = 10.0
"""Seconds that leaving waits for it: a scratch database is dropped by whoever made it."""
_LOOK: Final = 0.05


class Ahead:
    """One piece of work at a time, on a thread of its own. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._cancel: Callable[[], None] = lambda: None

    def begin(self, work: Callable[[], object], cancel: Callable[[], None]) -> None:
        """Start it, unless something is under way; `cancel` ends it early, from any thread."""

        def run() -> None:
            with suppress(Exception):  # the step itself will meet it, and tell
                work()

        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._cancel = cancel
            self._thread = threading.Thread(target=run, name="sensei ahead", daemon=True)
            self._thread.start()

    def wait(self, checkpoint: Callable[[], None]) -> None:
        """Until it is done; `checkpoint` is called again and again and may end the waiting."""
        thread = self._thread
        while thread is not None and thread.is_alive():
            checkpoint()
            thread.join(_LOOK)

    def stop(self) -> None:
        """End it; nothing that it made on a server is left behind, unless it does not end in time."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            self._cancel()
            thread.join(PATIENCE)
