"""Brings rows back into a table that is there: all of them into an empty one, columns or missing rows by key.

The saved rows go into a temporary table first; one statement merges them, and everything is one transaction.
"""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from ...postgres.client_programs import ClientPrograms
from ...postgres.session import Connection
from . import archive
from .contents import Column, content, plain, spelled
from .copying import expressions
from .errors import BrokenBackupError, NotRestoredError
from .listener import Listener
from .manifest import SCHEMA, Kept

_CHUNK = 256 * 1024
_STAGE = sql.SQL("pg_temp.sensei_rows")


@dataclass(frozen=True, slots=True)
class Refilled:
    """What a merge did: rows written, saved rows whose key is not there any more, rows there that were not saved."""

    written: int
    gone: int
    newer: int


@contextmanager
def staged(
    connection: Connection,
    table: Kept,
    *,
    programs: ClientPrograms | None,
    file: Path | None,
    source: Connection,
    listener: Listener,
) -> Iterator[None]:
    """Inside a transaction: the saved rows in a temporary table, from a dump's file or from a copy in `source`."""
    columns = sql.SQL(", ").join(sql.Identifier(each.name) + sql.SQL(" ") + spelled(each) for each in table.columns)
    connection.execute(sql.SQL("CREATE TEMP TABLE sensei_rows ({}) ON COMMIT DROP").format(columns))
    names = sql.SQL(", ").join(sql.Identifier(each.name) for each in table.columns)
    if programs is not None and file is not None:
        _from_dump(connection, names, table, programs, file, listener)
    else:
        _from_copy(connection, names, table, source, listener)
    found = content(connection, _STAGE, plain(table.columns), table.content.method)
    if found.rows != table.content.rows or (table.copy and found != table.content):
        raise BrokenBackupError(
            f"The backup of {table.ident} gives {found.rows} rows and not what was saved ({table.content.rows}).",
            means="Nothing was changed.",
            remedy="Use another backup: sensei backups",
        )
    if table.key:
        key = sql.SQL(", ").join(map(sql.Identifier, table.key))
        connection.execute(sql.SQL("CREATE INDEX ON {} ({})").format(_STAGE, key))
    connection.execute(sql.SQL("ANALYZE {}").format(_STAGE))
    yield


def fill(connection: Connection, table: Kept) -> Refilled:
    """Put every saved row into the empty table, and its sequences behind them. Raises NotRestoredError."""
    target = sql.Identifier(table.schema, table.name)
    names = sql.SQL(", ").join(sql.Identifier(each.name) for each in table.columns)
    done = connection.execute(
        sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} AS s").format(
            target, names, sql.SQL(", ").join(map(_back, table.columns)), _STAGE
        )
    )
    columns = expressions(table.columns) if table.copy else plain(table.columns)
    if content(connection, target, columns, table.content.method) != table.content:
        raise _changed_on_the_way(table)
    _raise_sequences(connection, target, table)
    return Refilled(done.rowcount, 0, 0)


def refill(connection: Connection, table: Kept, columns: Sequence[str]) -> Refilled:
    """Give these columns their saved values back, row by row by key, where they differ."""
    target = sql.Identifier(table.schema, table.name)
    chosen = [each for each in table.columns if each.name in columns]
    values = sql.SQL(", ").join(sql.SQL("{} = ").format(sql.Identifier(each.name)) + _back(each) for each in chosen)
    now = sql.SQL(", ").join(sql.SQL("t.") + sql.Identifier(each.name) for each in chosen)
    then = sql.SQL(", ").join(map(_back, chosen))
    done = connection.execute(
        sql.SQL("UPDATE {} AS t SET {} FROM {} AS s WHERE {} AND ROW({})::text IS DISTINCT FROM ROW({})::text").format(
            target, values, _STAGE, _same_key(table), now, then
        )
    )
    left = connection.execute(
        sql.SQL(
            "SELECT count(*) FROM {} AS t, {} AS s WHERE {} AND ROW({})::text IS DISTINCT FROM ROW({})::text"
        ).format(target, _STAGE, _same_key(table), now, then)
    ).fetchone()
    gone, newer = _unmatched(connection, table)
    if left is None or left[0]:
        raise _changed_on_the_way(table)
    return Refilled(done.rowcount, gone, newer)


def add_missing(connection: Connection, table: Kept) -> Refilled:
    """Put those saved rows back whose key is not there; the others stay as they are."""
    target = sql.Identifier(table.schema, table.name)
    names = sql.SQL(", ").join(sql.Identifier(each.name) for each in table.columns)
    done = connection.execute(
        sql.SQL(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} AS s "
            "WHERE NOT EXISTS (SELECT 1 FROM {} AS t WHERE {})"
        ).format(target, names, sql.SQL(", ").join(map(_back, table.columns)), _STAGE, target, _same_key(table))
    )
    _raise_sequences(connection, target, table)
    gone, newer = _unmatched(connection, table)
    if gone:
        raise _changed_on_the_way(table)
    return Refilled(done.rowcount, 0, newer)


