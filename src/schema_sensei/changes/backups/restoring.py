"""Restores a backup as its outlook says: makes tables again, fills them, merges by key; compared before a commit."""

from contextlib import ExitStack
from pathlib import Path
from typing import assert_never

import psycopg
from psycopg import sql

from ...postgres import client_programs, identity
from ...postgres.client_programs import ClientPrograms
from ...postgres.session import Connection
from ...terms.counting import counted
from ...terms.trash import TRASH
from ..losses import short
from . import archive, refilling, remaking
from .contents import content, plain
from .dumping import explained
from .errors import NotRestoredError
from .listener import Listener
from .manifest import Manifest, Tier
from .outlook import Deed, Outlook, Step
from .place import Place
from .shelf import Shelf


def restore(outlook: Outlook, shelf: Shelf, source: Place | None, listener: Listener) -> tuple[str, ...]:
    """Do it, compare, commit; what was done, in words. `source` is where a copy lies.

    Raises NotRestoredError, BrokenBackupError, UnreachableError; then nothing was changed, or what was done before is
    said.
    """
    manifest, place = outlook.manifest, outlook.place
    file, schema = (None, None) if manifest.tier is Tier.COPY else shelf.intact(manifest, listener.checkpoint)
    try:
        if file is not None and outlook.whole:
            return _whole(outlook, file, listener)
        with ExitStack() as stack:
            connection = stack.enter_context(place.connect(read_only=False))
            reading = stack.enter_context((source or place).connect())
            programs = None if file is None else _programs(manifest, connection)
            said = [*_made(outlook, connection, programs, file, schema, listener)]
            for step in outlook.steps:
                if step.deed in {Deed.MAKE, Deed.ASIDE}:
                    continue
                listener.say(f"Restoring {step.table.ident}")
                with (
                    connection.transaction(),
                    refilling.staged(
                        connection, step.table, programs=programs, file=file, source=reading, listener=listener
                    ),
                ):
                    said.append(_merged(connection, step))
            return tuple(said)
    except psycopg.Error as error:
        told = explained(error, place)
        if isinstance(told, NotRestoredError):
            raise
        raise NotRestoredError(
            "The restore did not finish.",
            means=f"PostgreSQL said: {str(error).strip()[-400:]}\nThe table was left as it was.",
            remedy="Remove the cause that it names, then restore again.",
            where=str(place.label),
        ) from error


def _made(
    outlook: Outlook,
    connection: Connection,
    programs: ClientPrograms | None,
    file: Path | None,
    schema: Path | None,
    listener: Listener,
) -> list[str]:
    steps = [each for each in outlook.steps if each.deed in {Deed.MAKE, Deed.ASIDE}]
    if not steps or programs is None or file is None:
        return []
    moves = [_move(connection, each, outlook.manifest) for each in steps if each.deed is Deed.ASIDE]
    tables = [each.table for each in steps]
    listener.say(f"Making {', '.join(each.ident for each in tables)} again")
    around = remaking.remake(
        outlook.place, connection, outlook.manifest, tables,
        programs=programs, file=file, schema=schema, first="".join(text for text, _ in moves),
        aside=[each.table.ident for each in steps if each.deed is Deed.ASIDE], listener=listener,
    )  # fmt: skip
    said = [words for _, words in moves]
    said += [f"{short(each.ident)}: made again with {each.content.rows} rows, compared" for each in tables]
    return [*said, *around]


def _move(connection: Connection, step: Step, manifest: Manifest) -> tuple[str, str]:
    """The SQL that moves the table that is there out of the way, with all that belongs to it; and what that does."""
    table = step.table
    aside = f"{table.name}_{manifest.id}"[-63:]
    text = sql.SQL(
        "CREATE SCHEMA IF NOT EXISTS {trash};\nALTER TABLE {name} SET SCHEMA {trash};\n"
        "ALTER TABLE {moved} RENAME TO {aside};\n"
    ).format(
        trash=sql.Identifier(TRASH),
        name=sql.Identifier(table.schema, table.name),
        moved=sql.Identifier(TRASH, table.name),
        aside=sql.Identifier(aside),
    )
    words = f"{short(table.ident)}: what was there is now {TRASH}.{aside}, with its {step.rows} rows"
    return text.as_string(connection), words


def _merged(connection: Connection, step: Step) -> str:
    name = short(step.table.ident)
    match step.deed:
        case Deed.FILL:
            done = refilling.fill(connection, step.table)
            return f"{name}: {done.written} rows are back, compared"
        case Deed.REFILL:
            done = refilling.refill(connection, step.table, step.columns)
            others = f"; {counted(done.newer, 'row')} newer than the backup" if done.newer else ""
            gone = f"; {counted(done.gone, 'saved row')} without a row here" if done.gone else ""
            return f"{name}: {done.written} rows got {', '.join(step.columns)} back{others}{gone}"
        case Deed.ADD:
            done = refilling.add_missing(connection, step.table)
            others = f"; {counted(done.newer, 'row')} newer than the backup stay" if done.newer else ""
            return f"{name}: {done.written} missing rows are back{others}"
        case Deed.MAKE | Deed.ASIDE:
            raise AssertionError("made by remake")
    assert_never(step.deed)


def _whole(outlook: Outlook, file: Path, listener: Listener) -> tuple[str, ...]:
    """Everything in one transaction; compared afterwards."""
    manifest, place = outlook.manifest, outlook.place
    with place.connect() as connection:
        programs = _programs(manifest, connection)
        superuser = identity.read(connection).is_superuser
    chosen = [each for each in archive.items(programs, file) if superuser or not each.of_kind(archive.PRIVILEGED)]
    rights = [] if superuser and not _roles_lack(place, manifest) else ["--no-owner", "--no-privileges"]
    listener.say("Restoring the whole database")
    arguments = ["--exit-on-error", "--single-transaction", *rights]
    said = archive.load(programs, file, place.url, arguments=arguments, chosen=chosen, checkpoint=listener.checkpoint)
    if said:
        raise NotRestoredError(
            f"Backup {manifest.id} could not be restored.",
            means=f"pg_restore said: {said[-500:]}\nIt was rolled back: {place.environment} is empty as before.",
            remedy="Remove the cause that it names, then restore again.",
            where=str(place.label),
        )
    with place.connect() as connection:
        wrong = [
            each.ident
            for each in manifest.tables
            if content(connection, sql.Identifier(each.schema, each.name), plain(each.columns), each.content.method)
            != each.content
        ]
    if wrong:
        raise NotRestoredError(
            f"Restored, but {', '.join(map(short, wrong))} is not as it was saved.",
            means="Somebody wrote into it meanwhile, or a rule of the server changes rows.",
            remedy="Compare before you use it.",
            where=str(place.label),
        )
    return (f"{counted(len(manifest.tables), 'table')} with {manifest.rows} rows are back, compared",)


def _programs(manifest: Manifest, connection: Connection) -> ClientPrograms:
    """Those that know the server, and the format of the dump."""
    return client_programs.find(max(connection.info.server_version, int(manifest.program.partition(".")[0]) * 10000))


def _roles_lack(place: Place, manifest: Manifest) -> bool:
    owners = {each.owner for each in manifest.tables} | set(manifest.roles)
    with place.connect() as connection:
        there = {str(name) for (name,) in connection.execute("SELECT rolname FROM pg_catalog.pg_roles")}
    return not owners <= there
