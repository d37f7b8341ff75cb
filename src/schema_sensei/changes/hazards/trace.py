"""Runs a file statement by statement on a scratch copy and watches locks, scans, rewrites and the catalog."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg

from ...postgres.session import Connection
from ...terms.errors import SenseiError
from ...terms.exit_codes import ExitCode
from . import counters, running, state
from .plan import Plan
from .state import State
from .statements import Statement, position
from .transactions import Transaction


class RehearsalError(SenseiError):
    """A statement fails on the scratch copy for a reason that no data can cure."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True)
class Effect:
    """What one statement did to relations that were there before the file; all keys are oids.

    `held` are table locks held when it ended, the strongest of each relation; `taken` those it added. `scanned` were
    read from end to end, `rewritten` got new files, `written` counts changed and deleted rows. `watched` is False where
    PostgreSQL lets nobody look: statements outside of transactions show only their result. `lowered` are sequences that
    setval put back, `referring` tables that the file made and filled before this statement gave them a foreign key.
    """

    statement: Statement
    transaction: int
    before: State
    after: State
    held: Mapping[int, int] = field(default_factory=dict)
    taken: Mapping[int, int] = field(default_factory=dict)
    scanned: frozenset[int] = frozenset()
    rewritten: frozenset[int] = frozenset()
    written: Mapping[int, int] = field(default_factory=dict)
    watched: bool = True
    lowered: frozenset[int] = frozenset()
    referring: frozenset[int] = frozenset()

    @property
    def touched(self) -> frozenset[int]:
        """The relations that had rows changed or deleted."""
        return frozenset(self.written)


@dataclass(frozen=True)
class Failure:
    """The statement that failed on the scratch copy, and how."""

    statement: Statement
    error: psycopg.Error
    transaction: int


@dataclass(frozen=True)
class Trace:
    """Every effect in order, the states before and after all, sizes by oid as (rows, bytes), and the failure, if any.

    `end` differs from the last effect's when the file itself rolls back. `behind` are columns (table oid, attribute
    number) of new tables whose sequence will give numbers that rows have.
    """

    base: State
    end: State
    sizes: Mapping[int, tuple[int, int]]
    effects: tuple[Effect, ...]
    failure: Failure | None
    behind: frozenset[tuple[int, int]] = frozenset()


def run(
    connection: Connection,
    plan: Plan,
    *,
    sizes: Mapping[str, tuple[int, int]] | None = None,
    online: Callable[[str], None] | None = None,
) -> Trace:
    """Run the plan on a database that may be spoilt.

    `sizes` are the real target's (rows, bytes) by table; without them the copy's own count. `online` runs a revision
    whose SQL is not known beforehand. Failures that belong to the data, the transaction, to rights or to a missing
    object are returned; any other raises RehearsalError with the position in the text.
    """
    if sizes is None:
        connection.execute("ANALYZE")
    for statement in plan.statements:
        error = running.syntax_error(connection, statement)
        if error is not None:
            raise failed(statement, error, plan) from error
    base = state.read(connection)
    known = counters.sizes(connection, base) if sizes is None else counters.named(sizes, base)
    watch = _Watch(connection, base, online)
    failure: Failure | None = None
    for number, transaction in enumerate(plan.transactions):
        failure = watch.transaction(transaction, number)
        if failure is not None:
            break
    if failure is not None and not _is_finding(failure.error, failure.statement):
        raise failed(failure.statement, failure.error, plan) from failure.error
    behind = frozenset[tuple[int, int]]()
    if failure is None and (new := watch.current.tables().keys() - base.relations.keys()):
        behind = counters.behind(connection, new)
    return Trace(base, watch.current, known, tuple(watch.effects), failure, behind)


