"""What a plan check finds out about a sheet on a database, without changing anything there.

The real server simulates the DDL on the metadata of its last sync. Here it runs inside a transaction that is rolled
back, with little patience for locks; what depends on rows is not judged, there as here.
"""

from typing import TYPE_CHECKING

from ...bytebase.prediction.cutting import cut
from ...bytebase.prediction.directives import read
from . import databases, snapshot, statements
from .store import Document
from .targets import connect, words
from .wire import Body, lean
from .world import World

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

SYNTAX = 201
_CODES = {"42P01": 604, "42703": 405, "42701": 412, "42P07": 607}
_INDEX_EXISTS = 805
"""The server's own codes for PostgreSQL's; 1 for the others."""

_BACKUP_LIMIT = 2 * 1024 * 1024


class SyntaxWrong(Exception):
    """PostgreSQL cannot read the text."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def check(world: World, target: str, sheet: str, *, backup: bool) -> list[Body]:
    """The two results for one database: advice and summary."""
    database = databases.by_name(world.store, target)
    if database is None or not database.get("snapshot"):
        wrong = {
            "status": "ERROR",
            "title": "Check failed",
            "content": f"database schema {target} not found",
            "code": 1,
        }
        return [wrong | {"target": target, "type": kind} for kind in ("STATEMENT_ADVISE", "STATEMENT_SUMMARY_REPORT")]
    try:
        advices, kinds, rows = judge(world, database, sheet)
    except SyntaxWrong as error:
        report = {"sqlReviewReport": {"startPosition": {"line": error.line, "column": error.column}}}
        wrong = {"status": "ERROR", "title": "Syntax error", "content": str(error), "code": SYNTAX}
        return [
            wrong | {"target": target, "type": kind} | report
            for kind in ("STATEMENT_ADVISE", "STATEMENT_SUMMARY_REPORT")
        ]
    if backup:
        advices += _backup_advices(database, sheet)
    shown = [
        lean({name: advice.get(name) for name in ("status", "title", "content", "code")})
        | {"target": target, "type": "STATEMENT_ADVISE"}
        | {"sqlReviewReport": lean({"startPosition": advice.get("startPosition")})}
        for advice in advices
    ]
    fine: Body = {"status": "SUCCESS", "title": "OK", "target": target}
    summary = lean({"statementTypes": kinds, "affectedRows": str(rows) if rows else None})
    return [
        *(shown or [fine | {"type": "STATEMENT_ADVISE"}]),
        fine | {"type": "STATEMENT_SUMMARY_REPORT", "sqlSummaryReport": summary},
    ]


def judge(world: World, database: Document, sheet: str) -> tuple[list[Body], list[str], int]:
    """Advices, kinds of statements and the planner's estimate of rows. Raises SyntaxWrong; nothing is changed."""
    import psycopg

    pieces = [(piece.text, piece.start) for piece in cut(read(sheet).text) if not piece.empty]
    offset = len(sheet.encode()) - len(sheet.encode()[sheet.encode().find(read(sheet).text.encode()) :])
    texts = [(text, sheet.encode()[: offset + start].decode("utf-8", "replace").count("\n")) for text, start in pieces]
    kinds = [kind for text, _ in texts if (kind := statements.kind(text))]
    instance = world.store.get("instance", database["instance"]) or {}
    try:
        with connect(instance, database["name"], purpose="bytebase-check") as connection:
            _refuse_bad_syntax(connection, texts)
            return _simulate(connection, texts), kinds, _rows(connection, texts, database)
    except psycopg.OperationalError as error:
        return [{"status": "ERROR", "title": "Check failed", "content": words(error), "code": 1}], kinds, 0


def _refuse_bad_syntax(connection: "psycopg.Connection[TupleRow]", texts: list[tuple[str, int]]) -> None:
    """Only the parser sees the text: a function body that is never created cannot run, whatever it says."""
    import psycopg

    for text, lines_before in texts:
        try:
            # The parser reads the whole string before the failing first statement is executed.
            connection.execute(f"SELECT 1 / 0;\n{text}".encode())
        except psycopg.errors.SyntaxError as error:
            place = int(error.diag.statement_position or 1) - len("SELECT 1 / 0;\n") - 1
            before = text[: max(place, 0)]
            line = lines_before + before.count("\n") + 1
            message = f"Syntax error at line {line}: {error.diag.message_primary}"
            raise SyntaxWrong(message, line, len(before) - before.rfind("\n")) from None
        except psycopg.Error:
            continue


