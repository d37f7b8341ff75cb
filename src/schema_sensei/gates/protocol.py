"""What every gate can do: check, apply, and say afterwards where the database stands."""

from dataclasses import dataclass, field
from typing import Protocol

from ..changes.script import Script
from ..project.environment import Target
from ..terms.json import JsonObject
from .position import Position


@dataclass(frozen=True, slots=True)
class Arrival:
    """A target as the gate found it: which database it is (`identity`, postgres.identity) and where it stands.

    `handle` is what the gate wants back in later calls for the same step, so that it finds its own traces; `notes` are
    for whoever agrees. `unsettled`, from `state`, is what a person has to know before it is tried again; `under_way`
    says that `apply` goes on with what was begun.
    """

    identity: str
    server: str
    position: Position
    handle: JsonObject = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    under_way: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` did: the number of units it ran, and the heads read on a fresh connection afterwards."""

    units: int
    heads: tuple[str, ...]


class Progress(Protocol):
    """Who listens while a Script runs; unit numbers and statement numbers start at 1."""

    def started(self, unit: int) -> None:
        """Called before a unit's first statement; durable when it returns."""
        ...

    def finished(self, unit: int) -> None:
        """Called after a unit is committed; durable when it returns."""
        ...

    def statement(self, unit: int, number: int, text: str) -> None: ...
    def note(self, text: str) -> None:
        """Called with what goes on, as far as a person may want to know."""
        ...

    def warn(self, text: str) -> None:
        """Called with what a person should look at."""
        ...

    def checkpoint(self) -> None:
        """Raises when the step was cancelled or its time is up."""
        ...


class Gate(Protocol):
    """One way for a Script to reach a Target."""

    def check(self, script: Script, target: Target) -> Arrival:
        """Look, without changing anything, whether this Script can go to this Target and where it would start.

        Raises RefusedError (exit 3) with the reason, UnreachableError (exit 7).
        """
        ...

    def apply(
        self, script: Script, target: Target, *, approved_digest: str, identity: str, progress: Progress, done: int = 0
    ) -> Applied:
        """Run what remains of the Script, if it is the approved one and the Target the approved database.

        `done` is the number of units that this run's records say are committed.
        """
        ...

    def state(self, script: Script, target: Target, *, done: int = 0, started: int | None = None) -> Arrival:
        """Where the target stands now, on a fresh connection, once no session of ours works on it any more."""
        ...
