"""Waits for the server: looks often at first, then less, and outlives a short absence."""

import time
from collections.abc import Callable
from typing import TypeVar

from .delivery import Pace, Watcher
from .errors import LostAnswerError, UnavailableError

T = TypeVar("T")

_STEADY = 5
"""So many looks come at the first pace: what a server does at once takes it some tenths of a second."""
_SLICE = 0.1
"""How long it may take until a cancelled wait ends."""


class Poll:
    """One wait. `most` is the longest pause, `limit` the time after which `over` is true."""

    def __init__(
        self,
        pace: Pace,
        watch: Watcher,
        *,
        most: float,
        limit: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pace = pace
        self._watch = watch
        self._most = most
        self._clock = clock
        self._pause = pace.first
        self._looks = 0
        self._began = clock()
        self._limit = limit

    @property
    def waited(self) -> float:
        """Seconds since the wait began."""
        return self._clock() - self._began

    @property
    def over(self) -> bool:
        """Whether it has lasted longer than it may."""
        return self.waited > self._limit

    def pause(self) -> None:
        """Sleep until it is time to look again. Raises what the watcher's checkpoint raises."""
        until = self._clock() + self._pause
        self._looks += 1
        if self._looks >= _STEADY:
            self._pause = min(self._pause * self._pace.growth, self._most)
        self._watch.checkpoint()
        while (left := until - self._clock()) > 0:
            time.sleep(min(_SLICE, left))
            self._watch.checkpoint()

    def ask(self, look: Callable[[], T]) -> T:
        """The answer; while the server is away, asks again for as long as an outage may last."""
        lost: float | None = None
        while True:
            try:
                return look()
            except (LostAnswerError, UnavailableError) as error:
                if lost is None:
                    lost = self._clock()
                    self._watch.warn(f"{error.what} Waiting for it.")
                elif self._clock() - lost > self._pace.outage:
                    raise
                self.pause()
