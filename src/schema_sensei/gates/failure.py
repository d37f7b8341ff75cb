"""Puts a refused statement into words: what the server said, in what state the database is now, and what to do."""

from collections.abc import Sequence

from ..changes.script import Script
from ..terms.targets import TargetLabel
from .errors import StatementFailedError
from .execution import StatementRefused
from .position import shown

# By SQLSTATE, or by its class (the first two characters).
_REMEDIES = {
    "42501": "Have the owner of the schema or table grant it to this user (GRANT CREATE ON SCHEMA ... TO ...), "
    "or deploy as a user who may.",
    "55P03": "Find who holds the lock (pg_stat_activity, pg_blocking_pids), wait for a quieter moment, run it again.",
    "40P01": "Two sessions waited for each other; run it again in a quieter moment.",
    "57014": "Something cancelled the statement, most likely a statement_timeout of this user; raise it, run it again.",
    "53": "The server is out of a resource (disk, memory, connections); free some, run it again.",
    "42P07": "It exists already, made outside the migrations. Compare first: sensei run check",
    "42701": "It exists already, made outside the migrations. Compare first: sensei run check",
    "42710": "It exists already, made outside the migrations. Compare first: sensei run check",
    "42P01": "Something it needs is missing: dropped outside the migrations? Compare first: sensei run check",
    "42703": "Something it needs is missing: dropped outside the migrations? Compare first: sensei run check",
    "23": "Rows that are there break the new rule: clean them up first, or change the migration.",
}
_OTHERWISE = "Correct the models or the revision file, review the new SQL and deploy that."


def explain(
    refused: StatementRefused, script: Script, number: int, label: TargetLabel, invalid: Sequence[str]
) -> StatementFailedError:
    """The error for statement `refused.number` of unit `number` (from 1); `invalid` are indexes it left behind."""
    unit = script.units[number - 1]
    diag = refused.error.diag
    state = refused.error.sqlstate or ""
    said = [f"{diag.severity or 'ERROR'} {state}: {diag.message_primary or str(refused.error).strip()}"]
    said += [f"{word}: {text}" for word, text in (("Detail", diag.message_detail), ("Hint", diag.message_hint)) if text]
    if refused.attempts > 1:
        said.append(f"It was tried {refused.attempts} times.")
    remedy = _REMEDIES.get(state) or _REMEDIES.get(state[:2]) or _OTHERWISE
    if invalid:
        drops = " ".join(f"DROP INDEX CONCURRENTLY {name};" for name in invalid)
        remedy = f"Clean the data if rows were the reason, remove the INVALID index ({drops}), then run it again."
    return StatementFailedError(
        f"Revision {unit.revision} failed: {_one_line(refused.statement)}",
        means="\n".join([*said, _where_it_stands(script, number, refused, invalid)]),
        remedy=remedy,
        where=f"{label}, unit {number} of {len(script.units)}, statement {refused.number}",
    )


def _where_it_stands(script: Script, number: int, refused: StatementRefused, invalid: Sequence[str]) -> str:
    unit, total = script.units[number - 1], len(script.units)
    before = number - 1
    if unit.transactional:
        if not before:
            return "Rolled back: nothing was applied."
        return (
            f"Unit {number} was rolled back; {before} of {total} units are applied, "
            f"and the database stands at {shown(unit.heads_before)}."
        )
    parts = [
        f"{before} of {total} units are applied. Unit {number} runs outside a transaction, so nothing was rolled back"
        + (f": its first {refused.number - 1} statements stay." if refused.number > 1 else ".")
    ]
    parts += [f"It left an INVALID index behind: {name}." for name in invalid]
    parts.append(f"The database stands at {shown(unit.heads_before)}.")
    return " ".join(parts)


def _one_line(statement: str, width: int = 160) -> str:
    text = " ".join(statement.split())
    return text if len(text) <= width else text[: width - 1] + "…"
