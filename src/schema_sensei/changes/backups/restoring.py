"""Restores a backup: looks at what is there, says what it would do, and does it; no row is overwritten unsaid."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

import psycopg
from psycopg import sql

from ...postgres import client_programs, identity
from ...postgres.client_programs import ClientPrograms
from ...postgres.session import Connection
from ...terms.trash import TRASH
from ..losses import short
from . import archive, refilling, remaking
from .contents import content, plain, shapes
from .dumping import explained
from .errors import NotRestoredError
from .listener import Listener
from .manifest import Kept, Manifest, Tier, counted
from .place import Place
from .shelf import Shelf


class Deed(StrEnum):
    """What is done to one table."""

    MAKE = "make"
    FILL = "fill"
    REFILL = "refill"
    ADD = "add"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants back: some tables or all, these columns of them, or the rows that are missing.

    `aside` allows that a table with rows in it is moved away first.
    """

    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    missing: bool = False
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One table, what is done to it, and how many rows it has now (None: it is not there)."""

    table: Kept
    deed: Deed
    rows: int | None
    columns: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        name, saved = short(self.table.ident), self.table.content.rows
        match self.deed:
            case Deed.MAKE:
                return f"{name}: make it again with {saved} rows, keys and indexes; it is not there now"
            case Deed.FILL:
                return f"{name}: put {saved} rows into it; it is there and empty"
            case Deed.REFILL:
                columns = ", ".join(self.columns)
                return (
                    f"{name}: give {columns} the saved values, by key; {self.rows} rows are there, {saved} were saved"
                )
            case Deed.ADD:
                return f"{name}: add the saved rows whose key is missing; {self.rows} rows are there and stay"
            case Deed.ASIDE:
                return f"{name}: move the table that is there, with {self.rows} rows, to {TRASH}; then make it again"
        assert_never(self.deed)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a restore would do, table by table; for a whole database into an empty one there is nothing per table."""

    manifest: Manifest
    place: Place
    steps: tuple[Step, ...]
    whole: bool = False


def look(manifest: Manifest, place: Place, asked: Asked, *, same: bool) -> Outlook:
    """What a restore would do to this place; changes nothing.

    `same` demands the database that the backup was taken from. Raises NotRestoredError with what is in the way.
    """
    if manifest.verified is None:
        raise NotRestoredError(
            f"Backup {manifest.id} was never verified{f': {manifest.doubt}' if manifest.doubt else ''}.",
            means="Whether it brings anything back is not known.",
            remedy=f"Verify it first: sensei backups verify {manifest.id}",
        )
    if not place.writable:
        raise NotRestoredError(
            f"{place.environment} has no direct way in: nothing is restored into it from here.",
            means="It is protected, or only a gate leads to it. It was not touched.",
            remedy=f"Restore into another environment and compare: sensei restore {manifest.id} --into dev. "
            "What it shall get back travels as a change.",
            where=str(place.label),
        )
    tables = _chosen(manifest, asked)
    with place.connect() as connection:
        found = identity.read(connection).key
        if same and found != manifest.identity:
            raise NotRestoredError(
                f"{place.environment} is another database than the one that was saved.",
                means=f"Saved: {manifest.identity}. Found: {found}. It was not touched.",
                remedy=f"If you want it there, say so: sensei restore {manifest.id} --into {place.environment}",
                where=str(place.label),
            )
        if manifest.tier is Tier.DATABASE and not asked.tables:
            _require_empty(connection, manifest, place)
            return Outlook(manifest, place, (), whole=True)
        steps = tuple(_step(connection, manifest, each, asked, place) for each in tables)
    return Outlook(manifest, place, steps)


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


def _chosen(manifest: Manifest, asked: Asked) -> tuple[Kept, ...]:
    if not asked.tables:
        return manifest.tables
    found = []
    for name in asked.tables:
        table = manifest.table(name)
        if table is None:
            held = ", ".join(short(each.ident) for each in manifest.tables[:8])
            raise NotRestoredError(
                f"Backup {manifest.id} does not hold {name}.",
                remedy=f"It holds {held}. `sensei backups` lists them all.",
            )
        found.append(table)
    return tuple(found)


