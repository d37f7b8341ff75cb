"""Reviews an SQL text: splits it, lints it, runs it on a scratch copy, and says what would go wrong."""

from collections.abc import Iterator

import psycopg

from ...postgres import session
from ...postgres.session import Connection
from ...terms.secrets import Secret
from . import designing, locking, losing, squawk, statements, trace, transactions
from .finding import Finding
from .merging import merge
from .model import Review, digest
from .statements import Statement
from .trace import Trace
from .transactions import Transaction

_BEYOND = (
    ("CREATE", "DATABASE"), ("DROP", "DATABASE"), ("ALTER", "DATABASE"), ("ALTER", "SYSTEM"),
    ("CREATE", "TABLESPACE"), ("DROP", "TABLESPACE"),
    ("CREATE", "ROLE"), ("CREATE", "USER"), ("CREATE", "GROUP"), ("ALTER", "ROLE"), ("DROP", "ROLE"), ("DROP", "USER"),
)  # fmt: skip
"""Statements that reach beyond one database and would stay on the scratch server."""

_STATEMENT_TIMEOUT_MS = 300_000


def prepare(url: Secret, setup: str, *, name: str) -> None:
    """Run the setup's statements, each committing by itself. Raises SplitError, RehearsalError with the position."""
    with session.connect(url, application_name="sensei review", statement_timeout_ms=_STATEMENT_TIMEOUT_MS) as copy:
        for each in _checked(setup, name):
            try:
                copy.execute(each.text.encode())
            except psycopg.Error as error:
                raise trace.failed(each, error, setup, name=name) from error


def review(url: Secret, text: str, *, target: str, name: str = "", bare: bool = False) -> Review:
    """Judge `text` on the database of `url`, which is spoilt by it; `target` says in words what it stands for.

    `bare` says that the database was never given a schema: a missing table then ends the run instead of the review.
    Raises SplitError, RehearsalError, SquawkError.
    """
    planned = transactions.transactions(_checked(text, name))
    with session.connect(url, application_name="sensei review", statement_timeout_ms=_STATEMENT_TIMEOUT_MS) as copy:
        seen = trace.run(copy, planned, text, name=name)
        version = copy.info.server_version
        _reset(copy)
    own = [
        *locking.findings(seen),
        *losing.findings(seen),
        *designing.findings(seen),
        *_of_transactions(planned),
        *_of_failure(seen, text, name, bare=bare),
    ]
    warnings = [each for part in planned for each in squawk.lint(part, server_version=version)]
    return Review(merge(own, warnings, seen), target, digest(text))


def _checked(text: str, name: str) -> tuple[Statement, ...]:
    try:
        found = statements.split(text)
    except statements.SplitError as error:
        error.where = f"{name}, {error.where}" if name else error.where
        raise
    for each in found:
        if any(each.starts(*words) for words in _BEYOND):
            raise trace.RehearsalError(
                f"{' '.join(each.words[:2])} reaches beyond one database and cannot be rehearsed on a scratch copy.",
                means="Nothing was judged.",
                remedy="Keep it in a file of its own; grants and policies for existing roles can be reviewed.",
                where=f"{name + ', ' if name else ''}line {each.line}, column {each.column}",
            )
    return found


def _reset(copy: Connection) -> None:
    if copy.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        copy.execute("ROLLBACK")


def _of_transactions(planned: tuple[Transaction, ...]) -> Iterator[Finding]:
    every = [each for part in planned for each in part.statements if each.verb not in {"SET", "RESET"}]
    for part in planned:
        if part.explicit and not part.ending and part.statements:
            yield Finding("uncommitted", part.statements[-1], "")
        for each in part.statements:
            if "CONCURRENTLY" in each.words:
                if each.verb == "CREATE" and "EXISTS" in each.words:
                    yield Finding("concurrently-if-not-exists", each, "")
                if part.alone and len(every) > 1:
                    yield Finding("concurrently-not-alone", each, "")


def _of_failure(seen: Trace, text: str, name: str, *, bare: bool) -> Iterator[Finding]:
    if seen.failure is None:
        return
    error, statement = seen.failure.error, seen.failure.statement
    words = f"{error.diag.message_primary or error}."
    code = error.sqlstate or ""
    if code == "25001":
        yield Finding("concurrently-in-transaction", statement, "", words=words)
    elif code == "55P04":
        yield Finding("enum-value-too-early", statement, "", words=words)
    elif code.startswith("23"):
        table = ".".join(part for part in (error.diag.schema_name, error.diag.table_name) if part)
        yield Finding("fails-on-data", statement, table, names={"table": table}, words=words)
    elif bare:
        yield Finding("not-rehearsed", statement, "", words=f"{words} Only the syntax was judged.")
    else:
        raise trace.failed(statement, error, text, name=name) from error
