"""One at a time on a target: a session-level advisory lock on a connection of its own, taken by polling.

Polling, because a session that waits inside pg_advisory_lock() holds a snapshot, and CREATE INDEX CONCURRENTLY waits
for that snapshot while the waiter waits for the lock: both hang for good, and no deadlock detector sees the cycle.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg

from ..terms.errors import HeldError
from ..terms.secrets import Secret
from ..terms.targets import TargetLabel
from . import session
from .errors import LostLockError

POLL = 0.1
"""Seconds between two tries."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the lock, as far as pg_stat_activity tells this login; `since` is when that session began."""

    pid: int
    application_name: str
    user: str
    since: datetime | None

    def __str__(self) -> str:
        name = self.application_name or "another program"
        since = f" since {self.since:%H:%M:%S %Z}".rstrip() if self.since else ""
        return f"{name} (user {self.user or 'hidden'}, process {self.pid}{since})"


@dataclass(frozen=True, slots=True)
class Hold:
    """A lock that is held; it ends with its connection, whatever ends that."""

    connection: session.Connection
    key: str
    where: str

    def check(self) -> None:
        """Raise LostLockError unless the server still knows our session as the holder; call it before each effect."""
        held_still = False
        with suppress(psycopg.Error):
            held_still = any(ours for _, ours in _holders(self.connection, self.key))
        if not held_still:
            raise LostLockError(
                "The lock on this target is lost: its connection ended.",
                means="Somebody else may work on the target now; nothing more is done.",
                remedy="Look at the target's state, then resume the run.",
                where=self.where,
            )


@contextmanager
def hold(
    url: Secret,
    key: str,
    *,
    on_wait: Callable[[Holder | None, float], None] | None = None,
    checkpoint: Callable[[], None] | None = None,
    timeout: float | None = None,
    application_name: str = "sensei lock",
    label: TargetLabel | None = None,
) -> Iterator[Hold]:
    """Hold the lock `key` of the database while the block runs.

    While somebody else has it, `on_wait(holder, seconds waited)` is called at every try and `checkpoint` may raise to
    end the wait. Raises HeldError after `timeout` seconds (None waits on; 0 tries once), and the errors of connect.
    """
    where = str(label) if label else ""
    with session.connect(url, application_name=application_name, label=label) as connection:
        began = time.monotonic()
        while not _try(connection, key):
            waited = time.monotonic() - began
            holder = _holder(connection, key)
            if timeout is not None and waited >= timeout:
                raise HeldError(
                    f"Somebody else works on this database: {holder or 'the holder has just left'}.",
                    means="One run at a time changes a database; nothing was changed by this one.",
                    remedy="Wait until it is done and try again, or end that session if it is a left-over.",
                    where=where,
                )
            if on_wait is not None:
                on_wait(holder, waited)
            if checkpoint is not None:
                checkpoint()
            time.sleep(POLL)
        try:
            yield Hold(connection, key, where)
        finally:
            # Behind a session pooler the server's session outlives ours: let go by name, not by closing alone.
            with suppress(psycopg.Error):
                connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", [number(key)])


def number(key: str) -> int:
    """The lock's number: the first 64 bits of the key's sha256, signed as PostgreSQL's bigint."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)


def _halves(value: int) -> tuple[int, int]:
    unsigned = value & 0xFFFFFFFFFFFFFFFF
    return unsigned >> 32, unsigned & 0xFFFFFFFF


def _try(connection: session.Connection, key: str) -> bool:
    row = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", [number(key)]).fetchone()
    return row is not None and bool(row[0])


def _holder(connection: session.Connection, key: str) -> Holder | None:
    return next((holder for holder, _ in _holders(connection, key)), None)


def _holders(connection: session.Connection, key: str) -> list[tuple[Holder, bool]]:
    """Who holds the lock, each with whether it is this session."""
    rows = connection.execute(
        """
        SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.usename, ''), a.backend_start,
               l.pid = pg_catalog.pg_backend_pid()
          FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
           AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
           AND l.classid::bigint = %s AND l.objid::bigint = %s
        """,
        _halves(number(key)),
    )
    return [(Holder(pid, application, user, since), ours) for pid, application, user, since, ours in rows]
