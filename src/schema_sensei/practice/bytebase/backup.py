"""Prior backup: the rows that a sheet will update or delete are copied to the archive schema; and the way back."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ...bytebase.prediction.cutting import Piece, cut
from . import databases, statements
from .checking import mixed_table
from .refusals import Code, Refusal
from .snapshot import ARCHIVE
from .store import Document
from .targets import connect, words
from .wire import Body, lean, now
from .world import World

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from .execution import Log

_END_OF_SET = re.compile(r"\b(?:FROM|WHERE|RETURNING)\b", re.IGNORECASE)
_SET = re.compile(r"\bSET\b", re.IGNORECASE)


_CHANGED_ROWS = "SELECT ctid::text, to_jsonb(changed) - 'tableoid' - 'ctid' FROM changed"


class BackupFailed(Exception):
    """The rows cannot be copied; the change is not executed."""


def make(world: World, database: Document, sheet: str, run: Document, log: "Log") -> str:
    """Copy the rows; what went wrong, or "". The tables copied are remembered with the run."""
    import psycopg

    log.write("PRIOR_BACKUP", priorBackup={"startTime": now()})
    current = databases.by_name(world.store, databases.full_name(database)) or database
    try:
        pieces = _pieces(current, sheet)
        instance = world.store.get("instance", database["instance"]) or {}
        with connect(instance, database["name"], purpose="bytebase-backup") as connection:
            items = [_copy(connection, current, sheet, group) for group in pieces]
    except BackupFailed as error:
        log.end("priorBackup", error=str(error))
        return str(error)
    except psycopg.Error as error:
        log.end("priorBackup", error=f"failed to back up: {words(error)}")
        return f"failed to back up: {words(error)}"
    with world.store.changing():
        known = world.store.get("run", f"{run['project']}/{run['number']}") or run
        world.store.put("run", f"{run['project']}/{run['number']}", known | {"items": items})
    log.end("priorBackup")
    _tell(world, run, items)
    return ""


def restoring(world: World, target: str, sheet: str, items: list[Body]) -> str:
    """SQL that puts the copied rows back. Raises Refusal where a table has no key that the change left alone."""
    database = databases.by_name(world.store, target) or {}
    tables = {(table["schema"], table["name"]): table for table in (database.get("snapshot") or {}).get("tables", ())}
    by_table: dict[tuple[str, str], list[str]] = {}
    for piece in cut(sheet):
        named = statements.target(piece.text)
        if named and statements.kind(piece.text) in {"UPDATE", "DELETE"}:
            by_table.setdefault(named, []).append(statements.bare(piece.text))
    return "\n".join(
        _restore(tables.get(where), by_table[where], item["targetTable"]["table"])
        for item in items
        for where in [(item["sourceTable"]["schema"], item["sourceTable"]["table"])]
    )


def _pieces(database: Document, sheet: str) -> list[list[Piece]]:
    """The updates and deletes, those of one table together."""
    known = {(table["schema"], table["name"]) for table in (database.get("snapshot") or {}).get("tables", ())}
    pieces = [piece for piece in cut(sheet) if statements.kind(piece.text) in {"UPDATE", "DELETE"}]
    if mixed := mixed_table([piece.text for piece in pieces]):
        raise BackupFailed(f"failed to transform DML to select: {mixed}")
    grouped: dict[tuple[str, str], list[Piece]] = {}
    for piece in pieces:
        named = statements.target(piece.text)
        if named is None or named not in known:
            table = named[1] if named else statements.bare(piece.text)
            raise BackupFailed(
                "failed to transform DML to select: failed to prepare transformation: failed to extract table "
                f"reference from {statements.kind(piece.text).lower()} statement at offset {piece.start}: "
                f'Table "{table}" not found in metadata with search path [public]'
            )
        grouped.setdefault(named, []).append(piece)
    return list(grouped.values())


def _copy(connection: "psycopg.Connection[TupleRow]", database: Document, sheet: str, pieces: list[Piece]) -> Body:
    """Learn the rows as they are from the statements themselves, which are taken back, and keep them."""
    from psycopg import sql

    schema, table = statements.target(pieces[0].text) or ("", "")
    source = sql.Identifier(schema, table)
    name = _free_name(connection, table, schema)
    archive = sql.Identifier(ARCHIVE, name)
    connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {} WITH NO DATA").format(archive, source))
    rows: dict[str, Any] = {}
    connection.execute("BEGIN")
    try:
        for piece in pieces:
            changed = f"WITH changed AS ({statements.bare(piece.text)} RETURNING old.tableoid, old.ctid, old.*)"
            query = f"{changed} {_CHANGED_ROWS}"
            for place, row in connection.execute(query.encode()).fetchall():
                rows.setdefault(place, row)  # the first statement saw the row as it was
    finally:
        connection.execute("ROLLBACK")
    filling = sql.SQL("INSERT INTO {} SELECT * FROM jsonb_populate_recordset(NULL::{}, %s)").format(archive, archive)
    connection.execute(filling, [json.dumps(list(rows.values()))])
    where = databases.full_name(database)
    return {
        "sourceTable": {"database": where, "schema": schema, "table": table},
        "targetTable": {"database": where, "schema": ARCHIVE, "table": name},
        "startPosition": {"line": _line(sheet, pieces[0].start + _lead(pieces[0]))},
        "endPosition": _end(sheet, pieces[-1].stop),
    }


def _free_name(connection: "psycopg.Connection[TupleRow]", table: str, schema: str) -> str:
    """The second in the name is the present one, or the next that is free."""
    moment = datetime.now(UTC)
    while True:
        name = f"_{moment:%Y%m%d%H%M%S}_{table}_{schema}"
        found = connection.execute("SELECT to_regclass(quote_ident(%s) || '.' || quote_ident(%s))", [ARCHIVE, name])
        if found.fetchone() == (None,):
            return name
        moment += timedelta(seconds=1)


def _lead(piece: Piece) -> int:
    return len(piece.text) - len(piece.text.lstrip())


def _line(sheet: str, place: int) -> int:
    return sheet.encode()[:place].decode("utf-8", "replace").count("\n") + 1


def _end(sheet: str, place: int) -> Body:
    before = sheet.encode()[:place].decode("utf-8", "replace")
    return {"line": before.count("\n") + 1, "column": len(before) - before.rfind("\n") - 1}


def _tell(world: World, run: Document, items: list[Body]) -> None:
    with world.store.changing():
        known = world.store.get("run", f"{run['project']}/{run['number']}") or run
        known["entries"][-1]["priorBackup"]["priorBackupDetail"] = lean({"items": items})
        world.store.put("run", f"{run['project']}/{run['number']}", known)


def _restore(table: Document | None, originals: list[str], archive: str) -> str:
    if table is None:
        raise Refusal(Code.INTERNAL, "failed to generate restore sql: table not found in metadata")
    columns = ", ".join(f'"{column[0]}"' for column in table["columns"] if not column[5])
    into = f'INSERT INTO "{table["schema"]}"."{table["name"]}" ({columns})'
    comment = f"/*\nOriginal SQL:\n{'; '.join(originals)}\n*/"
    source = f'SELECT {columns} FROM "{ARCHIVE}"."{archive}"'  # noqa: S608 -- the names are the database's own
    text = f"{comment}\n{into} {source}"
    if statements.kind(originals[0]) == "DELETE":
        return f"{text};"
    changed = {name for original in originals for name in _changed_columns(original)}
    for name, _, kind, key in table["constraints"]:
        if kind in {"p", "u"} and not changed & set(key):
            news = ", ".join(f'"{column}" = EXCLUDED."{column}"' for column in sorted(changed))
            return f'{text} ON CONFLICT ON CONSTRAINT "{name}" DO UPDATE SET {news};'
    raise Refusal(Code.INTERNAL, "failed to generate restore sql: no disjoint unique key found for table")


def _changed_columns(update: str) -> list[str]:
    begin = _SET.search(update)
    rest = update[begin.end() :] if begin else ""
    end = _END_OF_SET.search(rest)
    assignments = rest[: end.start()] if end else rest
    return [name.strip('"') for name in re.findall(r'(?:^|,)\s*\(?\s*("[^"]+"|\w+)\s*=', assignments)]
