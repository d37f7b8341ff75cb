"""Takes a copy: rows, or a key and the columns that go, into a schema of the same database; one transaction."""

import time
from collections.abc import Callable
from functools import partial

import psycopg
from psycopg import sql

from ...postgres.session import Connection
from ...terms.errors import UnreachableError
from .contents import Column, Content, Shape, content, method_of, plain
from .dumping import explained
from .errors import BackupError, NoRoomError
from .hashing import Hashing
from .listener import Listener
from .manifest import SCHEMA, Kept, Manifest
from .place import Place
from .plan import Plan
from .shelf import Shelf


def copy(plan: Plan, shelf: Shelf, listener: Listener, *, now: Callable[[], float] = time.time) -> Manifest:
    """Take the copies, all or none of them, and put the backup on the shelf, not verified yet.

    Types that are not PostgreSQL's own are kept as text, so that the change can drop them. Raises BackupError,
    NoRoomError, UnreadableRowsError, LostConnectionError.
    """
    started = time.monotonic()
    shelf.open(plan.id, mark=plan.place.environment)
    committed = False
    try:
        with plan.place.connect(read_only=False) as connection:
            tables, at = _copied(connection, plan, listener, now)
            manifest = plan.manifest(tables, at=at, seconds=time.monotonic() - started)
            connection.execute("COMMIT")
            committed = True
        shelf.keep(manifest)
    except BaseException as error:
        if not committed or _discarded(plan):
            shelf.remove(plan.id)  # else its mark stays, and prune finds the copies
        if isinstance(error, psycopg.errors.DiskFull):
            raise NoRoomError(
                f"The disk of {plan.place.environment} is full.",
                means="The copy was rolled back; nothing of it is kept.",
                remedy="Free some space there, or take a dump: `tier: dump` of the step, or sensei backup --table T",
                where=str(plan.place.label),
            ) from error
        told = explained(error, plan.place)
        if told is error:
            raise
        raise told from error
    return manifest


def _discarded(plan: Plan) -> bool:
    try:
        discard(plan.place, plan.id)
    except (psycopg.Error, UnreachableError):
        return False
    return True


def discard(place: Place, name: str) -> int:
    """Drop the copies of a backup, also those that a crash left without a manifest; how many there were."""
    with place.connect() as connection:
        found = connection.execute(
            "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = %s AND c.relkind = 'r' AND pg_catalog.starts_with(c.relname, %s)",
            (SCHEMA, f"{name}_"),
        ).fetchall()
    if not found:
        return 0
    with place.connect(read_only=False) as connection, connection.transaction():
        for (table,) in found:
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(SCHEMA, str(table))))
    return len(found)


def expressions(columns: tuple[Column, ...]) -> list[sql.Composable]:
    """Columns as a copy keeps them."""
    return [
        sql.SQL("t.{}::text").format(sql.Identifier(each.name)) if each.foreign else plain((each,))[0]
        for each in columns
    ]


def _copied(
    connection: Connection, plan: Plan, listener: Listener, now: Callable[[], float]
) -> tuple[tuple[Kept, ...], float]:
    """The copies, in an open transaction that sees one snapshot."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    tables = sql.SQL(", ").join(sql.SQL("ONLY ") + each.identifier for each in plan.tables)
    connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(tables))
    at = now()
    if not connection.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (SCHEMA,)).fetchone():
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    kept = []
    for number, shape in enumerate(plan.tables, 1):
        listener.say(f"Copying {shape.ident}")
        columns = plan.columns[shape.oid]
        task = partial(_copy, shape=shape, columns=columns, name=f"{plan.id}_{number}", place=plan.place)
        with Hashing(connection, [task]) as work:  # in a thread of its own, so that a person can end it
            (found,) = work.contents(listener.checkpoint)
        kept.append(
            Kept(
                schema=shape.schema,
                name=shape.name,
                columns=columns,
                key=shape.key,
                content=found,
                bytes=shape.bytes,
                complete=len(columns) == len(shape.columns),
                copy=f"{plan.id}_{number}",
                owner=shape.owner,
            )
        )
    return tuple(kept), at


def _copy(connection: Connection, shape: Shape, columns: tuple[Column, ...], name: str, place: Place) -> Content:
    target = sql.Identifier(SCHEMA, name)
    named = [
        value + sql.SQL(" AS ") + sql.Identifier(column.name)
        for column, value in zip(columns, expressions(columns), strict=True)
    ]
    connection.execute(
        sql.SQL("CREATE TABLE {} AS SELECT {} FROM ONLY {} AS t").format(
            target, sql.SQL(", ").join(named), shape.identifier
        )
    )
    about = f"Backup {name} of {shape.ident}; sensei backups lists it, sensei backups prune removes it"
    connection.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(target, sql.Literal(about)))
    method = method_of(connection)
    before = content(connection, shape.identifier, expressions(columns), method)
    if content(connection, target, plain(columns), method) != before:
        raise BackupError(
            f"The copy of {shape.ident} is not what it was made from.",
            means="It was rolled back; nothing of it is kept.",
            remedy="Take a dump instead: sensei backup --table " + shape.ident,
            where=str(place.label),
        )
    return before
