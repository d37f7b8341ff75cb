"""Runs a sheet on its database as the real server does: what `predict` says, logged statement by statement."""

import uuid
from typing import TYPE_CHECKING, Any

from ...bytebase.prediction import Execution, predict
from ...bytebase.prediction.cutting import cut
from ...bytebase.prediction.directives import read
from . import databases, statements
from .store import Document
from .targets import connect, words
from .wire import Body, now
from .world import World

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

_REPLICA = str(uuid.uuid4())


class Log:
    """The log of a task run; what is written can be read while the run goes on."""

    def __init__(self, world: World, run: str) -> None:
        self._world = world
        self._run = run

    def write(self, kind: str, **content: Any) -> None:
        """Begin a new entry."""
        self._append({"type": kind, "logTime": now(), "replicaId": _REPLICA, **content})

    def end(self, name: str, **content: Any) -> None:
        """Add to the last entry how it ended."""
        with self._world.store.changing():
            run = self._world.store.get("run", self._run) or {}
            last = run["entries"][-1][name]
            last.update({"endTime": now()} | {key: value for key, value in content.items() if value})
            self._world.store.put("run", self._run, run)

    def answer(self, **content: Any) -> None:
        """Add to the last command what the database answered."""
        with self._world.store.changing():
            run = self._world.store.get("run", self._run) or {}
            run["entries"][-1]["commandExecute"]["response"] = {"logTime": now(), **content}
            self._world.store.put("run", self._run, run)

    def _append(self, entry: Body) -> None:
        with self._world.store.changing():
            run = self._world.store.get("run", self._run) or {}
            run["entries"].append(entry)
            self._world.store.put("run", self._run, run)


def needs_dump(sheet: str) -> bool:
    """Whether the schema is read after the run: not when all statements are INSERT, UPDATE or DELETE."""
    pieces = [piece.text for piece in cut(sheet) if not piece.empty]
    return not pieces or not all(statements.is_dml(text) for text in pieces)


def execute(world: World, database: Document, sheet: str, run: Document, log: Log) -> str:
    """Run a sheet; what went wrong, or "". Statements of a transaction that failed leave nothing."""
    import psycopg

    executions = predict(sheet).executions
    if not executions:
        return ""
    number = run["number"]
    instance = world.store.get("instance", database["instance"]) or {}
    place = f"{run['project']}/{number}"
    try:
        with connect(instance, database["name"], purpose=f"bytebase-taskrun-{number}") as connection:
            world.cancelled[place] = connection.cancel
            return _all(connection, executions, log, counting=not read(sheet).transaction)
    except psycopg.Error as error:
        return words(error)
    finally:
        world.cancelled.pop(place, None)


def session(world: World, target: str, run: int) -> Body:
    """The backend of a running task run and those that block it; nothing when it does not run."""
    import psycopg

    database = databases.by_name(world.store, target)
    if database is None:
        return {}
    instance = world.store.get("instance", database["instance"]) or {}
    try:
        with connect(instance, database["name"], purpose="bytebase-session") as connection:
            rows = connection.execute(_SESSIONS, [f"bytebase-taskrun-{run}"]).fetchall()
    except psycopg.Error:
        return {}
    found: Body = {}
    for own, described in rows:
        if own:
            found["session"] = described
        else:
            found.setdefault("blockingSessions", []).append(described)
    return found


_SESSIONS = """
WITH own AS (SELECT pid FROM pg_stat_activity WHERE application_name = %s)
SELECT a.pid IN (SELECT pid FROM own),
       json_strip_nulls(json_build_object(
           'pid', a.pid::text, 'query', a.query, 'state', a.state, 'waitEventType', a.wait_event_type,
           'waitEvent', a.wait_event, 'datname', a.datname, 'usename', a.usename,
           'applicationName', a.application_name, 'clientAddr', host(a.client_addr), 'clientPort', a.client_port::text,
           'backendStart', to_char(a.backend_start, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           'xactStart', to_char(a.xact_start, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           'queryStart', to_char(a.query_start, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
  FROM pg_stat_activity a
 WHERE a.pid IN (SELECT pid FROM own) OR a.pid IN (SELECT unnest(pg_blocking_pids(pid)) FROM own)"""


def _all(
    connection: "psycopg.Connection[TupleRow]", executions: tuple[Execution, ...], log: Log, *, counting: bool
) -> str:
    import psycopg

    inside = [each for each in executions if each.transaction]
    if inside:
        connection.execute("BEGIN")
        log.write("TRANSACTION_CONTROL", transactionControl={"type": "BEGIN"})
        for each in inside:
            if wrong := _one(connection, each, log, counting=True):
                connection.execute("ROLLBACK")
                log.write("TRANSACTION_CONTROL", transactionControl={"type": "ROLLBACK"})
                return wrong
        try:
            connection.execute("COMMIT")
        except psycopg.Error as error:
            log.write("TRANSACTION_CONTROL", transactionControl={"type": "COMMIT", "error": words(error)})
            log.write("TRANSACTION_CONTROL", transactionControl={"type": "ROLLBACK"})
            return f"failed to commit transaction: {words(error)}"
        log.write("TRANSACTION_CONTROL", transactionControl={"type": "COMMIT"})
    for each in executions:
        # What follows the server's own COMMIT is logged with no rows, whatever it changed.
        if not each.transaction and (wrong := _one(connection, each, log, counting=counting)):
            return wrong
    return ""


def _one(connection: "psycopg.Connection[TupleRow]", execution: Execution, log: Log, *, counting: bool) -> str:
    """Send one text; what went wrong, or ""."""
    import psycopg

    log.write("COMMAND_EXECUTE", commandExecute={"logTime": now(), "range": _range(execution)})
    try:
        rows = max(connection.execute(execution.sql.encode()).rowcount, 0) * counting
    except psycopg.Error as error:
        log.answer(error=words(error), **({} if execution.transaction else {"allAffectedRows": ["0"]}))
        return words(error)
    log.answer(**({"affectedRows": str(rows)} if rows else {}), allAffectedRows=[str(rows)])
    return ""


def _range(execution: Execution) -> Body:
    shown = {"start": execution.start, "end": execution.stop}
    return {name: place for name, place in shown.items() if place}