def failed(statement: Statement, error: psycopg.Error, plan: Plan) -> RehearsalError:
    """The error for a person: the database's words, and the line and column where PostgreSQL says it is."""
    offset = statement.offset
    if error.diag.statement_position:
        offset += int(error.diag.statement_position) - 1
    words = error.diag.message_primary or str(error).strip() or type(error).__name__
    undefined = (error.sqlstate or "").startswith("42P01") or error.sqlstate in {"3F000", "42703", "42704"}
    if error.sqlstate == "42601":
        remedy = "Correct the SQL at that place."
    elif error.sqlstate == "0A000" and statement.starts("CREATE", "EXTENSION"):
        remedy = "Name a server that has the extension: --scratch VARIABLE, or scratch: in sensei.yaml."
    elif undefined:
        remedy = "Correct the name, or put the object into the schema it runs on: --on SETUP.sql, or --env ENVIRONMENT."
    else:
        remedy = "Correct the statement, or the setup file it runs on."
    hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
    return RehearsalError(
        f"The scratch copy refuses this statement: {words}.{hint}",
        means="Nothing was judged, and no database of yours was touched.",
        remedy=remedy,
        where=where(plan, statement, offset),
    )


def where(plan: Plan, statement: Statement, offset: int | None = None) -> str:
    """A statement's place for people: file, line and column, or the revision that emits it."""
    origin = plan.origin(statement)
    if origin.revision:
        return f"revision {origin.revision}" + (f", {origin.file}, line {origin.line}" if origin.file else "")
    line, column = position(plan.text, statement.offset if offset is None else offset)
    return f"{plan.name + ', ' if plan.name else ''}line {line}, column {column}"


def _is_finding(error: psycopg.Error, statement: Statement) -> bool:
    """What the rows, the transaction, rights or the objects that depend on something forbid; the caller judges it."""
    code = error.sqlstate or ""
    return (
        code.startswith("23")
        or by_rows(error, statement)
        or in_the_way(error, statement)
        or code in {"25001", "55P04", "42P01", "3F000", "42501"}
    )


def by_rows(error: psycopg.Error, statement: Statement) -> bool:
    """Whether values that are stored do not fit (class 22), not those that stand in the text itself."""
    reads = statement.verb not in {"SELECT", "VALUES"} or "FROM" in statement.words
    return (error.sqlstate or "").startswith("22") and not error.diag.statement_position and reads


def in_the_way(error: psycopg.Error, statement: Statement) -> bool:
    """Whether the schema forbids it: something depends on the object, or an object is not ready for it."""
    return error.sqlstate in {"2BP01", "0A000", "55000"} and not statement.starts("CREATE", "EXTENSION")


