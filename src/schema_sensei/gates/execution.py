"""Runs one unit on one connection: statement by statement, cancellable, retried when it only lost a race for a lock."""

import queue
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg
from psycopg import errors

from ..migrations.unit import Unit
from ..postgres.session import Connection
from .protocol import Progress

T = TypeVar("T")

POLL_SECONDS = 0.1
"""How often a running statement looks whether the step was cancelled or its time is up."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for other sessions: per lock, how often, and the pause before the second attempt (it doubles).

    A short lock_timeout keeps everybody else's queries from queueing up behind a waiting ALTER TABLE.
    """

    lock_timeout_ms: int = 3_000
    attempts: int = 6
    first_pause: float = 1.0
    advisory_seconds: float = 60.0
    session_seconds: float = 30.0


class StatementRefused(Exception):
    """The server refused statement `number` (from 1) of a unit; internal, the gate says in what state things are."""

    def __init__(self, number: int, statement: str, error: psycopg.Error, attempts: int) -> None:
        super().__init__(str(error))
        self.number = number
        self.statement = statement
        self.error = error
        self.attempts = attempts


@dataclass(slots=True)
class Execution:
    """A connection in autocommit mode with the thread that waits for it, so that the caller can look up meanwhile."""

    connection: Connection
    progress: Progress
    patience: Patience
    _said: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=1, thread_name_prefix="statement")
    )

    def __post_init__(self) -> None:
        self.connection.add_notice_handler(lambda notice: self._said.put(notice.message_primary or ""))

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self.connection.close()

    def run(self, number: int, unit: Unit) -> None:
        """Run unit `number` (from 1). Raises StatementRefused; psycopg.OperationalError when the connection is lost."""
        if unit.transactional:
            self._retry(number, unit)
        else:
            # A CREATE INDEX CONCURRENTLY that runs into lock_timeout leaves an INVALID index; it blocks nobody
            # while it waits, so it may.
            self._wait(lambda: self.connection.execute("SET lock_timeout = 0"))
            for place, statement in enumerate(unit.statements, 1):
                self._execute(number, place, statement, attempt=1)
            self._wait(lambda: self.connection.execute("RESET lock_timeout"))

    def _retry(self, number: int, unit: Unit) -> None:
        attempt = 1
        while True:
            try:
                self._transaction(number, unit, attempt)
            except StatementRefused as refused:
                lost_a_race = isinstance(refused.error, errors.LockNotAvailable | errors.DeadlockDetected)
                if not lost_a_race or attempt >= self.patience.attempts:
                    raise
                pause = self.patience.first_pause * 2 ** (attempt - 1)
                self.progress.warn(
                    f"Attempt {attempt} of {self.patience.attempts}: {refused.error.diag.message_primary}. "
                    f"Rolled back; trying again in {pause:g} s."
                )
                self._pause(pause)
                attempt += 1
            else:
                return

    def _transaction(self, number: int, unit: Unit, attempt: int) -> None:
        try:
            with self.connection.transaction():
                for place, statement in enumerate(unit.statements, 1):
                    self._execute(number, place, statement, attempt)
        except psycopg.Error as error:  # COMMIT itself: a deferred constraint, or the connection
            if self.connection.broken:
                raise
            raise StatementRefused(len(unit.statements) + 1, "COMMIT", error, attempt) from error

    def _execute(self, number: int, place: int, statement: str, attempt: int) -> None:
        self.progress.statement(number, place, statement)
        try:
            # Bytes and no parameters: sent as it is, % and all.
            self._wait(lambda: self.connection.execute(statement.encode()))
        except psycopg.Error as error:
            if self.connection.broken:
                raise
            raise StatementRefused(place, statement, error, attempt) from error

    def _wait(self, call: Callable[[], T]) -> T:
        """Let the thread make the call; on a checkpoint's refusal cancel the statement in the server, then re-raise."""
        future: Future[T] = self._thread.submit(call)
        try:
            while True:
                try:
                    return future.result(timeout=POLL_SECONDS)
                except StillRunning:
                    if future.done():
                        return future.result()
                    self._drain()
                    self.progress.checkpoint()
        except BaseException:
            if not future.done():
                self.connection.cancel_safe(timeout=5)
                future.exception()
            raise
        finally:
            self._drain()

    def _drain(self) -> None:
        while not self._said.empty():
            self.progress.note(self._said.get())

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.progress.checkpoint()
            time.sleep(min(POLL_SECONDS, left))
