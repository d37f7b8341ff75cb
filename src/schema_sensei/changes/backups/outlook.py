"""Looks at where a backup would be restored, and says table by table what that would do; changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from psycopg import sql

from ...postgres import identity
from ...postgres.session import Connection
from ...terms.trash import TRASH
from ..losses import short
from .contents import shapes
from .errors import NotRestoredError
from .manifest import Kept, Manifest, Tier
from .place import Place


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
        steps = tuple(_step(connection, manifest, _at_home(connection, each), asked, place) for each in tables)
    return Outlook(manifest, place, steps)


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


def _at_home(connection: Connection, table: Kept) -> Kept:
    """What was saved from the trash, as the table of its name and columns that was made again meanwhile, if one was."""
    if table.schema != TRASH or _exists(connection, table):
        return table
    columns = [each.name for each in table.columns]
    rows = connection.execute(_NAMESAKES, (table.name, TRASH, columns, len(columns))).fetchall()
    return replace(table, schema=str(rows[0][0])) if len(rows) == 1 else table


_NAMESAKES = """
SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relname = %s AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> %s
   AND (SELECT count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = ANY (%s)) = %s
"""


def _exists(connection: Connection, table: Kept) -> bool:
    name = sql.Identifier(table.schema, table.name).as_string(connection)
    row = connection.execute("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", (name,)).fetchone()
    return bool(row and row[0])


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
