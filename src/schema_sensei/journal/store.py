"""The journal in a database: SQLite in the project's `.sensei/`, or PostgreSQL for a team.

    journal = open_journal(Path("project/.sensei/journal.sqlite"))
    journal = open_journal(Secret("postgresql://..."), outputs=Path("project/.sensei/output"))

Every write is one transaction that begins with an UPDATE of the run's row under its epoch: it takes the lock, is the
fence, and keeps the row's place and lease up to date. A write returns when it is on disk (WAL, synchronous=FULL).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Engine,
    Row,
    Update,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from ..engine.clock import SystemClock
from ..engine.errors import LeaseLost, no_such_run
from ..engine.leases import claim_of
from ..engine.owner import this_process
from ..engine.ports import Clock
from ..engine.records import Entry, Lease, Owner, RunHeader, RunRecord, canonical, changes, verify
from ..terms.secrets import Secret
from .connection import connect_postgres, connect_sqlite
from .faults import in_words
from .outputs import OutputLog, Outputs
from .rows import entry_of, entry_row, place_of, record_of
from .tables import entries as entry_table
from .tables import runs as run_table

LEASE_SECONDS = 30.0


def open_journal(
    place: Path | str | Secret, *, outputs: Path | None = None, clock: Clock | None = None
) -> "StoredJournal":
    """Open, and create when it is not there, the journal at a path or a postgresql:// URL. Raises JournalError.

    `outputs` is the directory of the output files; by default `output` beside the SQLite file, or `.sensei/output`.
    """
    text = place.reveal() if isinstance(place, Secret) else str(place)
    if text.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        engine, name = connect_postgres(Secret(text))
        return StoredJournal(engine, name, Outputs(outputs or Path(".sensei/output")), clock or SystemClock())
    path = Path(text)
    engine = connect_sqlite(path)
    return StoredJournal(engine, str(path), Outputs(outputs or path.parent / "output"), clock or SystemClock())


class StoredJournal:
    """A `Journal` on SQLAlchemy Core; any number of processes may share it, each run has one writer."""

    def __init__(
        self, engine: Engine, place: str, outputs: Outputs, clock: Clock, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self.lease_seconds = lease_seconds
        self._engine = engine
        self._place = place
        self._outputs = outputs
        self._clock = clock
        self._server_time = engine.dialect.name == "postgresql"

    def create(self, header: RunHeader, owner: Owner) -> Lease | None:
        """Add a run and hold it; None when the id is taken."""
        row = {
            "id": header.id,
            "header": canonical(header.to_json()),
            "started_at": header.started_at,
            **place_of(RunRecord(header=header, updated_at=header.started_at, chain=header.seal)),
            "epoch": 1,
            "owner": canonical(asdict(owner)),
            "expires_at": self._now() + self.lease_seconds,
        }
        with in_words(self._place):
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(run_table).values(row))
            except IntegrityError:
                return None
        return Lease(header.id, 1, owner, "created")

    def claim(self, run: str, owner: Owner, *, take_over: bool = False) -> Lease:
        """Hold an existing run. Raises RunHeld while its owner lives, NoSuchRun."""
        while True:
            with self._reading() as connection:
                record = self._find(connection, run)
                now = connection.execute(select(self._now())).scalar_one()
            how = claim_of(record, now=float(now), here=this_process(), take_over=take_over)
            epoch = record.epoch + 1
            claimed = (
                update(run_table)
                .where(run_table.c.id == record.header.id, run_table.c.epoch == record.epoch)
                .where(run_table.c.expires_at == record.expires_at)
                .values(epoch=epoch, owner=canonical(asdict(owner)), expires_at=self._now() + self.lease_seconds)
            )
            with in_words(self._place), self._engine.begin() as connection:
                if connection.execute(claimed).rowcount == 1:
                    return Lease(record.header.id, epoch, owner, how, record.owner)

    def renew(self, lease: Lease) -> None:
        """Let the lease live on."""
        with in_words(self._place), self._engine.begin() as connection:
            self._fence(connection, lease, {})

    def release(self, lease: Lease) -> None:
        """Let go of the run; nothing happens when the lease is lost already."""
        released = (
            update(run_table)
            .where(run_table.c.id == lease.run, run_table.c.epoch == lease.epoch)
            .values(owner=None, expires_at=0.0)
        )
        with in_words(self._place), self._engine.begin() as connection:
            connection.execute(released)

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        """Write entries in one transaction, fenced by the lease's epoch and by the number they follow."""
        values = changes(entries)
        with in_words(self._place), self._engine.begin() as connection:
            self._fence(connection, lease, values, after=entries[0].number - 1)
            connection.execute(_INSERT, [entry_row(entry) for entry in entries])

    def record(self, run: str) -> RunRecord:
        """The run with this id, or the only one whose id begins so. Raises NoSuchRun."""
        with self._reading() as connection:
            return self._find(connection, run)

    def records(self, limit: int | None = None) -> tuple[RunRecord, ...]:
        """Runs, newest first."""
        newest = select(run_table).order_by(run_table.c.started_at.desc(), run_table.c.id).limit(limit)
        with self._reading() as connection:
            return tuple(record_of(row) for row in connection.execute(newest))

    def entries(self, run: str, after: int = 0) -> tuple[Entry, ...]:
        """The entries of a run whose number is above `after`, in order."""
        wanted = (
            select(entry_table)
            .where(entry_table.c.run == run, entry_table.c.number > after)
            .order_by(entry_table.c.number)
        )
        with self._reading() as connection:
            return tuple(entry_of(row) for row in connection.execute(wanted))

    def finished_with(self, words: Sequence[str]) -> tuple[Entry, ...]:
        """The entries of all runs that tell of a finished step and hold one of these words anywhere, oldest first."""
        body = entry_table.c.body
        wanted = (
            select(entry_table)
            .where(entry_table.c.kind == "finished", or_(*(body.contains(word, autoescape=True) for word in words)))
            .order_by(entry_table.c.at, entry_table.c.number)
        )
        with self._reading() as connection:
            return tuple(entry_of(row) for row in connection.execute(wanted))

    def open_output(self, run: str, step: str, visit: int) -> OutputLog:
        """Open the output file of a step visit for appending. Raises OSError."""
        return self._outputs.open(run, step, visit)

    def read_output(self, run: str, step: str, visit: int, offset: int = 0) -> str:
        """The output of a step visit from a byte offset."""
        return self._outputs.read(run, step, visit, offset)

    def output_place(self, run: str, step: str, visit: int) -> str:
        """The path of the output file; empty when there is none."""
        path = self._outputs.path(run, step, visit)
        return str(path) if path.exists() else ""

    def verify(self, run: str) -> tuple[str, ...]:
        """Every break of the run's hash chain, in words."""
        record = self.record(run)
        return verify(record, self.entries(record.header.id))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _fence(self, connection: Connection, lease: Lease, values: dict[str, Any], *, after: int | None = None) -> None:
        statement = _fenced_update(tuple(values), server_time=self._server_time, numbered=after is not None)
        place = {"its_run": lease.run, "its_epoch": lease.epoch, "its_after": after, "ttl": self.lease_seconds}
        changed = connection.execute(statement, {**place, "now": self._clock.now(), **_bound(values)})
        if changed.rowcount != 1:
            raise LeaseLost(lease.run)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with in_words(self._place), self._engine.connect() as connection:
            yield connection

    def _find(self, connection: Connection, run: str) -> RunRecord:
        row = connection.execute(select(run_table).where(run_table.c.id == run)).one_or_none()
        if row is not None:
            return record_of(row)
        like = select(run_table).where(run_table.c.id.startswith(run, autoescape=True)).limit(5)
        found: Sequence[Row[Any]] = connection.execute(like).all() if run else ()
        if len(found) == 1:
            return record_of(found[0])
        raise no_such_run(run, [row.id for row in found])

    def _now(self) -> ColumnElement[float]:
        """The journal's own clock: the server's where several machines share it."""
        return _SERVER_TIME if self._server_time else literal(self._clock.now(), Double)


_INSERT = insert(entry_table)
_SERVER_TIME = func.extract("epoch", func.clock_timestamp()).cast(Double)


def _bound(values: dict[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in values.items()}


@cache
def _fenced_update(columns: tuple[str, ...], *, server_time: bool, numbered: bool) -> Update:
    """The UPDATE that begins every write; made once for each set of columns: making it takes as long as a sync."""
    now = _SERVER_TIME if server_time else bindparam("now", type_=Double)
    statement = update(run_table).where(
        run_table.c.id == bindparam("its_run"), run_table.c.epoch == bindparam("its_epoch")
    )
    if numbered:
        statement = statement.where(run_table.c.entries == bindparam("its_after"))
    return statement.values(
        {name: bindparam(f"new_{name}") for name in columns} | {"expires_at": now + bindparam("ttl", type_=Double)}
    )
