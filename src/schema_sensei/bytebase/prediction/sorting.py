"""The server's order: which pieces leave the transaction, which run twice, decided by patterns over their whole text.

Modelled on backend/plugin/db/pg/pg.go (Execute and the two modes) and backend/plugin/parser/pg/plsql.go, whose rules
are the same in all versions since 3.17 and for sheets of any size. Not modelled, because the text does not tell: a
project in tenant mode, which sets the database owner's role around all this, and repetitions after a lock timeout.
"""

import re
from collections.abc import Iterator, Sequence

from .cutting import Piece
from .directives import go_pattern
from .model import Execution
from .reading import Lexeme, read
from .tokens import BOM

ROLE = go_pattern(r"SET\s+((SESSION|LOCAL)\s+)?ROLE")
"""Runs in the transaction and once more after it. There are no word boundaries: OFFSET role_id is one, too."""

OUTSIDE = (
    go_pattern(r"DROP DATABASE"),
    go_pattern(r"CREATE(\s+(UNIQUE\s+)?)INDEX(\s+)CONCURRENTLY"),
    go_pattern(r"DROP(\s+)INDEX(\s+)CONCURRENTLY"),
    go_pattern(r"^\s*VACUUM"),
)
"""Leaves the transaction. DROP DATABASE only with one space; VACUUM only where no comment stands before it."""


def outside(text: str) -> re.Match[str] | None:
    """What takes a piece out of the transaction."""
    return next((found for pattern in OUTSIDE if (found := pattern.search(text))), None)


def finds(text: str, *, outside_too: bool) -> Iterator[tuple[int, int]]:
    """Where a role is set, and with `outside_too` where something takes the text out of the transaction."""
    for pattern in (ROLE, *OUTSIDE) if outside_too else (ROLE,):
        yield from (found.span() for found in pattern.finditer(text))


def order(pieces: Sequence[Piece], *, transaction: bool) -> tuple[Execution, ...]:
    """What is sent, in order, when nothing fails.

    With the transaction on: everything but what leaves it, in order; after COMMIT what left it and, again, what sets a
    role. With the transaction off: what leaves it and what sets a role first, then everything but what leaves it.
    A sheet that is one DO block to its last byte is sent as it is, in neither way.
    """
    if len(pieces) == 1 and is_block(pieces[0].text):
        return (_execution(pieces[0], transaction=False),)
    sent = [piece for piece in pieces if not piece.empty]
    apart = [piece for piece in sent if ROLE.search(piece.text) or outside(piece.text)]
    main = [piece for piece in sent if ROLE.search(piece.text) or not outside(piece.text)]
    if transaction:
        return (
            *(_execution(piece, transaction=True) for piece in main),
            *(_execution(piece, transaction=False) for piece in apart),
        )
    return tuple(_execution(piece, transaction=False) for piece in (*apart, *main))


def is_block(text: str) -> bool:
    """Whether a text is one DO statement, with its code and language in any order, and nothing else.

    The server's parser passes over a byte order mark and takes a zero byte for the end of the text.
    """
    statements = read(text.removeprefix(BOM.decode()).partition("\0")[0])
    if len(statements) != 1 or statements[0].verb != "DO":
        return False
    rest = list(statements[0].tokens[1:])
    if not all(each.closed for each in rest):
        return False
    while rest:
        if _is_code(rest[0]):
            rest = rest[1:]
        elif rest[0].word == "LANGUAGE" and all(each.kind in {"word", "name"} or _is_code(each) for each in rest[1:2]):
            rest = rest[2:]
        else:
            return False
    return True


def _is_code(lexeme: Lexeme) -> bool:
    return lexeme.string and lexeme.text[0] not in "bBxXnN"


def _execution(piece: Piece, *, transaction: bool) -> Execution:
    return Execution(piece.text, transaction, piece.start, piece.stop)
