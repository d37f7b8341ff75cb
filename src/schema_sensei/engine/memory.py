"""The journal's twin in memory: for dry runs and tests. Same behaviour, gone with the process."""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import replace

from .clock import SystemClock
from .errors import LeaseLost, no_such_run
from .leases import claim_of
from .owner import this_process
from .ports import Clock
from .records import Entry, Lease, Owner, RunHeader, RunRecord, verify


class MemoryOutput:
    """Output of one step visit, kept as text."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        """Add text."""
        self.text += text

    def close(self) -> None:
        """Nothing to let go of."""


class MemoryJournal:
    """A `Journal` in memory; `lease_seconds` and `clock` decide when a foreign owner's lease has expired."""

    def __init__(self, *, clock: Clock | None = None, lease_seconds: float = 30.0) -> None:
        self.lease_seconds = lease_seconds
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._records: dict[str, RunRecord] = {}
        self._entries: dict[str, list[Entry]] = {}
        self._outputs: dict[tuple[str, str, int], MemoryOutput] = {}

    def create(self, header: RunHeader, owner: Owner) -> Lease | None:
        """Add a run and hold it; None when the id is taken."""
        with self._lock:
            if header.id in self._records:
                return None
            self._entries[header.id] = []
            self._records[header.id] = RunRecord(
                header=header,
                updated_at=header.started_at,
                chain=header.seal,
                epoch=1,
                owner=owner,
                expires_at=self._expiry(),
            )
            return Lease(header.id, 1, owner, "created")

    def claim(self, run: str, owner: Owner, *, take_over: bool = False) -> Lease:
        """Hold an existing run. Raises RunHeld while its owner lives."""
        with self._lock:
            record = self.record(run)
            how = claim_of(record, now=self._clock.now(), here=this_process(), take_over=take_over)
            epoch = record.epoch + 1
            self._records[record.header.id] = replace(record, epoch=epoch, owner=owner, expires_at=self._expiry())
            return Lease(record.header.id, epoch, owner, how, record.owner)

    def renew(self, lease: Lease) -> None:
        """Let the lease live on."""
        with self._lock:
            self._records[lease.run] = replace(self._fenced(lease), expires_at=self._expiry())

    def release(self, lease: Lease) -> None:
        """Let go of the run."""
        with self._lock:
            record = self._records[lease.run]
            if record.epoch == lease.epoch:
                self._records[lease.run] = replace(record, owner=None, expires_at=0.0)

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        """Write entries, fenced by the lease."""
        with self._lock:
            record = self._fenced(lease)
            if entries[0].number != record.entries + 1:
                raise LeaseLost(lease.run)
            self._entries[lease.run].extend(entries)
            self._records[lease.run] = replace(record.after(entries), expires_at=self._expiry())

    def record(self, run: str) -> RunRecord:
        """The run with this id, or the only one whose id begins so."""
        with self._lock:
            if run in self._records:
                return self._records[run]
            found = [record for key, record in self._records.items() if run and key.startswith(run)]
        if len(found) == 1:
            return found[0]
        raise no_such_run(run, [record.header.id for record in found])

    def records(self, limit: int | None = None) -> tuple[RunRecord, ...]:
        """Runs, newest first."""
        with self._lock:
            newest = sorted(self._records.values(), key=lambda record: record.header.started_at, reverse=True)
        return tuple(itertools.islice(newest, limit))

    def entries(self, run: str, after: int = 0) -> tuple[Entry, ...]:
        """The entries of a run whose number is above `after`."""
        with self._lock:
            return tuple(self._entries[run][after:])

    def open_output(self, run: str, step: str, visit: int) -> MemoryOutput:
        """Where the step's output goes."""
        return self._outputs.setdefault((run, step, visit), MemoryOutput())

    def read_output(self, run: str, step: str, visit: int, offset: int = 0) -> str:
        """What was put out since a byte offset."""
        found = self._outputs.get((run, step, visit))
        return found.text.encode("utf-8", "backslashreplace")[offset:].decode(errors="replace") if found else ""

    def output_place(self, run: str, step: str, visit: int) -> str:
        """A name for it; there is no file."""
        return f"memory:{run}/{step}.{visit}"

    def verify(self, run: str) -> tuple[str, ...]:
        """Every break of the hash chain."""
        return verify(self.record(run), self.entries(run))

    def close(self) -> None:
        """Nothing to close."""

    def _expiry(self) -> float:
        return self._clock.now() + self.lease_seconds

    def _fenced(self, lease: Lease) -> RunRecord:
        record = self._records[lease.run]
        if record.epoch != lease.epoch:
            raise LeaseLost(lease.run)
        return record