def _step(connection: Connection, manifest: Manifest, table: Kept, asked: Asked, place: Place) -> Step:
    name = sql.Identifier(table.schema, table.name)
    row = connection.execute("SELECT pg_catalog.to_regclass(%s)::oid::bigint", (name.as_string(connection),)).fetchone()
    if row is None or row[0] is None:
        return _absent(manifest, table, asked, place)
    counted = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()
    rows = int(counted[0]) if counted else 0
    (shape,) = shapes(connection, [int(row[0])])
    there = {each.name for each in shape.columns}
    columns = asked.columns or (() if table.complete else _beside_key(table))
    if columns or asked.missing:
        _require_key(table, there, columns, place)
        return Step(table, Deed.REFILL if columns else Deed.ADD, rows, columns)
    lacking = [each.name for each in table.columns if each.name not in there]
    if rows == 0 and not lacking:
        return Step(table, Deed.FILL, rows)
    if asked.aside and manifest.tier is not Tier.COPY:
        return Step(table, Deed.ASIDE, rows)
    held = f"it is there with {rows} rows" if rows else f"it is there, and lacks {', '.join(lacking)}"
    raise NotRestoredError(
        f"{short(table.ident)} is not overwritten: {held}.",
        means=f"{place.environment} was not touched. Saved were {table.content.rows} rows.",
        remedy="Choose: --columns A,B gives columns their saved values by key; --missing adds rows that are gone; "
        f"--aside moves the table that is there to {TRASH} first.",
        where=str(place.label),
    )


def _absent(manifest: Manifest, table: Kept, asked: Asked, place: Place) -> Step:
    if manifest.tier is Tier.COPY or asked.columns or asked.missing:
        raise NotRestoredError(
            f"There is no table {short(table.ident)} in {place.environment} to put rows into.",
            means=f"{place.environment} was not touched.",
            remedy="Make the table first (go back to the revision that has it), then restore again.",
            where=str(place.label),
        )
    return Step(table, Deed.MAKE, None)


def _beside_key(table: Kept) -> tuple[str, ...]:
    return tuple(each.name for each in table.columns if each.name not in table.key)


def _require_key(table: Kept, there: set[str], columns: Sequence[str], place: Place) -> None:
    saved = {each.name for each in table.columns}
    lacking = [each for each in (*table.key, *columns) if each not in there or each not in saved]
    if table.key and not lacking:
        return
    absent = [each for each in lacking if each not in there]
    what = "its rows have no key"
    if lacking:
        names, side = (absent, "the table") if absent else (lacking, "the backup")
        what = f"{side} has no column {', '.join(names)}"
    raise NotRestoredError(
        f"{short(table.ident)} cannot be matched with what was saved: {what}.",
        means=f"{place.environment} was not touched.",
        remedy="Name columns that both have (--columns A,B). A column that was dropped comes back empty first: go back "
        "to the revision that has it, or add it.",
        where=str(place.label),
    )


def _require_empty(connection: Connection, manifest: Manifest, place: Place) -> None:
    held = shapes(connection)
    if held:
        names = ", ".join(short(each.ident) for each in held[:4])
        raise NotRestoredError(
            f"{place.environment} is not empty: it has {len(held)} tables ({names}).",
            means="A whole database goes into an empty one only. It was not touched.",
            remedy=f"Name what you want back: sensei restore {manifest.id} --table T; or use an empty database.",
            where=str(place.label),
        )


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
    remaking.remake(
        outlook.place, connection, outlook.manifest, tables,
        programs=programs, file=file, schema=schema, first="".join(text for text, _ in moves), listener=listener,
    )  # fmt: skip
    said = [words for _, words in moves]
    said += [f"{short(each.ident)}: made again with {each.content.rows} rows, compared" for each in tables]
    there = {each.ident for each in outlook.manifest.tables}
    pointing = [each for table in tables for each in table.pointing]
    if pointing and not (outlook.manifest.tier is Tier.DATABASE and len(tables) == len(there)):
        said += [f"pointed to it before, and is yours to add again: {each}" for each in pointing]
    return said


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
            if content(connection, sql.Identifier(each.schema, each.name), plain(each.columns)) != each.content
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
