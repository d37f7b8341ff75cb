"""Which statements of a file run in one transaction: as its BEGIN and COMMIT say, else as migration tools do it."""

import re
from dataclasses import dataclass

from .statements import Statement


@dataclass(frozen=True, slots=True)
class Transaction:
    """Statements that commit together; `alone` marks one that PostgreSQL refuses inside a transaction block.

    `explicit` tells that the file itself wrote BEGIN; `ending` is the word that ended it, empty when none did.
    `online` names a revision whose SQL depends on data: it is run as a whole, and only its result is seen.
    """

    statements: tuple[Statement, ...]
    alone: bool = False
    explicit: bool = False
    ending: str = "COMMIT"
    online: str = ""


def transactions(statements: tuple[Statement, ...]) -> tuple[Transaction, ...]:
    """The transactions of a file.

    With BEGIN somewhere, as written, every statement outside committing by itself. Without, the whole file is one
    transaction, unless a statement cannot run in one: then each commits by itself, as with psql.
    """
    if any(_begins(each) for each in statements):
        return _as_written(statements)
    if any(refuses_transactions(each) for each in statements):
        return tuple(single(each) for each in statements)
    return (Transaction(statements),) if statements else ()


def refuses_transactions(statement: Statement) -> bool:
    """Whether PostgreSQL runs it only outside a transaction block (PreventInTransactionBlock in its source)."""
    words = statement.words
    if statement.verb == "VACUUM":
        return True
    if statement.verb == "DO":
        return _COMMITS.search(statement.text) is not None
    if "CONCURRENTLY" in words:
        return statement.verb != "REFRESH"
    return statement.verb == "REINDEX" and any(each in {"SCHEMA", "DATABASE", "SYSTEM"} for each in words[1:3])


_COMMITS = re.compile(r"^(?!\s*--).*?\b(COMMIT|ROLLBACK)\s*;", re.IGNORECASE | re.MULTILINE)
"""A block that ends its transaction, as batches do, fails within another one."""


def single(statement: Statement) -> Transaction:
    """A statement that commits by itself."""
    return Transaction((statement,), alone=refuses_transactions(statement))


def _begins(statement: Statement) -> bool:
    return statement.verb == "BEGIN" or statement.starts("START", "TRANSACTION")


def _as_written(statements: tuple[Statement, ...]) -> tuple[Transaction, ...]:
    found: list[Transaction] = []
    inside: list[Statement] | None = None
    for each in statements:
        ends = each.verb in {"COMMIT", "END", "ABORT"} or (each.verb == "ROLLBACK" and "TO" not in each.words)
        if inside is None:
            if _begins(each):
                inside = []
            elif not ends:
                found.append(single(each))
        elif ends:
            ending = "COMMIT" if each.verb in {"COMMIT", "END"} else "ROLLBACK"
            found.append(Transaction(tuple(inside), explicit=True, ending=ending))
            inside = None
        elif not _begins(each):
            inside.append(each)
    if inside is not None:
        found.append(Transaction(tuple(inside), explicit=True, ending=""))
    return tuple(found)
