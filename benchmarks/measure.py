"""One line of the benchmark table, and how two things are timed fairly against each other."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """Least seconds of ours and of the raw thing, and the highest ratio that we allow."""

    name: str
    ours_seconds: float
    raw_seconds: float
    limit_ratio: float

    @property
    def ratio(self) -> float:
        return self.ours_seconds / self.raw_seconds

    @property
    def ok(self) -> bool:
        return self.ratio <= self.limit_ratio


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes; what another one left behind is cleared before."""
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def alternate(
    name: str, ours: Callable[[], float], raw: Callable[[], float], *, limit: float, rounds: int = 7
) -> Measure:
    """The best of rounds that swap who goes first: what others do on the machine only ever makes a round slower.

    `ours` and `raw` do one run each and return its seconds; what they prepare outside of that is not counted.
    """
    first: list[float] = []
    second: list[float] = []
    for turn in range(rounds):
        pair = [(ours, first), (raw, second)]
        for run, times in reversed(pair) if turn % 2 else pair:
            times.append(run())
    return Measure(name, min(first), min(second), limit)
