"""Counts and hashes tables in a thread of its own, while somebody else reads the same snapshot."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import psycopg

from ...postgres.session import Connection
from .contents import Content

POLL_SECONDS = 0.05


class Hashing:
    """Runs one query of `contents.content` for each table on a connection that nobody else uses meanwhile.

    Leaving the context ends it: a query that still runs is cancelled.
    """

    def __init__(self, connection: Connection, tasks: Sequence[Callable[[Connection], Content]]) -> None:
        self._connection = connection
        self._tasks = tasks
        self._found: list[Content] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="sensei-hash", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._thread.is_alive():
            self._tasks = ()
            with suppress(psycopg.Error):
                self._connection.cancel_safe(timeout=2)
            self._thread.join(POLL_SECONDS)

    def check(self) -> None:
        """Raise what a query raised."""
        if self._error is not None:
            raise self._error

    def contents(self, checkpoint: Callable[[], None]) -> tuple[Content, ...]:
        """All of them, in the order of the tasks, when they are done; raises what a query raised."""
        while self._thread.is_alive():
            self._thread.join(POLL_SECONDS)
            checkpoint()
        self.check()
        return tuple(self._found)

    def _run(self) -> None:
        try:
            for number in range(len(self._tasks)):
                if number >= len(self._tasks):
                    return  # ended meanwhile
                self._found.append(self._tasks[number](self._connection))
        except BaseException as error:
            self._error = error
