"""Judges a prediction: every statement that would not run as reviewed, why, and what to write instead.

The measure is the reviewed text as our direct gate runs it: each statement once, in order, all in one transaction;
where PostgreSQL refuses a transaction, or `-- txn-mode = off` switches it off, each by itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .model import Finding
from .pairing import Part, ended
from .refusals import commits_inside, controls_transactions, needs_no_transaction
from .rewording import reword, touched
from .rows import as_insert
from .sorting import ROLE, outside

OFF = "-- txn-mode = off\n"
_REWORD = "Reword it: no part of its text, comments and literals included, may read as quoted above."


@dataclass(frozen=True, slots=True)
class _Whole:
    """What a part is judged against: `transaction` is the sheet's mode; `none_inside` tells that no statement is sent
    in a transaction and PostgreSQL would allow none of them in one.
    """

    transaction: bool
    single: bool
    none_inside: bool


def judge(parts: Sequence[Part], *, transaction: bool) -> Iterator[Finding]:
    """Everything that stands against sending these parts of a sheet, in the order of the text."""
    none_inside = all(needs_no_transaction(each.statement) and not each.transaction for each in parts)
    whole = _Whole(transaction, len(parts) == 1, none_inside)
    latest = -1
    for part in parts:
        if found := _judge(part, whole, overtakes=latest > part.places[0]):
            yield found
        latest = max(latest, part.places[-1])


def _judge(part: Part, whole: _Whole, *, overtakes: bool) -> Finding | None:
    if controls_transactions(part.statement):
        return _controlling(part, whole)
    if part.statement.reads_rows:
        return _reading_rows(part)
    if part.twice:
        return _doubled(part, whole)
    if part.transaction and needs_no_transaction(part.statement):
        reason = "Fails: PostgreSQL refuses it in a transaction, and the server does not recognize it as such."
        return Finding(part.statement.text, reason, _alone(part))
    if whole.transaction and whole.single:
        return _committing(part)
    if whole.transaction and not part.transaction and not whole.none_inside:
        return _taken_out(part)
    return _moved(part) if overtakes and not whole.transaction else None


def _controlling(part: Part, whole: _Whole) -> Finding:
    text = part.statement.text
    if whole.transaction:
        reason = "The server opens and commits a transaction itself; this would end it early, or open one inside of it."
        return Finding(text, reason, f"Take {text}; out of the sheet. Nothing takes its place.")
    reason = "With txn-mode = off the server sends each statement by itself; this opens or ends a transaction."
    return Finding(text, reason, f"Take {text}; and the line `-- txn-mode = off` out of the sheet.")


def _reading_rows(part: Part) -> Finding:
    reason = "The server sends the rows as if they were SQL; PostgreSQL refuses that."
    behind = part.piece.text.partition(f"{part.statement.text};")[2]
    cure = as_insert(part.statement, behind) or "Write the rows as INSERT statements."
    return Finding(part.statement.text, reason, cure)


def _doubled(part: Part, whole: _Whole) -> Finding:
    times = "in the transaction, and once more after COMMIT" if whole.transaction else "first, and again in its place"
    apart = needs_no_transaction(part.statement) and not whole.single
    alone = " Besides, PostgreSQL refuses it in a transaction: send it in a sheet of its own." if apart else ""
    return Finding(part.statement.text, f"Runs twice: {times}. {_because(part)}{alone}", _cure(part))


def _taken_out(part: Part) -> Finding:
    if needs_no_transaction(part.statement):
        reason = "Runs by itself after the COMMIT of all others, wherever it stands: they stay when it fails."
        return Finding(part.statement.text, f"{reason} Send it in a sheet of its own.", _alone(part))
    reason = f"Leaves the transaction and runs after the COMMIT of all others. {_because(part)}"
    return Finding(part.statement.text, reason, _cure(part))


def _moved(part: Part) -> Finding:
    reason = f"Runs before what stands above it. {_because(part)}"
    if needs_no_transaction(part.statement):
        return Finding(part.statement.text, f"{reason} Send it in a sheet of its own.", _alone(part))
    return Finding(part.statement.text, reason, _cure(part))


def _committing(part: Part) -> Finding | None:
    if part.statement.verb != "DO" or part.transaction or not commits_inside(part.statement):
        return None
    reason = "Commits half-way: the server sends a sheet that is one DO block outside of any transaction."
    return Finding(part.statement.text, reason, f"{OFF}{part.plain}")


def _because(part: Part) -> str:
    found = ROLE.search(part.piece.text) if part.twice else outside(part.piece.text)
    if found is None:
        return ""
    looks = "SET ROLE" if part.twice else " ".join(found[0].upper().split())
    quoted = " ".join(found[0].split())
    return f"The server looks for {looks} anywhere in the text and finds “{quoted}” in {_where(part, found.span())}."


def _where(part: Part, span: tuple[int, int]) -> str:
    kinds = {each.kind for each in touched(part.piece.text, span)}
    if "comment" in kinds:
        return "a comment"
    if "dollar" in kinds:
        return "its body"
    if "string" in kinds:
        return "a constant"
    return "a quoted name" if "name" in kinds else "the statement"


def _cure(part: Part) -> str:
    reworded = reword(part.plain, stays_outside=needs_no_transaction(part.statement))
    return reworded.strip() if reworded else _REWORD


def _alone(part: Part) -> str:
    """The statement for a sheet of its own, in a form that the server recognizes."""
    text = ended(part.statement.text)
    text = reword(text, stays_outside=True) or text
    return text if outside(text) else f"{OFF}{text}"
