"""What a backup step shows: the question with everything that is saved and why, and its outcome."""

import hashlib
from dataclasses import replace

from ..changes.backups.manifest import Manifest, Tier
from ..changes.backups.plan import Plan, duration
from ..changes.change import Change
from ..changes.hazards.sizing import in_bytes
from ..changes.losses import Loss, short
from ..engine.ports import Context, Outcome
from ..engine.prompts import Block, Confirm, Prose, Stakes, Table
from ..terms.counting import counted
from ..terms.json import JsonObject

_SHOWN = 12
"""So many tables are listed; the rest is counted."""


def agreement(context: Context, plan: Plan, losses: tuple[Loss, ...]) -> Confirm:
    """Yes or no to exactly this backup of exactly this database."""
    name = plan.place.environment
    rows = tuple(
        (
            short(each.ident),
            ", ".join(column.name for column in plan.columns[each.oid]) if each.oid in plan.columns else "all",
            in_bytes(each.bytes),
        )
        for each in plan.tables
    )
    blocks: list[Block] = []
    if losses:
        blocks.append(Table(("this change takes",), tuple((each.what,) for each in losses)))
    else:
        blocks.append(Prose("Nobody knows what this change takes, so everything is saved.", "warning"))
    shown = rows if len(rows) <= _SHOWN else (*rows[:_SHOWN], (f"and {len(rows) - _SHOWN} more", "", ""))
    blocks.append(Table(("saved", "columns", "size"), shown))
    blocks += [Prose(each, "warning") for each in plan.notes]
    where = f"{in_bytes(plan.bytes)} more in {name}"
    if plan.tier is not Tier.COPY:
        where = f"{in_bytes(plan.file_bytes)} in .sensei/backups, readable by you alone"
    return Confirm(
        key=context.step,
        question=f"Save {tables(plan)} of {plan.place.label} first?",
        why="It is restored into a scratch database and compared row by row before it counts. What is written after "
        "its snapshot is not in it.",
        blocks=tuple(blocks),
        stakes=Stakes(
            does=f"Takes {plan.tier.words}, restores it elsewhere, and compares; about {duration(plan.seconds)}",
            costs=f"about {where}; nobody is blocked",
            back="sensei backups prune removes it",
        ),
        target=plan.place.label,
        facts={
            "environment": name,
            "protected": plan.place.label.protected,
            "tier": plan.tier.value,
            "tables": [each.ident for each in plan.tables],
            "loses": [each.what for each in losses],
            "bytes": plan.bytes,
            "seconds": round(plan.seconds),
        },
        digest=hashlib.sha256(plan.agreed.encode()).hexdigest(),
        binding=True,
        yes="Save them",
        no="Go on without a backup",
        default=True,
    )


def tables(plan: Plan) -> str:
    """What is saved, in two or three words."""
    if plan.tier is Tier.DATABASE:
        return "the whole database"
    if len(plan.tables) == 1:
        return short(plan.tables[0].ident)
    return counted(len(plan.tables), "table")


def summary(manifest: Manifest) -> JsonObject:
    """What a run's record keeps of a backup."""
    return {
        "id": manifest.id,
        "tier": manifest.tier.value,
        "environment": manifest.environment,
        "identity": manifest.identity,
        "at": manifest.at,
        "verified": manifest.verified is not None,
        "size": manifest.size,
        "sha256": manifest.sha256,
        "tables": [
            {
                "table": each.ident,
                "columns": [column.name for column in each.columns],
                "rows": each.content.rows,
                "sum": each.content.sum,
            }
            for each in manifest.tables
        ],
    }


def outcome(change: Change, manifest: Manifest) -> Outcome:
    """The change with its backup, and what the record shows of it."""
    others = tuple(each for each in change.backups if each.id != manifest.id)
    saved = replace(change, backups=(*others, manifest.saved))
    rows = tuple((short(each.ident), str(each.content.rows), each.content.sum) for each in manifest.tables)
    notes = manifest.verified.notes if manifest.verified else ()
    return Outcome(
        summary=f"Backup {manifest.id} holds {counted(manifest.rows, 'row')}; it was restored and compared",
        outputs={"change": saved.to_json(), "backup": summary(manifest)},
        blocks=(
            Table(("table", "rows", "sum of hashes"), rows, title=f"Saved in {manifest.id}"),
            *(Prose(f"{each}.", "quiet") for each in notes),
        ),
    )
