"""Reviews a plan: lints it, runs it on a scratch copy, and says what would go wrong."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import psycopg

from ...postgres import session
from ...postgres.session import Connection
from ...terms.secrets import Secret
from . import designing, locking, losing, plan, replacing, running, squawk, trace
from .finding import Finding
from .merging import merge
from .model import Review, digest
from .plan import Plan
from .statements import Statement
from .trace import Trace

_BEYOND = (
    ("CREATE", "DATABASE"), ("DROP", "DATABASE"), ("ALTER", "DATABASE"), ("ALTER", "SYSTEM"),
    ("CREATE", "TABLESPACE"), ("DROP", "TABLESPACE"),
)  # fmt: skip
"""Statements that reach beyond one database and would stay on the scratch server."""

_STATEMENT_TIMEOUT_MS = 300_000


@dataclass(frozen=True)
class Ground:
    """The database on which a plan is judged, and which is spoilt by it; `target` says in words what it stands for.

    `bare` says that it was never given a schema: a missing table then ends the run instead of the review. `sizes` are
    (rows, bytes) by table of the real target called `real`; without them the copy's own count. `version` is the real
    server's as libpq's number, where it is not the copy's. `online` runs a revision whose SQL is not known beforehand.
    """

    url: Secret
    target: str
    bare: bool = False
    sizes: Mapping[str, tuple[int, int]] | None = None
    real: str = ""
    version: int = 0
    notes: tuple[str, ...] = ()
    online: Callable[[str], None] | None = field(default=None, repr=False)


def prepare(url: Secret, setup: str, *, name: str) -> None:
    """Run the setup's statements, each committing by itself. Raises SplitError, RehearsalError with the position."""
    planned = plan.of_text(setup, name=name)
    with _connect(url) as copy:
        for each in _checked(planned).statements:
            try:
                running.execute(copy, each)
            except psycopg.Error as error:
                raise trace.failed(each, error, planned) from error


def review(url: Secret, text: str, *, target: str, name: str = "", bare: bool = False) -> Review:
    """Judge `text` on the database of `url`. Raises as `judge` does, and SplitError."""
    return judge(plan.of_text(text, name=name), Ground(url, target, bare=bare))


def judge(planned: Plan, ground: Ground) -> Review:
    """Judge a plan on its ground. Raises RehearsalError, SquawkError."""
    _checked(planned)
    with _connect(ground.url) as copy:
        seen = trace.run(copy, planned, sizes=ground.sizes, online=ground.online)
        version = ground.version or copy.info.server_version
        _reset(copy)
    own = [
        *locking.findings(seen),
        *losing.findings(seen),
        *replacing.findings(seen),
        *designing.findings(seen),
        *_of_transactions(planned),
        *_of_failure(seen, planned, bare=ground.bare),
        *planned.findings,
    ]
    warnings = [each for part in planned.transactions for each in squawk.lint(part, server_version=version)]
    found = merge(own, warnings, seen, planned, real=ground.real)
    unused = (f"{each.where}: {each.hazard} is allowed, but was not found." for each in found.unused)
    return Review(found.hazards, ground.target, digest(planned.text), (*ground.notes, *unused))


def _connect(url: Secret) -> Connection:
    return session.connect(url, application_name="sensei review", statement_timeout_ms=_STATEMENT_TIMEOUT_MS)


def _checked(planned: Plan) -> Plan:
    for each in planned.statements:
        if any(each.starts(*words) for words in _BEYOND):
            raise trace.RehearsalError(
                f"{' '.join(each.words[:2])} reaches beyond one database and cannot be rehearsed on a scratch copy.",
                means="Nothing was judged.",
                remedy="Keep it in a file of its own.",
                where=trace.where(planned, each),
            )
    return planned


def _reset(copy: Connection) -> None:
    if copy.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        copy.execute("ROLLBACK")


def _of_transactions(planned: Plan) -> Iterator[Finding]:
    for part in planned.transactions:
        if part.explicit and not part.ending and part.statements:
            yield Finding("uncommitted", part.statements[-1], "")
        for each in part.statements:
            yield from _of_words(each)
            if "CONCURRENTLY" in each.words:
                if each.verb == "CREATE" and "EXISTS" in each.words:
                    yield Finding("concurrently-if-not-exists", each, "")
                if part.alone and planned.shares(each):
                    yield Finding("concurrently-not-alone", each, "")


def _of_words(statement: Statement) -> Iterator[Finding]:
    """What neither locks nor the catalog show."""
    words = statement.words
    if statement.starts("ALTER", "DEFAULT", "PRIVILEGES") and "GRANT" in words and words[-1:] == ("PUBLIC",):
        yield Finding("granted-to-public", statement, "")
    elif statement.verb == "SET" and "SESSION_REPLICATION_ROLE" in words and "REPLICA" in statement.bare.upper():
        yield Finding("trigger-off", statement, "")


def _of_failure(seen: Trace, planned: Plan, *, bare: bool) -> Iterator[Finding]:
    if seen.failure is None:
        return
    error, statement = seen.failure.error, seen.failure.statement
    words = f"{error.diag.message_primary or error}."
    code = error.sqlstate or ""
    if code == "25001":
        yield Finding("concurrently-in-transaction", statement, "", words=words)
    elif code == "55P04":
        yield Finding("enum-value-too-early", statement, "", words=words)
    elif code == "42501" and statement.words[-3:] in _TRIGGERS:
        yield Finding("trigger-off", statement, "", words=f"{words} The triggers of foreign keys are among them.")
    elif code == "42501":
        yield Finding("needs-superuser", statement, "", words=f"{words} {_AS_WHOM}")
    elif code.startswith("23") or trace.by_rows(error, statement):
        table = ".".join(part for part in (error.diag.schema_name, error.diag.table_name) if part)
        yield Finding("fails-on-data", statement, table, names={"table": table}, words=words)
    elif trace.in_the_way(error, statement):
        detail = f" {error.diag.message_detail.rstrip('.')}." if error.diag.message_detail else ""
        yield Finding("fails-on-schema", statement, "", words=f"{words}{detail} What follows it was not run.")
    elif bare:
        yield Finding("not-rehearsed", statement, "", words=f"{words} Only the syntax was judged.")
    else:
        raise trace.failed(statement, error, planned) from error


_TRIGGERS = {(each, "TRIGGER", "ALL") for each in ("DISABLE", "ENABLE")}
_AS_WHOM = (
    "The copy runs it as the owner of the database, without the rights of a superuser, so that a file under review "
    "cannot touch the machine. What follows this statement was not run."
)
