"""Pairs the server's pieces with PostgreSQL's statements, and tells where the two do not agree on a statement's end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .cutting import Piece, cut
from .model import Execution, Finding
from .reading import Statement, lex
from .rewording import in_plain_quotes

_ONE_PAIR_OF_QUOTES = "Write it without that semicolon; in a constant, as chr(59)."


@dataclass(frozen=True, slots=True)
class Part:
    """A piece that holds exactly one statement, and where in the server's order it is sent: from 0, once or twice."""

    piece: Piece
    statement: Statement
    places: tuple[int, ...]
    transaction: bool

    @property
    def twice(self) -> bool:
        """Whether it is sent twice."""
        return len(self.places) > 1

    @property
    def plain(self) -> str:
        """The statement with its comments and semicolon, ready to paste."""
        return ended(self.piece.text.strip())


def ended(statement: str) -> str:
    """The statement with a semicolon, on a line of its own where a comment at the end would swallow it."""
    if statement.endswith(";"):
        return statement
    return f"{statement}\n;" if "--" in statement.rpartition("\n")[2] else f"{statement};"


def pair(
    statements: Sequence[Statement], pieces: Sequence[Piece], executions: Sequence[Execution], *, later: bool
) -> Iterator[Part | Finding]:
    """What each piece is, in the order of the text; nothing for pieces without a statement. `later`: see `cut`."""
    places: dict[int, tuple[int, ...]] = {}
    for place, each in enumerate(executions):
        places[each.start] = (*places.get(each.start, ()), place)
    offset = next_one = 0
    for piece in pieces:
        stop = offset + len(piece.text)
        inside: list[Statement] = []
        while next_one < len(statements) and statements[next_one].start < stop:
            inside.append(statements[next_one])
            next_one += 1
        if "\\" in piece.text and not any(each.reads_rows for each in inside):
            yield from _commands(piece)
        if not inside:
            pass
        elif inside[-1].stop > stop:
            yield _cut(inside[-1], later=later)
        elif piece.empty:
            yield _swallowed(inside[0], piece)
        elif len(inside) > 1 or piece.start not in places:
            yield _together(inside, piece)
        else:
            sent = places[piece.start]
            yield Part(piece, inside[0], sent, executions[sent[0]].transaction)
        offset = stop


def _commands(piece: Piece) -> Iterator[Finding]:
    reason = "A command of psql, not SQL: the server sends it along with its piece, and PostgreSQL refuses it."
    for each in lex(piece.text):
        if each.kind == "meta":
            yield Finding(each.text.strip(), reason, f"Take {each.text.strip()} out of the sheet.")


def _cut(statement: Statement, *, later: bool) -> Finding:
    cure = ended(in_plain_quotes(statement.text))
    return Finding(
        statement.text,
        "The server cuts this statement in two, at a semicolon that PostgreSQL does not take for its end.",
        cure if len(cut(cure, later=later)) == 1 else _ONE_PAIR_OF_QUOTES,
    )


def _swallowed(statement: Statement, piece: Piece) -> Finding:
    reason = (
        "Never runs: PostgreSQL ends the comment before it at the carriage return, the server only at a line feed, "
        "so that to the server it is a part of the comment."
    )
    return Finding(statement.text, reason, _with_line_feeds(piece))


def _together(statements: Sequence[Statement], piece: Piece) -> Finding:
    reason = "The server sends it together with what stands before it, as one."
    return Finding(statements[-1].text, reason, _with_line_feeds(piece))


def _with_line_feeds(piece: Piece) -> str:
    return piece.text.replace("\r\n", "\n").replace("\r", "\n").strip()
