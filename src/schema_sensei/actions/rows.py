"""Counts the rows that a way back would take: exact where that is quick, else the planner's estimate."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from ..postgres import session
from ..postgres.session import Connection
from ..project.environment import Target
from ..terms.counting import counted

COUNT_MS = 2_000
"""A longer count is given up for the planner's estimate (pg_class.reltuples)."""


@dataclass(frozen=True, slots=True)
class RowsAtStake:
    """One pair of table and count for each table; `total` is None when a count is not known."""

    rows: tuple[tuple[str, str], ...]
    total: int | None

    @property
    def words(self) -> str:
        return ", ".join(f"{table} {count}" for table, count in self.rows)

    @property
    def seen(self) -> tuple[str, ...]:
        """One line for each table, as evidence of where a database stands."""
        return tuple(f"{table}: {count}" for table, count in self.rows)


def rows_at_stake(target: Target, tables: Sequence[str]) -> RowsAtStake:
    """The rows of these tables (`name` or `schema.name`) in the target now. Raises UnreachableError."""
    if not tables:
        return RowsAtStake((), None)
    found: list[tuple[str, str]] = []
    total: int | None = 0
    with session.connect(
        target.url,
        application_name="sensei look",
        read_only=True,
        statement_timeout_ms=COUNT_MS,
        lock_timeout_ms=COUNT_MS,
        label=target.label,
        variable=target.source or None,
    ) as connection:
        for table in tables:
            count, words = _count(connection, sql.Identifier(*table.split(".", 1)))
            total = None if count is None or total is None else total + count
            found.append((table, words))
    return RowsAtStake(tuple(found), total)


def _count(connection: Connection, table: sql.Identifier) -> tuple[int | None, str]:
    name = table.as_string(connection)
    row = connection.execute(
        "SELECT c.reltuples::bigint FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(%s)", (name,)
    ).fetchone()
    if row is None:
        return 0, "not there"
    try:
        exact = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table)).fetchone()
    except psycopg.Error:
        return None, f"about {max(int(row[0]), 0)} rows (estimate)"
    count = int(exact[0]) if exact else 0
    return count, counted(count, "row")
