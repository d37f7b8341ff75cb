"""What PostgreSQL itself does with a statement and its transaction: which it refuses in one, which end it.

Rules: PreventInTransactionBlock and its callers in the source of PostgreSQL 18, as far as the text alone tells.
"""

from itertools import pairwise

from .reading import Statement, read

_SERVER_WIDE = {"SYSTEM", "DATABASE", "SCHEMA"}
_BEGINNINGS = {"BEGIN", "THEN", "ELSE", "LOOP", ";"}
"""After what a statement of a PL/pgSQL block begins."""


def needs_no_transaction(statement: Statement) -> bool:
    """Whether PostgreSQL refuses it inside a transaction block."""
    words = statement.words
    match statement.verb:
        case "VACUUM":
            return True
        case "CREATE":
            return _creates_outside(words)
        case "DROP":
            return words[1:2] in {("DATABASE",), ("TABLESPACE",)} or words[1:3] == ("INDEX", "CONCURRENTLY")
        case "REINDEX":
            kind = _after_options(words)
            return "CONCURRENTLY" in words or bool(_SERVER_WIDE & set(words[kind : kind + 1]))
        case "ALTER":
            detaches = "DETACH" in words and words[-1] == "CONCURRENTLY"
            moves = words[1:2] == ("DATABASE",) and words[3:5] == ("SET", "TABLESPACE")
            refreshes = words[1:2] == ("SUBSCRIPTION",) and "REFRESH" in words
            return words[1:2] == ("SYSTEM",) or detaches or moves or refreshes
        case "CLUSTER":
            return len(words) == _after_options(words)
        case "DISCARD":
            return words[1:2] == ("ALL",)
        case "COMMIT" | "ROLLBACK":
            return words[1:2] == ("PREPARED",)
        case _:
            return False


def controls_transactions(statement: Statement) -> bool:
    """Whether it begins or ends a transaction."""
    words = statement.words
    match statement.verb:
        case "BEGIN" | "END" | "ABORT":
            return True
        case "START" | "PREPARE":
            return words[1:2] == ("TRANSACTION",)
        case "COMMIT":
            return words[1:2] != ("PREPARED",)
        case "ROLLBACK":
            return words[1:2] != ("PREPARED",) and "TO" not in words
        case _:
            return False


def commits_inside(block: Statement) -> bool:
    """Whether a DO block has a COMMIT or ROLLBACK of its own."""
    for token in block.tokens:
        if token.kind == "dollar":
            tag = token.text.index("$", 1) + 1
            words = [";", *(word for each in read(token.text[tag:-tag]) for word in (*each.words, ";"))]
            if any(first in _BEGINNINGS and then in {"COMMIT", "ROLLBACK"} for first, then in pairwise(words)):
                return True
    return False


def _creates_outside(words: tuple[str, ...]) -> bool:
    if words[1:2] in {("DATABASE",), ("TABLESPACE",)}:
        return True
    if words[1:2] == ("SUBSCRIPTION",):
        return "CREATE_SLOT" not in words and "CONNECT" not in words
    index = words[2:] if words[1:2] == ("UNIQUE",) else words[1:]
    return index[:2] == ("INDEX", "CONCURRENTLY")


def _after_options(words: tuple[str, ...]) -> int:
    """The place of the first word after the verb, its options in parentheses and VERBOSE."""
    place = 1
    if words[1:2] == ("(",):
        place = words.index(")") + 1 if ")" in words else len(words)
    return place + (words[place : place + 1] == ("VERBOSE",))
