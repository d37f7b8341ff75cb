"""The seam to the journal: what remembers runs; `engine.memory` and `schema_sensei.journal.store` are its two kinds."""

from collections.abc import Sequence
from typing import Protocol

from .records import Entry, Lease, Owner, RunHeader, RunRecord


class OutputFile(Protocol):
    """The full live output of one step visit; best effort: a failure to write it never stops a step."""

    def write(self, text: str) -> None: ...
    def close(self) -> None: ...


class Journal(Protocol):
    """Remembers runs, append-only. Every write is durable when it returns, or raises and has changed nothing.

    Methods raise JournalError when the store cannot be read or written; those that take a lease raise LeaseLost when
    its epoch is no longer the run's. Thread-safe.
    """

    @property
    def lease_seconds(self) -> float:
        """How long a lease lives without being renewed; every write renews it too."""
        ...

    def create(self, header: RunHeader, owner: Owner) -> Lease | None:
        """Add a run and hold it; None when the id is taken."""
        ...

    def claim(self, run: str, owner: Owner, *, take_over: bool = False) -> Lease:
        """Hold an existing run. Raises RunHeld while its owner lives, NoSuchRun."""
        ...

    def renew(self, lease: Lease) -> None: ...

    def release(self, lease: Lease) -> None:
        """Let go of the run; nothing happens when the lease is lost already."""
        ...

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        """Write entries in one transaction, fenced by the lease's epoch and by the number they follow."""
        ...

    def record(self, run: str) -> RunRecord:
        """The run with this id, or the only one whose id begins so. Raises NoSuchRun."""
        ...

    def records(self, limit: int | None = None) -> tuple[RunRecord, ...]:
        """Runs, newest first."""
        ...

    def entries(self, run: str, after: int = 0) -> tuple[Entry, ...]:
        """The entries of a run (full id) whose number is above `after`, in order."""
        ...

    def open_output(self, run: str, step: str, visit: int) -> OutputFile: ...

    def read_output(self, run: str, step: str, visit: int, offset: int = 0) -> str:
        """The output of a step visit from a byte offset of its UTF-8 text; empty when there is none."""
        ...

    def output_place(self, run: str, step: str, visit: int) -> str:
        """Where a person finds the full output: a path; empty when there is none."""
        ...

    def verify(self, run: str) -> tuple[str, ...]:
        """Every break of the run's hash chain, in words."""
        ...

    def close(self) -> None: ...
