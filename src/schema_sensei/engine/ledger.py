"""Writes a run down and tells it: each entry is journaled, folded into the state and emitted as events, in this order.

`commit` returns when the entry is durable. `stage` is for what need not survive on its own (a note, the beginning of a
step): it is told at once and written with the next commit, in order.
"""

import logging
import threading

from ..terms.json import JsonValue
from ..terms.secrets import Redactor
from .codec import encode
from .errors import LeaseLost
from .events import Event
from .journal import Journal
from .ports import Clock, Sink
from .prompts import Tone
from .records import Entry, EntryKind, Lease, RunHeader
from .redaction import masked_object
from .replay import Replay
from .state import State

_log = logging.getLogger(__name__)


class Ledger:
    """The one writer of a run, in one process. Thread-safe."""

    def __init__(
        self, journal: Journal, lease: Lease, header: RunHeader, *, sink: Sink, redactor: Redactor, clock: Clock
    ) -> None:
        self.journal = journal
        self.lease = lease
        self.redactor = redactor
        self.clock = clock
        self._sink = sink
        self._replay = Replay(header)
        self._pending: list[Entry] = []
        self._number = 0
        self._chain = header.seal
        self._lock = threading.RLock()
        self.lost = threading.Event()

    @property
    def state(self) -> State:
        """Where the run stands."""
        return self._replay.state

    def begin(self, *, resumed: bool = False, dry: bool = False) -> None:
        """Tell what stands in the journal already."""
        entries = self.journal.entries(self.lease.run)
        told = [event for entry in entries for event in self._replay.events(entry, past=True)]
        if entries:
            self._number, self._chain = entries[-1].number, entries[-1].digest
        self.emit(Replay(self.state.header).opening(resumed=resumed, dry=dry))
        for event in told:
            self.emit(event)

    def commit(self, kind: EntryKind, step: str = "", visit: int = 0, **body: object) -> Entry:
        """Write an entry, and what was staged before it, durably. Raises LeaseLost, JournalError."""
        with self._lock:
            entry = self._sealed(kind, step, visit, body)
            self._write([*self._pending, entry])
            self._pending = []
            self._tell(entry)
            return entry

    def stage(self, kind: EntryKind, step: str = "", visit: int = 0, **body: object) -> None:
        """Tell an entry now and write it with the next commit."""
        with self._lock:
            entry = self._sealed(kind, step, visit, body)
            self._pending.append(entry)
            self._tell(entry)

    def note(self, step: str, visit: int, text: str, tone: Tone = "quiet") -> None:
        """Say one thing worth knowing; written with the next commit."""
        self.stage("noted", step, visit, text=text, tone=tone)

    def flush(self) -> None:
        """Write what is staged. Raises LeaseLost, JournalError."""
        with self._lock:
            if self._pending:
                self._write(self._pending)
                self._pending = []

    def renew(self) -> None:
        """Let the lease live on, and write what is staged on the way. Raises LeaseLost, JournalError."""
        with self._lock:
            try:
                self.journal.renew(self.lease)
            except LeaseLost:
                self.lost.set()
                raise
            self.flush()

    def emit(self, event: Event) -> None:
        """Give an event to the front end; its failures stay its own."""
        try:
            self._sink.emit(event)
        except Exception:
            _log.exception("the front end failed on %s", type(event).__name__)

    def check_lease(self) -> None:
        """Raise LeaseLost when the heartbeat has found the run in other hands."""
        if self.lost.is_set():
            raise LeaseLost(self.lease.run)

    def _sealed(self, kind: EntryKind, step: str, visit: int, body: dict[str, object]) -> Entry:
        plain: dict[str, JsonValue] = {key: encode(value) for key, value in body.items()}
        entry = Entry(
            run=self.lease.run,
            number=self._number + 1,
            epoch=self.lease.epoch,
            kind=kind,
            at=self.clock.now(),
            step=step,
            visit=visit,
            body=masked_object(plain, self.redactor),
            digest="",
        ).sealed(self._chain)
        if kind != "ended":
            self.check_lease()
        return entry

    def _write(self, entries: list[Entry]) -> None:
        try:
            self.journal.append(self.lease, entries)
        except LeaseLost:
            self.lost.set()
            raise

    def _tell(self, entry: Entry) -> None:
        self._number, self._chain = entry.number, entry.digest
        for event in self._replay.events(entry):
            self.emit(event)
