"""Judges a prediction: every statement that would not run as reviewed, why, and what to write instead.

The measure is the reviewed text as our direct gate runs it: each statement once, in order, all in one transaction;
where PostgreSQL refuses a transaction, or `-- txn-mode = off` switches it off, each by itself.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .cutting import Piece
from .directives import Sheet
from .model import Execution, Finding
from .reading import Statement
from .refusals import commits_inside, controls_transactions, needs_no_transaction
from .rewording import reword, touched
from .sorting import ROLE, outside

OFF = "-- txn-mode = off\n"
_REWORD = "Reword it: no part of its text, comments and literals included, may read as quoted above."


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece that holds exactly one statement, and the executions of it, by their place in the server's order."""

    piece: Piece
    statement: Statement
    places: tuple[int, ...]
    transaction: bool

    @property
    def plain(self) -> str:
        """The statement with its comments, ready to paste."""
        text = self.piece.text.strip()
        return text if text.endswith(";") else f"{text}{_break(text)};"


def judge(
    sheet: Sheet, statements: Sequence[Statement], pieces: Sequence[Piece], executions: Sequence[Execution]
) -> Iterator[Finding]:
    """Everything that stands against sending the sheet, in the order of the text."""
    parts: list[_Part] = []
    offset = 0
    for piece in pieces:
        stop = offset + len(piece.text)
        inside = [each for each in statements if each.start < stop and offset < each.stop]
        whole = [each for each in inside if offset <= each.start and each.stop <= stop]
        if misread := _misread(piece, inside, whole, offset):
            yield misread
        elif len(inside) == 1:
            places = [place for place, each in enumerate(executions) if each.start == piece.start]
            parts.append(_Part(piece, whole[0], tuple(places), executions[places[0]].transaction))
        offset = stop
    for part in parts:
        if found := _judge_part(part, parts, sheet):
            yield found


def _misread(piece: Piece, inside: list[Statement], whole: list[Statement], offset: int) -> Finding | None:
    """What is wrong when the server and PostgreSQL do not agree on where statements end."""
    if not inside:
        return None
    if len(whole) < len(inside):
        cut = next(each for each in inside if each not in whole)
        if cut.start < offset:
            return None  # told at the piece in which it begins
        return Finding(
            cut.text,
            "The server cuts this statement in two, at a semicolon that PostgreSQL does not take for its end.",
            "Take that semicolon out, or write its constant in one pair of quotes or after a plain tag: $body$.",
        )
    if piece.empty:
        return Finding(
            inside[0].text,
            "Never runs: for the server the comment before it goes on up to a line feed, for PostgreSQL it ends at the "
            "carriage return.",
            "Save the file with line feeds (or CR LF) at the end of its lines.",
        )
    if len(inside) > 1:
        return Finding(
            inside[1].text,
            "The server sends it together with the statement before it, as one.",
            "Save the file with line feeds (or CR LF) at the end of its lines.",
        )
    return None


def _judge_part(part: _Part, parts: Sequence[_Part], sheet: Sheet) -> Finding | None:
    statement = part.statement
    if controls_transactions(statement):
        return Finding(
            statement.text,
            "The server opens and commits a transaction itself; this would end it early, or open one inside of it."
            if sheet.transaction
            else "With txn-mode = off the server sends each statement by itself; this opens or ends a transaction.",
            f"Take {statement.text}; out of the sheet. Nothing takes its place"
            + ("." if sheet.transaction else ", nor that of the line `-- txn-mode = off`."),
        )
    if statement.reads_rows:
        return Finding(
            statement.text,
            "The server sends the rows as if they were SQL; PostgreSQL refuses that.",
            "Write the rows as INSERT statements.",
        )
    if len(part.places) > 1:
        return _doubled(part, sheet)
    refused = needs_no_transaction(statement)
    if part.transaction and refused:
        return Finding(
            statement.text,
            "Fails: PostgreSQL refuses it in a transaction, and the server does not recognize it as such.",
            _alone(part),
        )
    if len(parts) == 1:
        return _committing(part) if sheet.transaction else None
    if sheet.transaction and not part.transaction:
        return _taken_out(part, parts, refused=refused)
    return None if sheet.transaction else _moved(part, parts, refused=refused)


def _doubled(part: _Part, sheet: Sheet) -> Finding:
    times = (
        "in the transaction, and once more after COMMIT" if sheet.transaction else "first, and once more in its place"
    )
    return Finding(part.statement.text, f"Runs twice: {times}. {_because(part)}", _cure(part))


def _taken_out(part: _Part, parts: Sequence[_Part], *, refused: bool) -> Finding | None:
    others = [each for each in parts if each is not part]
    if refused and all(needs_no_transaction(each.statement) and not each.transaction for each in others):
        return None
    if refused:
        return Finding(
            part.statement.text,
            "Runs by itself after the COMMIT of all others, wherever it stands: they stay when it fails.",
            _alone(part),
        )
    reason = f"Leaves the transaction and runs after the COMMIT of all others. {_because(part)}"
    return Finding(part.statement.text, reason, _cure(part))


def _moved(part: _Part, parts: Sequence[_Part], *, refused: bool) -> Finding | None:
    overtaken = [each for each in parts if each.piece.start < part.piece.start and each.places[-1] > part.places[0]]
    if not overtaken:
        return None
    others = "the one" if len(overtaken) == 1 else f"{len(overtaken)} of those"
    reason = f"Runs before {others} above it. {_because(part)}"
    return Finding(part.statement.text, reason, _alone(part) if refused else _cure(part))


def _committing(part: _Part) -> Finding | None:
    if part.statement.verb != "DO" or part.transaction or not commits_inside(part.statement):
        return None
    return Finding(
        part.statement.text,
        "Commits half-way: the server sends a sheet that is one DO block outside of any transaction.",
        f"{OFF}{part.plain}",
    )


def _because(part: _Part) -> str:
    found = ROLE.search(part.piece.text) if len(part.places) > 1 else outside(part.piece.text)
    if found is None:
        return ""
    looks = "SET ROLE" if len(part.places) > 1 else " ".join(found[0].upper().split())
    where = Counter(each.kind for each in touched(part.piece.text, found))
    place = (
        "a comment"
        if where["comment"]
        else "a constant"
        if where["string"] or where["dollar"]
        else "a quoted name"
        if where["name"]
        else "the statement"
    )
    return f"The server looks for {looks} anywhere in the text and finds “{found[0]}” in {place}."


def _cure(part: _Part) -> str:
    reworded = reword(part.plain, stays_outside=needs_no_transaction(part.statement))
    return reworded.strip() if reworded else _REWORD


def _alone(part: _Part) -> str:
    """The statement for a sheet of its own, in a form that the server recognizes."""
    text = f"{part.statement.text}{_break(part.statement.text)};"
    text = reword(text, stays_outside=True) or text
    return text if outside(text) else f"{OFF}{text}"


def _break(text: str) -> str:
    """A line break where a comment at the end would swallow the semicolon."""
    return "\n" if "--" in text.rpartition("\n")[2] else ""
