"""Looks at a live database, read only: who it is, where it stands, what is broken in it, who holds a lock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ..bytebase.tasks import Kept
from ..changes.script import Script
from ..postgres import identity, session
from ..postgres.catalog import Catalog
from ..postgres.session import Connection
from ..postgres.version_table import VersionTable
from ..project.environment import Target
from .invalid_indexes import invalid_indexes
from .position import Position, locate
from .sheets import IndexStatement

ARCHIVE = "bbdataarchive"
"""The schema in which a Bytebase server keeps prior backups; it belongs to no comparison."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: the database's identity, its server's version, where it stands along a Script."""

    identity: str
    server: str
    position: Position


@dataclass(frozen=True, slots=True)
class Live:
    """The database of a target; every look is a fresh connection."""

    target: Target
    version_table: VersionTable

    def look(self, script: Script, *, done: int = 0, started: int | None = None) -> Seen:
        """Who it is and where it stands. Raises UnreachableError."""
        with self._connection() as connection:
            who = identity.read(connection)
            heads, comment = self.version_table.heads(connection), self.version_table.comment(connection)
            position = locate(script, heads, comment, done=done, started=started)
            return Seen(who.key, who.version, position)

    def catalog(self) -> Catalog:
        """Its schema as it is now, backups left out."""
        with self._connection() as connection:
            return Catalog.read(connection, without=(ARCHIVE,))

    def invalid_indexes(self) -> list[str]:
        """The indexes that a failed CREATE INDEX CONCURRENTLY left."""
        with self._connection() as connection:
            return invalid_indexes(connection)

    def settled(self, wanted: IndexStatement) -> bool:
        """Whether the index is there and valid, or gone: whatever the statement was to bring about."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT i.indisvalid FROM pg_catalog.pg_index i WHERE i.indexrelid = pg_catalog.to_regclass(%s)",
                (wanted.name,),
            ).fetchone()
        return row is not None and bool(row[0]) if wanted.makes else row is None

    def bring_back(self, kept: Kept, statements: Sequence[str]) -> str | None:
        """See `archive.bring_back`."""
        from .archive import bring_back

        with self._connection() as connection:
            return bring_back(connection, kept, statements)

    def holders(self) -> tuple[str, ...]:
        """Sessions that others wait for, one line each."""
        with self._connection() as connection:
            rows = connection.execute(
                """
                SELECT DISTINCT b.pid, b.usename, b.application_name, b.state, left(b.query, 80)
                  FROM pg_catalog.pg_stat_activity w
                  CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(w.pid)) AS blocking(pid)
                  JOIN pg_catalog.pg_stat_activity b ON b.pid = blocking.pid
                 WHERE w.datname = pg_catalog.current_database()
                 ORDER BY b.pid
                """
            )
            return tuple(
                f"pid {pid} ({who}, {app or 'no name'}, {state}): {query}" for pid, who, app, state, query in rows
            )

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        connection = session.connect(
            self.target.url,
            application_name="sensei look",
            read_only=True,
            label=self.target.label,
            variable=self.target.source or None,
        )
        try:
            yield connection
        finally:
            connection.close()