def _changed_on_the_way(table: Kept) -> NotRestoredError:
    return NotRestoredError(
        f"The rows of {table.ident} did not come back as they were saved.",
        means="It was rolled back. Most often a trigger of the table changes what is written.",
        remedy="Disable that trigger for the restore (ALTER TABLE .. DISABLE TRIGGER), then enable it again.",
    )


def _from_dump(
    connection: Connection, names: sql.Composable, table: Kept, programs: ClientPrograms, file: Path, listener: Listener
) -> None:
    wanted = [each for each in archive.items(programs, file) if archive.rows_of(each, table)]
    with tempfile.TemporaryDirectory(prefix="sensei-restore-") as folder, tempfile.TemporaryFile() as errors_file:
        chosen = archive.write_list(wanted, Path(folder))
        command = [programs.pg_restore, "--data-only", f"--use-list={chosen}", "--file=-", str(file)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors_file) as process:
            if process.stdout is None:
                raise AssertionError("its output is a pipe")
            lines = iter(process.stdout.readline, b"")
            for line in lines:
                if line.startswith(b"COPY "):
                    break
            copying = sql.SQL("COPY {} ({}) FROM STDIN").format(_STAGE, names)
            with connection.cursor().copy(copying) as into:
                waiting, size = [], 0
                for line in lines:
                    if line == b"\\.\n":
                        break
                    waiting.append(line)
                    size += len(line)
                    if size >= _CHUNK:
                        listener.checkpoint()
                        into.write(b"".join(waiting))
                        waiting, size = [], 0
                into.write(b"".join(waiting))
            process.stdout.read()
        if process.returncode:
            errors_file.seek(0)
            raise BrokenBackupError(
                f"The rows of {table.ident} cannot be read from the dump.",
                means=f"pg_restore said: {errors_file.read().decode(errors='replace').strip()[-300:]}",
                remedy="Use another backup: sensei backups",
                where=str(file),
            )


def _from_copy(
    connection: Connection, names: sql.Composable, table: Kept, source: Connection, listener: Listener
) -> None:
    reading = sql.SQL("COPY {} ({}) TO STDOUT (FORMAT binary)").format(sql.Identifier(SCHEMA, table.copy), names)
    writing = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(_STAGE, names)
    with source.cursor().copy(reading) as out, connection.cursor().copy(writing) as into:
        for chunk in out:
            listener.checkpoint()
            into.write(chunk)


def _back(column: Column) -> sql.Composable:
    """The saved value as the table's type."""
    value = sql.SQL("s.") + sql.Identifier(column.name)
    return value + sql.SQL("::") + sql.SQL(column.type) if column.foreign else value


def _same_key(table: Kept) -> sql.Composed:
    foreign = {each.name: each for each in table.columns}
    return sql.SQL(" AND ").join(
        sql.SQL("t.{} = ").format(sql.Identifier(name)) + _back(foreign[name]) for name in table.key
    )


def _unmatched(connection: Connection, table: Kept) -> tuple[int, int]:
    """Saved rows without a row of their key, and rows without a saved one."""
    target = sql.Identifier(table.schema, table.name)
    row = connection.execute(
        sql.SQL(
            "SELECT (SELECT count(*) FROM {stage} AS s WHERE NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {same})),"
            " (SELECT count(*) FROM {target} AS t WHERE NOT EXISTS (SELECT 1 FROM {stage} AS s WHERE {same}))"
        ).format(stage=_STAGE, target=target, same=_same_key(table))
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _raise_sequences(connection: Connection, target: sql.Identifier, table: Kept) -> None:
    """Let no sequence give a number out again; none is ever lowered."""
    name = target.as_string(connection)
    for column in table.columns:
        row = connection.execute("SELECT pg_catalog.pg_get_serial_sequence(%s, %s)", (name, column.name)).fetchone()
        if row is None or row[0] is None:
            continue
        highest = sql.SQL("SELECT max({}) AS highest FROM {}").format(sql.Identifier(column.name), target)
        connection.execute(
            sql.SQL(
                "SELECT pg_catalog.setval({}::pg_catalog.regclass, m.highest) FROM ({}) m, {} q"
                " WHERE m.highest > q.last_value OR (m.highest = q.last_value AND NOT q.is_called)"
            ).format(sql.Literal(str(row[0])), highest, sql.SQL(str(row[0])))
        )