@dataclass(slots=True)
class _Watch:
    """The session that runs the statements; `current` is the state that the last one left.

    `counted`, `held` and `catalog` are what was counted after the last statement of the transaction that is open.
    """

    connection: Connection
    base: State
    online: Callable[[str], None] | None
    effects: list[Effect] = field(default_factory=list)
    current: State = field(init=False)
    known: list[int] = field(init=False)
    catalogs: list[int] = field(init=False)
    counted: Mapping[int, tuple[int, int]] | None = None
    held: Mapping[int, int] | None = None
    catalog: int | None = None
    zoned: bool = False

    def __post_init__(self) -> None:
        self.current = self.base
        self.known = [oid for oid, each in self.base.relations.items() if each.kind in "rpm"]
        self.catalogs = counters.catalogs(self.connection)

    def transaction(self, transaction: Transaction, number: int) -> Failure | None:
        if transaction.online:
            self._online(transaction, number)
            return None
        self.counted = self.held = self.catalog = None
        if not transaction.alone:
            self.connection.execute("BEGIN")
        for statement in transaction.statements:
            try:
                self._statement(statement, number, watched=not transaction.alone)
            except psycopg.Error as error:
                if not transaction.alone:
                    self.connection.execute("ROLLBACK")
                return Failure(statement, error, number)
        if not transaction.alone:
            try:
                self.connection.execute("COMMIT" if transaction.ending == "COMMIT" else "ROLLBACK")
            except psycopg.Error as error:  # deferred constraints speak here
                return Failure(transaction.statements[-1], error, number)
            if transaction.ending != "COMMIT":
                self.current = state.read(self.connection)
        return None

    def _online(self, transaction: Transaction, number: int) -> None:
        before = self.current
        if self.online is not None:
            self.online(transaction.online)
        self.current = state.read(self.connection)
        for statement in transaction.statements:
            self.effects.append(Effect(statement, number, before, self.current, watched=False))

    def _statement(self, statement: Statement, number: int, *, watched: bool) -> None:
        connection, known, before = self.connection, self.known, self.current
        counted = counters.counts(connection, known) if self.counted is None else self.counted
        held_before = self.held or {}
        catalog = counters.written(connection, self.catalogs) if self.catalog is None else self.catalog
        writes = watched and statement.verb in {"UPDATE", "DELETE", "MERGE", "INSERT", "WITH", "EXECUTE"}
        sequences = counters.sequences(connection) if "SETVAL" in statement.words else {}
        # On a small copy the planner would scan where the real table's index would be used.
        if writes:
            connection.execute("SELECT pg_catalog.set_config('enable_seqscan', 'off', true)")
        zone = self._away(statement) if watched else ""
        running.execute(connection, statement)
        if zone:
            connection.execute("SELECT pg_catalog.set_config('timezone', %s, true)", [zone])
        if writes:
            connection.execute("SELECT pg_catalog.set_config('enable_seqscan', 'on', true)")
        self.catalog = counters.written(connection, self.catalogs)
        # Reading the schema takes longer than most statements; a savepoint brings it back without a write.
        same = watched and self.catalog == catalog and statement.verb != "ROLLBACK"
        after = before if same else state.read(connection)
        counts = self.counted = counters.counts(connection, known)
        held = self.held = counters.locks(connection, self.base) if watched else {}
        old = before.relations
        effect = Effect(
            statement,
            number,
            before,
            after,
            held=held,
            taken={oid: lock for oid, lock in held.items() if lock > held_before.get(oid, -1)},
            scanned=frozenset(oid for oid in known if counts[oid][0] > counted[oid][0]) if watched else frozenset(),
            rewritten=frozenset(
                oid
                for oid in self.base.relations
                if oid in old and oid in after.relations and old[oid].filenode != after.relations[oid].filenode
            ),
            written={oid: counts[oid][1] - counted[oid][1] for oid in known if counts[oid][1] > counted[oid][1]}
            if watched
            else {},
            watched=watched,
            lowered=frozenset(
                oid
                for oid, value in counters.sequences(connection).items()
                if oid in sequences and value < sequences[oid]
            )
            if sequences
            else frozenset(),
            referring=self._referring(before, after),
        )
        self.effects.append(effect)
        self.current = after

    def _referring(self, before: State, after: State) -> frozenset[int]:
        """The tables with rows that are not of the base, were there before, and have a checked foreign key now."""
        tables = {
            each.table
            for oid, each in after.constraints.items()
            if oid not in before.constraints and each.kind == "f" and each.valid
        }
        tables = {each for each in tables if each in before.relations and each not in self.base.relations}
        return counters.filled(self.connection, tables) if tables else frozenset()

    def _away(self, statement: Statement) -> str:
        """Leave UTC for a change between timestamp and timestamptz, which is no rewrite only there; the zone before.

        Empty, and nothing done, where the file itself has said which zone it means.
        """
        words = statement.words
        if words[:1] == ("SET",) and ("TIMEZONE" in words or words[-2:] == ("TIME", "ZONE") or "ZONE" in words):
            self.zoned = True
        if self.zoned or words[:2] != ("ALTER", "TABLE") or "TYPE" not in words or not _TIMES & set(words):
            return ""
        row = self.connection.execute("SELECT pg_catalog.current_setting('timezone')").fetchone()
        self.connection.execute("SELECT pg_catalog.set_config('timezone', %s, true)", [_FAR_FROM_UTC])
        return str(row[0]) if row else ""


_TIMES = frozenset({"TIMESTAMP", "TIMESTAMPTZ"})
_FAR_FROM_UTC = "Asia/Kathmandu"
"""The zone of a session depends on the role, the database and the client; in this one nothing is UTC by chance."""
