"""Verifies a backup: restores it into a scratch database and compares counts and hashes, table by table."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from ...postgres import client_programs, schema_copy, session
from ...postgres.client_programs import ClientPrograms
from ...postgres.embedded import Embedded
from ...postgres.errors import ScratchError
from ...postgres.scratch import Scratch
from ...postgres.session import Connection
from ...terms.secrets import Secret
from . import archive
from .archive import Item
from .contents import Content, content, plain, spelled
from .errors import BrokenBackupError
from .listener import Listener
from .manifest import SCHEMA, Kept, Manifest, Tier, Verification
from .place import Place, settle
from .shelf import Shelf

PARALLEL_FROM = 16 * 1024**2
"""From so many bytes of rows on, a restore by several sessions gains more than its start costs."""

_JOBS = 4
_COMPUTED = ("MATERIALIZED VIEW DATA",)
"""What is computed from tables again; row security may hide these from the scratch database's owner."""

_LACKING = ("unsupported XML feature", "not supported by this build", "could not access file", "could not load library")


def verify(
    manifest: Manifest,
    shelf: Shelf,
    scratch: Scratch,
    place: Place | None,
    listener: Listener,
    *,
    now: Callable[[], float] = time.time,
) -> Manifest:
    """The manifest as it stands on the shelf afterwards: verified. `place` is where a copy lies.

    Raises BrokenBackupError, after the manifest on the shelf says so too; ScratchError where it cannot be tried.
    """
    started = time.monotonic()
    try:
        if manifest.tier is Tier.COPY:
            notes = _verify_copy(manifest, scratch, place, listener)
        else:
            notes = _verify_dump(manifest, shelf, scratch, listener)
    except BrokenBackupError as error:
        shelf.keep(manifest.doubted(error.what))
        raise
    proven = manifest.proven(Verification(now(), time.monotonic() - started, notes))
    shelf.keep(proven)
    return proven


def _verify_dump(manifest: Manifest, shelf: Shelf, scratch: Scratch, listener: Listener) -> tuple[str, ...]:
    file, schema = shelf.intact(manifest, listener.checkpoint)
    with scratch.database(confined=True, checkpoint=listener.checkpoint) as own:
        schema_copy.prepare(scratch, own, manifest.extensions, manifest.roles)
        programs = client_programs.find(max(_version(own), int(manifest.program.partition(".")[0]) * 10000))
        chosen, notes = _to_restore(manifest, archive.items(programs, file))
        if schema is not None:
            listener.say("Making the tables' surroundings on a scratch database")
            _surroundings(programs, schema, own, manifest, scratch, listener)
        listener.say("Restoring into a scratch database")
        jobs = min(_JOBS, os.cpu_count() or 1) if sum(each.bytes for each in manifest.tables) >= PARALLEL_FROM else 1
        how = ["--no-owner", "--no-privileges", "--exit-on-error", f"--jobs={jobs}"]
        said = archive.load(programs, file, own, arguments=how, chosen=chosen, checkpoint=listener.checkpoint)
        if said:
            raise _refused(manifest, said, file)
        with _comparing(scratch.superior(own)) as connection:
            for table in manifest.tables:
                listener.checkpoint()
                found = content(
                    connection, sql.Identifier(table.schema, table.name), plain(table.columns), table.content.method
                )
                _compare(manifest, table, found)
    return notes


def _refused(manifest: Manifest, said: str, file: Path) -> BrokenBackupError | ScratchError:
    means = f"On a scratch database pg_restore said: {said[-500:]}"
    if any(words in said for words in _LACKING):
        return ScratchError(
            f"Backup {manifest.id} cannot be tried: the scratch server lacks something that the database uses.",
            means=f"{means}\nThe backup is kept, not verified.",
            remedy="Name a server that has it: put its URL in a variable, and "
            "`scratch: {url: VARIABLE}` into sensei.yaml. "
            f"Then: sensei backups verify {manifest.id}",
            where=str(file),
        )
    return BrokenBackupError(
        f"Backup {manifest.id} cannot be restored.",
        means=means,
        remedy="Take a whole backup instead (sensei backup), or remove what it names.",
        where=str(file),
    )


