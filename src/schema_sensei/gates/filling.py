"""Filling a column of a table that is in use: by ranges of its key, each range a short transaction of its own."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, Self

import psycopg
from psycopg import errors, sql

from ..postgres import advisory, identity, session
from ..postgres.session import Connection
from ..project.environment import Target
from ..terms.errors import SenseiError, UsageError
from ..terms.json import JsonObject, JsonValue
from .direct import LOCK_KEY
from .errors import OtherDatabaseError, RefusedError
from .execution import POLL_SECONDS, Patience

SAMPLE_ROWS = 5

_LOST_A_RACE = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)


class UnfitFillError(UsageError):
    """The expression, the column or the table cannot be used."""


class FillStoppedError(SenseiError):
    """A batch was refused; the batches before it stay."""


@dataclass(frozen=True, slots=True)
class Fill:
    """What rows without a value get: `expression` is SQL over the row; `schema` None is found on the search path."""

    schema: str | None
    table: str
    column: str
    expression: str

    @property
    def name(self) -> str:
        return ".".join(part for part in (self.schema, self.table, self.column) if part)

    @property
    def relation(self) -> sql.Identifier:
        return sql.Identifier(*(part for part in (self.schema, self.table) if part))

    def to_json(self) -> JsonObject:
        return {"schema": self.schema, "table": self.table, "column": self.column, "expression": self.expression}

    @classmethod
    def from_json(cls, data: JsonValue) -> Self:
        """The Fill written by `to_json`. Raises UsageError."""
        try:
            schema = data["schema"]  # type: ignore[call-overload, index]  # anything else raises, and is told
            parts = [str(data[part]) for part in ("table", "column", "expression")]  # type: ignore[call-overload, index]  # the same
        except (KeyError, TypeError) as wrong:
            raise UsageError(
                f"This does not say what to fill: {data!r}",
                remedy="Give schema, table, column and expression, or the output of a formula step.",
            ) from wrong
        return cls(None if schema is None else str(schema), *parts)


@dataclass(frozen=True, slots=True)
class Filled:
    """What a look at the target told: how many rows have no value, the key to go by, and some values to come."""

    fill: Fill
    identity: str
    empty: int
    key: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    sample: tuple[tuple[str, str], ...] = ()

    def statement(self, after: Sequence[str] = (), until: Sequence[str] = ()) -> str:
        """The UPDATE of one batch: keys above `after` and up to `until`; () is no bound."""
        # The expression ends its own line: a comment in it cannot hide the WHERE.
        parts = [
            sql.SQL("UPDATE {} SET {} = (\n  ").format(self.fill.relation, sql.Identifier(self.fill.column)),
            _raw(self.fill.expression),
            sql.SQL("\n) WHERE {} IS NULL").format(sql.Identifier(self.fill.column)),
        ]
        for sign, bound in ((">", after), ("<=", until)):
            if bound:
                parts.append(sql.SQL(f" AND {{}} {sign} {{}}").format(self._keys(), self._bound(bound)))
        return sql.Composed(parts).as_string()

    def next_bound(self, after: Sequence[str], size: int) -> str:
        """The query for the last key of the next batch; no row when fewer are left."""
        names = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name, _ in self.key)
        # Qualified: a bare name in ORDER BY would mean the text that is selected, and 10 comes before 9 there.
        order = sql.SQL(", ").join(sql.Identifier("row", name) for name, _ in self.key)
        above = sql.SQL(" AND {} > {}").format(self._keys(), self._bound(after)) if after else sql.SQL("")
        return (
            sql.SQL('SELECT {} FROM {} AS "row" WHERE {} IS NULL{} ORDER BY {} OFFSET {} LIMIT 1')
            .format(names, self.fill.relation, sql.Identifier(self.fill.column), above, order, sql.Literal(size - 1))
            .as_string()
        )

    def _keys(self) -> sql.Composable:
        return sql.SQL("({})").format(sql.SQL(", ").join(sql.Identifier(name) for name, _ in self.key))

    def _bound(self, values: Sequence[str]) -> sql.Composable:
        cells = (
            sql.SQL("CAST({} AS {})").format(sql.Literal(value), _raw(kind))
            for value, (_, kind) in zip(values, self.key, strict=True)
        )
        return sql.SQL("({})").format(sql.SQL(", ").join(cells))


class Listener(Protocol):
    """Who hears of batches: `batch` when one is committed, with its last key and the rows so far."""

    def batch(self, rows: int, last: Sequence[str], seconds: float) -> None: ...
    def note(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def checkpoint(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Fills columns of one unprotected target; `pause` is in seconds, between two batches."""

    target: Target
    session_name: str
    size: int = 1_000
    pause: float = 0.05
    patience: Patience = field(default_factory=Patience)

    def look(self, fill: Fill) -> Filled:
        """What is to be done, read only. Raises UnfitFillError, UnreachableError."""
        with self._connection(read_only=True) as connection:
            columns = self._columns(connection, fill)
            if fill.column not in dict(columns):
                raise UnfitFillError(
                    f"The table {fill.table} has no column {fill.column}.",
                    remedy=f"Its columns: {', '.join(name for name, _ in columns)}.",
                    where=str(self.target.label),
                )
            key = self._key(connection, fill)
            column = sql.Identifier(fill.column)
            query = sql.SQL("SELECT count(*) FROM {} WHERE {} IS NULL").format(fill.relation, column)
            row = connection.execute(query).fetchone()
            found = Filled(fill, identity.read(connection).key, int(row[0]) if row else 0, key, columns)
            if not fill.expression.strip():
                return found
            sample = self._tried(connection, found)
        return Filled(found.fill, found.identity, found.empty, key, columns, sample)

    def run(self, filled: Filled, listener: Listener) -> int:
        """Fill batch by batch; how many rows. A row that has a value is never touched, so it can run again.

        Raises OtherDatabaseError, FillStoppedError, HeldError, and what the listener's checkpoint raises.
        """
        self.admit()
        with (
            advisory.hold(
                self.target.url,
                LOCK_KEY,
                checkpoint=listener.checkpoint,
                timeout=self.patience.advisory_seconds,
                label=self.target.label,
            ) as hold,
            self._connection(read_only=False) as connection,
        ):
            self._same_database(connection, filled)
            last: tuple[str, ...] = ()
            total = 0
            while True:
                listener.checkpoint()
                hold.check()
                began = time.monotonic()
                until = self._until(connection, filled, last)
                total += self._batch(connection, filled, last, until, listener)
                listener.batch(total, until, time.monotonic() - began)
                if not until:
                    return total
                last = until
                self._rest(self.pause, listener)

    def _until(self, connection: Connection, filled: Filled, last: Sequence[str]) -> tuple[str, ...]:
        row = connection.execute(filled.next_bound(last, self.size).encode()).fetchone()
        return () if row is None else tuple(str(each) for each in row)

    def _batch(
        self, connection: Connection, filled: Filled, last: Sequence[str], until: Sequence[str], listener: Listener
    ) -> int:
        statement = filled.statement(last, until)
        attempt = 1
        while True:
            try:
                return connection.execute(statement.encode()).rowcount
            except _LOST_A_RACE as lost:
                if attempt >= self.patience.attempts:
                    raise self._stopped(filled, lost) from lost
                listener.warn(f"{lost.diag.message_primary}; the batch is tried again ({attempt}).")
                self._rest(self.patience.first_pause * 2 ** (attempt - 1), listener)
                attempt += 1
            except psycopg.Error as error:
                raise self._stopped(filled, error) from error

    def _stopped(self, filled: Filled, error: psycopg.Error) -> FillStoppedError:
        said = error.diag.message_primary or str(error).strip()
        return FillStoppedError(
            f"Filling {filled.fill.name} stopped: {said}",
            means="The batches before this one are committed and stay; this one left nothing.",
            remedy="Correct the cause and run it again: it goes on with the rows that have no value yet.",
            where=str(self.target.label),
        )

    def _tried(self, connection: Connection, found: Filled) -> tuple[tuple[str, str], ...]:
        """Some values to come. Raises UnfitFillError when the server does not take the expression."""
        fill = found.fill
        keys = sql.SQL(" || ', ' || ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name, _ in found.key)
        query = sql.Composed(
            [
                sql.SQL("SELECT {}, (\n  ").format(keys),
                _raw(fill.expression),
                sql.SQL("\n)::text FROM {} WHERE {} IS NULL LIMIT {}").format(
                    fill.relation, sql.Identifier(fill.column), sql.Literal(SAMPLE_ROWS)
                ),
            ]
        ).as_string()
        try:
            # Binary, so that the extended protocol carries it: the server then takes one command only.
            connection.execute(f"EXPLAIN {found.statement()}".encode(), binary=True)
            cursor = connection.execute(query.encode(), binary=True)
            rows = cursor.fetchall()
        except psycopg.Error as error:
            raise UnfitFillError(
                f"{fill.expression!r} cannot be the value of {fill.name}: {error.diag.message_primary or error}",
                means="The database was only asked; nothing was changed.",
                remedy="Write an SQL expression over the columns of the row, such as 'unknown' (in quotes), 0, "
                "lower(email), or created_at::date.",
                where=str(self.target.label),
            ) from error
        if len(cursor.description or ()) != 2:
            raise UnfitFillError(f"{fill.expression!r} is more than one value.", remedy="Write one expression.")
        return tuple((str(key), "NULL" if value is None else str(value)) for key, value in rows)

    def _columns(self, connection: Connection, fill: Fill) -> tuple[tuple[str, str], ...]:
        rows = connection.execute(
            "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a"
            " WHERE a.attrelid = pg_catalog.to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            (fill.relation.as_string(connection),),
        ).fetchall()
        if not rows:
            raise UnfitFillError(
                f"There is no table {fill.table}.",
                remedy="Deploy the change that makes it first, or correct the name.",
                where=str(self.target.label),
            )
        return tuple((str(name), str(kind)) for name, kind in rows)

    def _key(self, connection: Connection, fill: Fill) -> tuple[tuple[str, str], ...]:
        """The primary key, or else the narrowest unique index over columns that are never null."""
        rows = connection.execute(
            """
            SELECT array_agg(a.attname::text ORDER BY k.place),
                   array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY k.place)
              FROM pg_catalog.pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
              JOIN pg_catalog.pg_attribute a ON a.attnum = k.number
             WHERE i.indrelid = pg_catalog.to_regclass(%s) AND a.attrelid = i.indrelid AND i.indisunique
               AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
             GROUP BY i.indexrelid, i.indisprimary, i.indnkeyatts HAVING bool_and(a.attnotnull)
             ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1
            """,
            (fill.relation.as_string(connection),),
        ).fetchone()
        if rows is None:
            raise UnfitFillError(
                f"The table {fill.table} has no key to go by.",
                means="Batches are ranges of a primary key, or of a unique index over columns that are never null.",
                remedy="Give the table a primary key first, or fill it by hand in a quiet moment.",
                where=str(self.target.label),
            )
        return tuple(zip(rows[0], rows[1], strict=True))

    def admit(self) -> None:
        """Raise RefusedError where there is no direct way in."""
        if self.target.environment.protected or self.target.environment.gate != "direct":
            raise RefusedError(
                f"{self.target.environment.name} has no direct way in: it is protected, or has another gate.",
                remedy="Fill an unprotected environment; for this one, put the statement through its own gate.",
                where=str(self.target.label),
            )

    def _same_database(self, connection: Connection, filled: Filled) -> None:
        found = identity.read(connection).key
        if found != filled.identity:
            raise OtherDatabaseError(
                "The connection leads to another database than the one that was agreed to.",
                means=f"Agreed: {filled.identity}. Found: {found}. Nothing was touched.",
                remedy="Check the environment's URL, then start the step again.",
                where=str(self.target.label),
            )

    def _rest(self, seconds: float, listener: Listener) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            listener.checkpoint()
            time.sleep(min(POLL_SECONDS, left))

    @contextmanager
    def _connection(self, *, read_only: bool) -> Iterator[Connection]:
        connection = session.connect(
            self.target.url,
            application_name=self.session_name[:63],
            read_only=read_only,
            lock_timeout_ms=self.patience.lock_timeout_ms,
            label=self.target.label,
            variable=self.target.source or None,
        )
        try:
            if not read_only:
                session.refuse_standby(connection, label=self.target.label)
            yield connection
        finally:
            connection.close()


def _raw(text: str) -> sql.Composable:
    """Text as it is: an expression that a person approved, or a type's name as the server gave it."""
    return sql.SQL(text)
