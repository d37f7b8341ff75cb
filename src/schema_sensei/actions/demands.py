"""What a deploy asks for beside the approval: a proven way back, and a backup of what it takes from this database."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from ..changes.change import Change
from ..changes.losses import Loss, short
from ..changes.proof import Proof, Value
from ..gates.errors import RefusedError
from ..project.environment import Target
from .rows import RowsAtStake, rows_at_stake

_WAY_OUT = 'put a rehearse step before it, and deploy its output: change: "{rehearse.change}"'
_BACKUP = 'put a backup step before the deploy, and deploy its output: change: "{backup.change}"'
NAMED = 3
"""So many losses are typed by name; more are typed as their number."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What goes on this target, the rows that hold it, and the tables of these without a verified backup.

    `expected` is what a person types to agree, empty where a plain yes is enough.
    """

    losses: tuple[Loss, ...]
    stake: RowsAtStake
    unsaved: tuple[str, ...]
    expected: str
    warnings: tuple[str, ...]


def demand(change: Change, target: Target, saved: Collection[str]) -> Demand:
    """What this deploy has to be told; `saved` are tables (schema.table) of it with a verified backup.

    Raises RefusedError without a proof, with one that failed, and where rows would be lost on a protected target.
    """
    proof = proof_of(change, target)
    losses = losses_of(change, proof)
    stake = rows_at_stake(target, tuple(dict.fromkeys(each.table for each in losses)))
    filled = {table for table, words in stake.rows if words not in {"not there", "0 rows"}}
    unsaved = tuple(sorted(filled - set(saved)))
    if unsaved and target.environment.protected:
        raise RefusedError(
            f"{target.environment.name} would lose rows that no verified backup holds: "
            f"{', '.join(f'{short(table)} ({words})' for table, words in stake.rows if table in unsaved)}.",
            means=f"{target.environment.name} is protected, and was not touched.",
            remedy=f"Back it up first: {_BACKUP}",
            where=str(target.label),
        )
    warnings = []
    if unsaved:
        warnings.append(f"No verified backup holds {', '.join(map(short, unsaved))} of {target.environment.name}.")
    if proof.value is Value.UNPROVEN:
        warnings.append(f"The way back is unknown. {'; '.join(proof.reasons)}")
    if proof.value is Value.ONE_WAY:
        warnings.append(f"There is no way back, on purpose: {proof.irreversible}")
    return Demand(losses, stake, unsaved, _expected(losses, proof), tuple(warnings))


def backup_rows(change: Change, identity: str) -> tuple[tuple[str, str], ...]:
    """What a table about a deploy says of the backups of this database that count for it."""
    counting = (each for each in change.backups if set(each.tables) & change.saved(identity))
    return tuple(
        ("backup", f"{each.id}, restored and compared; what was written since {_clock(each.at)} is not in it")
        for each in counting
        if each.verified and each.identity == identity
    )


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def proof_of(change: Change, target: Target) -> Proof:
    """The proof of exactly this text. Raises RefusedError without one, and with one that failed."""
    proof = change.rehearsed
    if proof is None:
        stale = change.proof is not None
        raise RefusedError(
            f"The way back of {change.named} was " + ("rehearsed with another text." if stale else "never rehearsed."),
            means=f"{target.environment.name} was not touched.",
            remedy=f"Rehearse it first: {_WAY_OUT}",
            where=str(target.label),
        )
    if proof.value is Value.FAILED:
        raise RefusedError(
            f"The way back of {change.named} does not lead back.",
            means="\n".join((*proof.reasons, *proof.differences)[:NAMED]),
            remedy="Correct the downgrade and rehearse it again. If there must be none, say so in the revision file: "
            'irreversible = "why"',
            where=str(target.label),
        )
    return proof


def losses_of(change: Change, proof: Proof) -> tuple[Loss, ...]:
    """What the change takes: as the rehearsal found it; without one, the tables that its operations name."""
    if proof.value is not Value.UNPROVEN or not change.nature.destructive:
        return proof.losses
    tables = (table if "." in table else f"public.{table}" for table in change.nature.tables)
    return tuple(Loss(table, f"change {short(table)}") for table in tables)


def _expected(losses: tuple[Loss, ...], proof: Proof) -> str:
    words = [each.what for each in losses]
    if len(words) > NAMED:
        words = [f"lose {len(words)} things"]
    if proof.value is Value.UNPROVEN:
        words.append("way back unknown")
    if proof.value is Value.ONE_WAY:
        words.append("no way back")
    return ", ".join(words)
