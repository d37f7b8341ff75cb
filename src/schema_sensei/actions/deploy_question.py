"""What a deploy asks: yes or no to exactly this text on exactly this database, and to its way back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..changes.change import Change
from ..changes.script import Script
from ..engine.ports import Context
from ..engine.prompts import Block, Code, Confirm, Prompt, Prose, Stakes, Table, TypedConfirm
from ..gates.position import shown
from ..gates.protocol import Arrival
from ..project.environment import Gate as GateKind
from ..project.environment import Target
from ..terms.json import JsonObject, JsonValue
from .demands import Demand, backup_rows
from .rehearse import proof_rows
from .review_question import accepted_rows, facts
from .rows import rows_at_stake

_WAITS: Mapping[GateKind, str] = {
    "direct": "waits at most 3 s for a lock, then tries again",
    "bytebase": "its server waits for locks as long as the database lets it, unless the SQL sets lock_timeout",
    "none": "",
}


def agreement(
    context: Context,
    change: Change,
    target: Target,
    arrival: Arrival,
    asked: Demand,
    earlier: Sequence[tuple[str, str]],
) -> Prompt:
    """Yes or no; word for word what goes, where something goes or the way back is not known."""
    name, first = target.environment.name, arrival.position.next or 0
    rest = Script(change.up.units[first:])
    parts = "" if not first else f" (units {first + 1} to {len(change.up.units)}; the ones before are applied)"
    about = Table(
        ("this deploy", ""),
        (
            ("stands at", shown(arrival.position.heads)),
            ("will stand at", shown(change.heads)),
            ("server", f"PostgreSQL {arrival.server}"),
            *(("gate", note) for note in arrival.notes),
            ("approved", f"{change.digest[:12]} by {change.approval.by if change.approval else ''}"),
            *earlier,
            *accepted_rows(change),
            *proof_rows(change),
            *backup_rows(change, arrival.identity),
        ),
    )
    blocks: list[Block] = [about]
    if asked.losses:
        blocks.append(Table(("goes", "rows now"), tuple(_going(asked)), title="What this takes"))
    blocks += (Prose(each, "danger") for each in asked.warnings)
    blocks.append(Code(rest.reading, title="Runs" + parts))
    stakes = Stakes(
        does=f"Runs {rest.statements} statements on {target.label}",
        costs="locks for as long as each statement runs; " + _WAITS[target.environment.gate],
        back=_back(change, asked),
    )
    known: JsonObject = {
        **facts(change),
        "environment": name,
        "database": target.label.database,
        "host": target.label.host,
        "protected": target.label.protected,
        "proof": change.rehearsed.value.value if change.rehearsed else None,
        "accepted": [each.hazard for each in change.accepted],
        "heads": list(arrival.position.heads),
        "loses": [each.what for each in asked.losses],
        "rows_lost": asked.stake.total if asked.losses else 0,
        "backed_up": not asked.unsaved,
    }
    digest = f"{change.digest} {arrival.identity} {' '.join(arrival.position.heads)}"
    why = "This is the first moment at which the database is touched."
    if asked.expected:
        return TypedConfirm(
            key=context.step,
            question=f"Apply it to {target.label}? Type “{asked.expected}” to do it.",
            why=f"{why} What goes cannot be brought back by a click, so it is said in words.",
            blocks=tuple(blocks),
            stakes=stakes,
            target=target.label,
            facts=known,
            digest=digest,
            binding=True,
            expected=asked.expected,
        )
    return Confirm(
        key=context.step,
        question=f"Apply it to {target.label} now?",
        why=why,
        blocks=tuple(blocks),
        stakes=stakes,
        target=target.label,
        facts=known,
        digest=digest,
        binding=True,
        yes=f"Apply to {name}",
        no="Not now",
        default=True if change.nature.additive and not change.up.opaque else None,
    )


def _going(asked: Demand) -> Iterator[tuple[str, str]]:
    rows = dict(asked.stake.rows)
    yield from ((each.what, rows.get(each.table, "")) for each in asked.losses)


def _back(change: Change, asked: Demand) -> str:
    if change.down is None:
        return f"none: {change.no_way_back}"
    if asked.unsaved:
        return "the down SQL that was reviewed; it does not bring rows back, and no backup does"
    return "the down SQL that was reviewed" + (
        ", and the backup for what it does not bring back" if asked.losses else ""
    )


def way_back(context: Context, change: Change, down: Script, target: Target, arrival: Arrival) -> Prompt:
    """Whether to take a deploy back; the environment's name is typed where rows go, or where nobody knows."""
    going = _going_back(change, down, target)
    question = f"Take {target.label} back to {shown(change.base)}?"
    table = Table(("goes", "rows now"), going.rows, title="What goes with the change")
    blocks = (table, Code(down.reading, title="Runs")) if going.rows else (Code(down.reading, title="Runs"),)
    stakes = Stakes(
        does=f"Runs {down.statements} statements on {target.label}",
        costs=going.words,
        back="deploy the change again" + ("; rows and values do not come back" if going.rows else ""),
    )
    known: dict[str, JsonValue] = {
        **facts(change),
        "environment": target.environment.name,
        "rows": going.total,
        "down_digest": down.digest,
    }
    digest = f"{down.digest} {arrival.identity} {' '.join(arrival.position.heads)}"
    key = f"{context.step}.undo"
    if going.total == 0:
        return Confirm(
            key=key, question=question, blocks=blocks, stakes=stakes, target=target.label, facts=known, digest=digest,
            binding=True, yes="Take it back", no="Leave it", default=None,
        )  # fmt: skip
    return TypedConfirm(
        key=key,
        question=f"{question} Type {target.environment.name} to do it.",
        blocks=blocks,
        stakes=stakes,
        target=target.label,
        facts=known,
        digest=digest,
        binding=True,
        expected=target.environment.name,
    )


@dataclass(frozen=True, slots=True)
class _Going:
    """What goes with the way back: pairs of what and how many rows have it now, all of them together, a phrase."""

    rows: tuple[tuple[str, str], ...]
    total: int | None
    words: str


def _going_back(change: Change, down: Script, target: Target) -> _Going:
    """As the rehearsal of exactly this way back saw it; without one, every table of the change may lose rows."""
    proof = change.rehearsed
    if proof is None or proof.down != down.digest or proof.down_losses is None:
        stake = rows_at_stake(target, change.nature.tables)
        return _Going(
            stake.rows,
            stake.total,
            f"what the change added goes, rows included: {stake.words or 'nothing that is known'}",
        )
    if not proof.down_losses:
        return _Going((), 0, "locks for as long as each statement runs; no rows and no values go")
    stake = rows_at_stake(target, tuple(dict.fromkeys(each.table for each in proof.down_losses)))
    counts = dict(stake.rows)
    rows = tuple((each.what, counts[each.table]) for each in proof.down_losses)
    return _Going(rows, stake.total, "; ".join(f"{what}: {count}" for what, count in rows))
