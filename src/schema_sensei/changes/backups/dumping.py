"""Takes a dump: pg_dump and the hashing read the same exported snapshot side by side; the file is written by us.

Because pg_dump's output runs through this process, a killed backup stops at once, and a full disk is our own error.
"""

import hashlib
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

import psycopg
from psycopg import errors, sql

from ...postgres import client_programs, session
from ...postgres.session import Connection
from ..hazards.sizing import in_bytes
from .contents import Content, Shape, content, method_of, plain
from .errors import BackupError, LostConnectionError, UnreadableRowsError
from .hashing import Hashing
from .listener import Listener
from .manifest import SCHEMA, Kept, Manifest, Tier
from .place import LOCK_MS, Place
from .plan import Plan
from .shelf import Shelf, unwritable

_CHUNK = 256 * 1024
_TOLD_EVERY = 2.0


def dump(plan: Plan, shelf: Shelf, listener: Listener, *, now: Callable[[], float] = time.time) -> Manifest:
    """Take the backup and put it on the shelf, not verified yet.

    Raises BackupError, NoRoomError, UnreadableRowsError, LostConnectionError; then nothing of it is kept.
    """
    if plan.programs is None:
        raise AssertionError("a dump is planned with its programs")
    started = time.monotonic()
    folder = shelf.open(plan.id)
    mark = secrets.token_hex(3)  # a killed attempt's pg_dump may still have a file open
    file, schema = folder / f"rows-{mark}.dump", folder / f"schema-{mark}.dump"
    described, schema_sha256 = plan.tier is Tier.TABLES, ""
    try:
        with plan.place.connect() as connection:
            snapshot, at = _snapshot(connection, plan, now)
            tasks = [partial(_content, shape=shape) for shape in plan.tables]
            with Hashing(connection, tasks) as hashing:
                sha256, size = _stream(plan, _arguments(plan, snapshot), file, hashing, listener)
                if described:
                    schema_sha256, _ = _stream(plan, _schema_arguments(plan, snapshot), schema, hashing, listener)
                contents = hashing.contents(listener.checkpoint)
        tables = tuple(_kept(shape, found) for shape, found in zip(plan.tables, contents, strict=True))
        manifest = replace(
            plan.manifest(tables, at=at, seconds=time.monotonic() - started),
            file=file.name,
            size=size,
            sha256=sha256,
            schema=schema.name if described else "",
            schema_sha256=schema_sha256,
        )
        shelf.keep(manifest)
    except BaseException as error:
        shelf.remove(plan.id)
        told = explained(error, plan.place)
        if told is error:
            raise
        raise told from error
    return manifest


def explained(error: BaseException, place: Place) -> BaseException:
    """The typed error for what the driver said in the middle of a backup; others as they are."""
    said = session.masked(str(error), place.url)
    if isinstance(error, errors.InsufficientPrivilege):
        return unreadable(said, place)
    if isinstance(error, errors.LockNotAvailable):
        return _locked(said, place)
    if isinstance(error, psycopg.OperationalError):
        return lost(said, place)
    if isinstance(error, psycopg.Error):
        return BackupError(
            "The server refused a query of the backup.",
            means=f"PostgreSQL said: {said}\nNothing of it is kept.",
            remedy="Take it again; if it stays, take a whole dump.",
            where=str(place.label),
        )
    return error


def unreadable(said: str, place: Place) -> UnreadableRowsError:
    return UnreadableRowsError(
        "The login may not read every row that goes into the backup.",
        means=f"PostgreSQL said: {said}\nNothing of it is kept.",
        remedy="Grant it SELECT; where row security hides rows, use the table's owner or a login with BYPASSRLS.",
        where=str(place.label),
    )


def lost(said: str, place: Place) -> LostConnectionError:
    return LostConnectionError(
        "The connection was lost in the middle of the backup.",
        means=f"PostgreSQL said: {said}\nNothing of it is kept; the database was not changed.",
        remedy="Take it again.",
        where=str(place.label),
    )


def _locked(said: str, place: Place) -> BackupError:
    return BackupError(
        "Somebody holds a lock on a table that goes into the backup.",
        means=f"PostgreSQL said: {said}\nNothing of it is kept.",
        remedy="Wait until the other migration is through, then take it again.",
        where=str(place.label),
    )