def _to_restore(manifest: Manifest, every: Sequence[Item]) -> tuple[list[Item], tuple[str, ...]]:
    inside = {each.ident for each in manifest.tables}
    outward = {part for each in manifest.tables for part, leads_to in each.outward if leads_to not in inside}
    untried = (*archive.PRIVILEGED, *_COMPUTED)
    chosen = [each for each in every if not each.of_kind(untried) and each.part not in outward]
    notes = []
    if outward:
        notes.append(f"{len(outward)} foreign keys to tables outside of the backup were not tried")
    privileged = len([each for each in every if each.of_kind(archive.PRIVILEGED)])
    if privileged:
        notes.append(f"{privileged} objects that only a superuser may make, extensions for one, were not tried")
    return chosen, tuple(notes)


def _surroundings(
    programs: ClientPrograms, schema: Path, own: Secret, manifest: Manifest, scratch: Scratch, listener: Listener
) -> None:
    """Make every definition of the database but those of the tables that are to be restored.

    What cannot be made there is missed by the restore, if it is needed at all.
    """
    how = ["--no-owner", "--no-privileges"]
    archive.load(programs, schema, own, arguments=how, checkpoint=listener.checkpoint)
    with session.connect(scratch.superior(own), application_name="sensei backup") as connection:
        for table in manifest.tables:
            name = sql.Identifier(table.schema, table.name)
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(name))


def _verify_copy(manifest: Manifest, scratch: Scratch, place: Place | None, listener: Listener) -> tuple[str, ...]:
    if place is None:
        raise ScratchError(
            f"Backup {manifest.id} lies in {manifest.environment}, which is not known here.",
            remedy="Verify it where the project has that environment.",
        )
    with place.connect() as source, scratch.database() as own, session.connect(own) as target:
        settle(target)
        for table in manifest.tables:
            listener.checkpoint()
            listener.say(f"Restoring the copy of {table.ident} into a scratch database")
            try:
                found = _carried(source, target, table)
            except psycopg.errors.UndefinedTable as error:
                raise BrokenBackupError(
                    f"The copy of {table.ident} is gone: {SCHEMA}.{table.copy}.",
                    means="Somebody dropped it.",
                    remedy="Take a new backup. `sensei backups prune` removes what is broken.",
                    where=str(place.label),
                ) from error
            _compare(manifest, table, found)
    return ()


def _carried(source: Connection, target: Connection, table: Kept) -> Content:
    """The content of a copy after it went into a table of the scratch database."""
    columns = sql.SQL(", ").join(sql.Identifier(each.name) + sql.SQL(" ") + spelled(each) for each in table.columns)
    name = sql.Identifier(table.copy)
    target.execute(sql.SQL("CREATE TABLE public.{} ({})").format(name, columns))
    reading = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(SCHEMA, table.copy))
    writing = sql.SQL("COPY public.{} FROM STDIN (FORMAT binary)").format(name)
    with source.cursor().copy(reading) as out, target.cursor().copy(writing) as into:
        for chunk in out:
            into.write(chunk)
    return content(target, sql.SQL("public.") + name, plain(table.columns), table.content.method)


@contextmanager
def _comparing(url: Secret) -> Iterator[Connection]:
    with session.connect(url, application_name="sensei backup", read_only=True) as connection:
        settle(connection)
        yield connection


def _version(url: Secret) -> int:
    with session.connect(url, application_name="sensei backup") as connection:
        return connection.info.server_version


def _compare(manifest: Manifest, table: Kept, found: Content) -> None:
    if found == table.content:
        return
    if found.rows != table.content.rows:
        difference = f"{table.content.rows} rows were saved, {found.rows} came back"
    else:
        difference = f"{found.rows} rows came back, but not as they were"
    raise BrokenBackupError(
        f"Backup {manifest.id} does not bring {table.ident} back: {difference}.",
        remedy="Take a new one; `sensei backups prune` removes what is broken.",
        where=manifest.environment,
    )


def scratch_free(scratch: Scratch) -> int | None:
    """Bytes that scratch databases may still take; None where nobody knows."""
    if not isinstance(scratch.server, Embedded):
        return None
    found = os.statvfs(scratch.server.place)
    return found.f_bavail * found.f_frsize
