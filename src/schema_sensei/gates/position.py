"""Where a database stands along a Script: how many of its units are done, judged by its version table."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..changes.script import Script
from ..migrations.guard import parts_done


@dataclass(frozen=True, slots=True)
class Position:
    """`possible` holds every number of finished units that fits the heads; empty when the heads fit nowhere.

    Units outside a transaction (a CREATE INDEX CONCURRENTLY between two transactions of one revision) leave no mark,
    so several numbers may be possible; the records of a run narrow them.
    """

    heads: tuple[str, ...]
    possible: tuple[int, ...]
    total: int

    @property
    def finished(self) -> bool:
        """True when all units are done and nothing else is possible."""
        return self.possible == (self.total,)

    @property
    def next(self) -> int | None:
        """The index of the unit to run next, None when the database is not on this Script's way.

        Of several possible numbers the smallest counts: a unit that ran before fails clean on its own objects, one
        that is left out is lost.
        """
        return self.possible[0] if self.possible else None

    def __str__(self) -> str:
        return f"version table: {shown(self.heads)}"


def locate(
    script: Script, heads: Iterable[str], comment: str = "", *, done: int = 0, started: int | None = None
) -> Position:
    """The position for what the version table says: its rows, and its comment in which a Script counts the parts of a
    revision. `done` and `started` are how many units a run's records say ended and began.
    """
    now = tuple(sorted(heads))
    total = len(script.units)
    most = total if started is None else max(started, done)
    possible = tuple(
        count
        for count in range(done, min(most, total) + 1)
        if _heads_after(script, count) == set(now) and _marks_fit(script, count, comment)
    )
    return Position(now, possible, total)


def shown(heads: Iterable[str]) -> str:
    """Heads for people: `3f2a91`, `a1 + b2`, or `no revision`."""
    return " + ".join(sorted(heads)) or "no revision"


def _heads_after(script: Script, count: int) -> set[str]:
    return set(script.units[count - 1].heads_after if count else script.start)


def _marks_fit(script: Script, count: int, comment: str) -> bool:
    """Whether the part that the comment counts is the one that is last done after `count` units."""
    revision = script.units[count].revision if count < len(script.units) else None
    if revision is None or not any(unit.revision == revision for unit in script.units[:count]):
        return not any(parts_done(comment, each) for each in script.revisions)
    parts = sum(unit.revision == revision and unit.transactional for unit in script.units)
    done = sum(unit.revision == revision and unit.transactional for unit in script.units[:count])
    return parts_done(comment, revision) == (done if parts > 1 else 0)