def _snapshot(connection: Connection, plan: Plan, now: Callable[[], float]) -> tuple[str, float]:
    """Begin the transaction whose snapshot both read; the locks come first, so that no table changes its form."""
    connection.execute("SET max_parallel_workers_per_gather = 0")  # the other core is pg_dump's
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    if plan.tables:
        tables = sql.SQL(", ").join(sql.SQL("ONLY ") + each.identifier for each in plan.tables)
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(tables))
    row = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
    return str(row[0]) if row else "", now()


def _content(connection: Connection, shape: Shape) -> Content:
    return content(connection, shape.identifier, plain(shape.columns), method_of(connection))


def _stream(plan: Plan, arguments: Sequence[str], file: Path, hashing: Hashing, listener: Listener) -> tuple[str, int]:
    """Write pg_dump's output to the file; its sha256 and size."""
    environment = client_programs.environment(plan.place.url, application_name="sensei backup")
    with tempfile.TemporaryFile() as errors_file:
        process = subprocess.Popen(
            arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors_file,
        )
        try:
            written = _write(process, file, hashing, listener)
            code = process.wait()
        except OSError as error:
            raise unwritable(error, file) from error
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        errors_file.seek(0)
        said = session.masked(errors_file.read().decode(errors="replace"), plan.place.url)
    if code:
        hashing.check()  # a lost connection is told by whoever lost it first
        raise _refused(said, plan.place)
    return written


def _write(process: "subprocess.Popen[bytes]", file: Path, hashing: Hashing, listener: Listener) -> tuple[str, int]:
    digest, size, told = hashlib.sha256(), 0, time.monotonic()
    source: IO[bytes] | None = process.stdout
    if source is None:
        raise AssertionError("its output is a pipe")
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0) as out:
        while chunk := os.read(source.fileno(), _CHUNK):
            listener.checkpoint()
            hashing.check()
            rest = memoryview(chunk)
            while rest:
                rest = rest[out.write(rest) :]
            digest.update(chunk)
            size += len(chunk)
            if time.monotonic() - told > _TOLD_EVERY:
                told = time.monotonic()
                listener.say(f"{in_bytes(size)} written")
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def _arguments(plan: Plan, snapshot: str) -> list[str]:
    if plan.tier is Tier.TABLES:
        return _common(plan, snapshot) + [f"--table={_pattern(each)}" for each in plan.tables]
    return [*_common(plan, snapshot), f"--exclude-schema={SCHEMA}"]


def _schema_arguments(plan: Plan, snapshot: str) -> list[str]:
    return [*_common(plan, snapshot), "--schema-only", f"--exclude-schema={SCHEMA}"]


def _common(plan: Plan, snapshot: str) -> list[str]:
    if plan.programs is None:
        raise AssertionError("a dump is planned with its programs")
    made = [plan.programs.pg_dump, "--format=custom", "--no-password", f"--snapshot={snapshot}"]
    return [*made, f"--lock-wait-timeout={LOCK_MS}", "--no-subscriptions"]


def _pattern(shape: Shape) -> str:
    """The table's name as pg_dump's patterns take it literally."""
    return ".".join('"' + each.replace('"', '""') + '"' for each in (shape.schema, shape.name))


def _refused(said: str, place: Place) -> Exception:
    if "permission denied" in said or "row-level security" in said:
        return unreadable(said, place)
    if "lock timeout" in said or "could not obtain lock" in said:
        return _locked(said, place)
    lost_words = ("terminating connection", "server closed the connection", "connection to server", "could not connect")
    if any(each in said for each in lost_words):
        return lost(said, place)
    return BackupError(
        "pg_dump did not finish.",
        means=f"It said: {said[-500:] or 'nothing'}\nNothing of it is kept.",
        remedy="Remove the cause that it names, then take the backup again.",
        where=str(place.label),
    )


def _kept(shape: Shape, found: Content) -> Kept:
    return Kept(
        schema=shape.schema,
        name=shape.name,
        columns=shape.columns,
        key=shape.key,
        content=found,
        bytes=shape.bytes,
        complete=True,
        owner=shape.owner,
        parts=shape.parts,
        sequences=shape.sequences,
        pointing=shape.pointing,
        outward=shape.outward,
    )
