"""review: a person reads the exact SQL, up and down; the approval is bound to its digest."""

from dataclasses import dataclass
from typing import ClassVar

from ..changes.change import Change
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Choose, Code, Option, Prose, Stakes, Table
from ..gates.position import shown
from ..terms.json import JsonObject
from . import parameters
from .revisions import as_it_is_now
from .services import Services
from .signatures import REVIEW


@dataclass(frozen=True, slots=True)
class Review:
    """Emits the SQL afresh from the revision files, shows it, asks, and hands on the approved change."""

    services: Services
    signature: ClassVar[Signature] = REVIEW

    def preview(self, context: Context) -> Preview:
        change = as_it_is_now(self.services, parameters.change(context))
        prompt = Choose(
            key=context.step,
            question="Do you approve exactly this SQL?",
            why="The same text, byte for byte, goes to every environment; any other text is refused.",
            blocks=blocks(change),
            stakes=Stakes(
                does=f"Approves {_count(change.up.statements, 'statement')} in "
                f"{_count(len(change.up.units), 'unit')}, digest {change.digest[:12]}",
                costs="nothing yet: no database is touched by this step",
                back=_way_back(change),
            ),
            facts=facts(change),
            digest=change.digest,
            binding=True,
            options=(
                Option("approve", "Approve this text", change.nature.words, "warning" if _risky(change) else "good"),
                Option("edit", "Edit again", "back to the models"),
                Option("stop", "Stop here", "nothing is approved"),
            ),
            # Only what cannot hurt may be one key press away.
            default="approve" if change.nature.additive and not change.up.opaque else None,
        )
        return Preview(
            summary=f"Review revision {shown(change.revisions)}: {change.nature.words}",
            prompt=prompt,
            effect=False,
            handle={"change": change.to_json()},
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        change = Change.from_json(intent.handle["change"])  # what was shown, whatever the files say by now
        match intent.answer:
            case "approve":
                approved = change.approve(at=self.services.now(), by=self.services.operator)
                return Outcome(
                    summary=f"Approved {change.digest[:12]} by {self.services.operator}",
                    outputs={"change": approved.to_json(), "digest": change.digest},
                )
            case "stop":
                return Outcome(name="stopped", summary="Nothing was approved")
            case _:
                return Outcome(name="rejected", summary="Not approved: edit again")

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Reading changes nothing.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError


def blocks(change: Change) -> tuple[Block, ...]:
    """What a reader needs, in this order: what it does in words, the SQL up, the way back."""
    shown_blocks: list[Block] = []
    if change.nature.operations:
        rows = tuple((operation,) for operation in change.nature.operations)
        shown_blocks.append(Table(("what it does",), rows))
    shown_blocks.append(Prose(_sentence(change), "warning" if _risky(change) else "plain"))
    shown_blocks.append(Code(change.up.reading, title="Up"))
    if change.up.opaque:
        reasons = "; ".join(dict.fromkeys(unit.reason for unit in change.up.units if unit.opaque))
        shown_blocks.append(Prose(f"Part of this SQL cannot be shown: {reasons}", "danger"))
    if change.down is None:
        shown_blocks.append(Prose(f"There is no way back: {change.no_way_back}", "danger"))
    else:
        shown_blocks.append(Code(change.down.reading, title="Down"))
    return tuple(shown_blocks)


def facts(change: Change) -> JsonObject:
    """What an answers file's rule may test; unknown things are null, on which no rule holds."""
    return {
        "digest": change.digest,
        "revisions": list(change.revisions),
        "additive": change.nature.additive,
        "destructive": change.nature.destructive,
        "tables": list(change.nature.tables),
        "statements": change.up.statements,
        "units": len(change.up.units),
        "opaque": change.up.opaque,
        "transactional": change.up.transactional,
        "down": change.down is not None,
    }


def _sentence(change: Change) -> str:
    whole = "in transactions" if change.up.transactional else "partly outside a transaction: a failure leaves a part"
    return (
        f"{_count(change.up.statements, 'statement')}, {whole}. It {change.nature.words}."
        if change.nature.destructive is not None
        else f"{_count(change.up.statements, 'statement')}, {whole}; {change.nature.words}."
    )


def _way_back(change: Change) -> str:
    if change.down is None:
        return f"none: {change.no_way_back}"
    return f"the down SQL below, {_count(change.down.statements, 'statement')}"


def _risky(change: Change) -> bool:
    return change.nature.destructive is not False or change.up.opaque


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