def _simulate(connection: "psycopg.Connection[TupleRow]", texts: list[tuple[str, int]]) -> list[Body]:
    import psycopg

    connection.execute("BEGIN")
    try:
        connection.execute("SET LOCAL lock_timeout = '100ms'; SET LOCAL statement_timeout = '5s'")
        for text, lines_before in texts:
            if not statements.kind(text) or statements.is_dml(text) or "DATABASE" in statements.kind(text):
                continue
            connection.execute("SAVEPOINT simulated")
            try:
                connection.execute(_inside_transaction(text).encode())
            except psycopg.Error as error:
                state = error.sqlstate or ""
                if state[:2] in {"23", "25", "55", "57"}:  # rows, transaction, lock and time: not foreseen there either
                    connection.execute("ROLLBACK TO SAVEPOINT simulated")
                    continue
                lead = len(text) - len(text.lstrip())
                return [
                    {
                        "status": "WARNING",
                        "title": "DDL simulation failed",
                        "content": words(error),
                        "code": _code(state, text),
                        "startPosition": {"line": lines_before + text[:lead].count("\n") + 1},
                    }
                ]
        return []
    finally:
        connection.execute("ROLLBACK")


def _code(state: str, text: str) -> int:
    if state == "42P07" and statements.kind(text) == "CREATE_INDEX":
        return _INDEX_EXISTS
    return _CODES.get(state, 1)


def _inside_transaction(text: str) -> str:
    """The same index without CONCURRENTLY, which no transaction allows."""
    kind = statements.kind(text)
    if kind not in {"CREATE_INDEX", "DROP_INDEX"}:
        return text
    head, word, rest = text.partition("CONCURRENTLY") if "CONCURRENTLY" in text else text.partition("concurrently")
    return f"{head}{rest}" if word else text


def _rows(connection: "psycopg.Connection[TupleRow]", texts: list[tuple[str, int]], database: Document) -> int:
    """The planner's estimate for DML, the table's size for DDL on a table."""
    import psycopg

    sizes = {(table["schema"], table["name"]): int(table["rows"]) for table in database["snapshot"]["tables"]}
    total = 0
    for text, _ in texts:
        if statements.is_dml(text):
            try:
                found = connection.execute(f"EXPLAIN (FORMAT JSON) {statements.bare(text)}".encode()).fetchone()
            except psycopg.Error:
                continue
            plan = found[0][0]["Plan"] if found else {}
            total += int(plan.get("Plans", [plan])[0].get("Plan Rows", 0))
        elif named := statements.target(text):
            total += sizes.get(named, 0)
    return total


def _backup_advices(database: Document, sheet: str) -> list[Body]:
    def advice(content: str, code: int, line: int = 0) -> Body:
        place = {"startPosition": {"line": line}} if line else {}
        return {"status": "WARNING", "title": "BUILTIN_PRIOR_BACKUP_CHECK", "content": content, "code": code, **place}

    found: list[Body] = []
    if len(sheet.encode()) > _BACKUP_LIMIT:
        found.append(advice(f"The size of the SQL statements exceeds the maximum limit of {_BACKUP_LIMIT} bytes", 2001))
    if not database["snapshot"]["backup"]:
        found.append(advice(f'Need schema "{snapshot.ARCHIVE}" to do prior backup but it does not exist', 1901))
    pieces = [piece for piece in cut(sheet) if not piece.empty]
    for piece in pieces:
        if not statements.is_dml(piece.text):
            text = statements.bare(piece.text)
            line = sheet.encode()[: piece.stop].decode("utf-8", "replace").rstrip().count("\n") - text.count("\n") + 1
            found.append(advice(f'Data change can only run DML, "{text}" is not DML', 2001, line))
    if mixed := mixed_table([piece.text for piece in pieces]):
        found.append(advice(mixed, 2001))
    return found


def mixed_table(texts: list[str]) -> str:
    """The refusal of UPDATE and DELETE on one table, or ""."""
    kinds: dict[tuple[str, str], str] = {}
    for text in texts:
        kind, named = statements.kind(text), statements.target(text)
        if named and kind in {"UPDATE", "DELETE"} and kinds.setdefault(named, kind) != kind:
            return f'The statement type is not the same for all statements on the same table "{named[0]}.{named[1]}"'
    return ""
