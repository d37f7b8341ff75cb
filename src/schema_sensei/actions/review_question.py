"""The question whether exactly this SQL is approved: what a reader needs, and what a rule may test."""

from ..changes.change import Change
from ..changes.hazards.pages import page
from ..engine.prompts import Block, Choose, Code, Option, Prose, Stakes, Table
from ..terms.counting import counted
from ..terms.json import JsonObject
from .verdict import Verdict


def question(step: str, verdict: Verdict) -> Choose:
    """The question; it comes when nothing blocks any more."""
    change, dangers = verdict.change, verdict.open("danger")
    look = Option("hazards", "Decide on the dangers", f"{len(dangers)}, one by one", "warning")
    named = dict.fromkeys(each.id for each in verdict.hazards if each.level != "advice" or each.accepted)
    return Choose(
        key=step,
        question="Do you approve exactly this SQL?",
        why="The same text, byte for byte, goes to every environment; any other text is refused.",
        page="\n".join(page(each).text for each in named),
        blocks=blocks(verdict),
        stakes=Stakes(
            does=f"Approves {counted(change.up.statements, 'statement')} in "
            f"{counted(len(change.up.units), 'unit')}, digest {change.digest[:12]}",
            costs="nothing yet: no database is touched by this step",
            back=_way_back(change),
        ),
        facts={**facts(change), "hazards": verdict.facts},
        digest=change.digest,
        binding=True,
        options=(
            Option("approve", "Approve this text", change.nature.words, "warning" if _risky(change) else "good"),
            *((look,) if dangers else ()),
            Option("edit", "Edit again", "back to the models"),
            Option("stop", "Stop here", "nothing is approved"),
        ),
        # Only what cannot hurt may be one key press away.
        default="approve" if change.nature.additive and not change.up.opaque and not verdict.refused else None,
    )


def blocks(verdict: Verdict) -> tuple[Block, ...]:
    """What a reader needs: its hazards and what it does in words, the SQL up, the way back."""
    change = verdict.change
    hazards = list(verdict.blocks())
    operations = Table(("what it does",), tuple((operation,) for operation in change.nature.operations))
    shown_blocks: list[Block] = [operations] if change.nature.operations else []
    if verdict.worth_a_look:  # then it comes first, also on a small screen
        shown_blocks = [*hazards, *shown_blocks]
    shown_blocks.append(Prose(_sentence(change), "warning" if _risky(change) else "plain"))
    if not verdict.worth_a_look:
        shown_blocks += hazards
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


def accepted_rows(change: Change) -> tuple[tuple[str, str], ...]:
    """What a table about a change says of hazards that somebody accepted."""
    return tuple(("accepted", each.words) for each in change.accepted)


def _sentence(change: Change) -> str:
    whole = "in transactions" if change.up.transactional else "partly outside a transaction: a failure leaves a part"
    return (
        f"{counted(change.up.statements, 'statement')}, {whole}. It {change.nature.words}."
        if change.nature.destructive is not None
        else f"{counted(change.up.statements, 'statement')}, {whole}; {change.nature.words}."
    )


def _way_back(change: Change) -> str:
    if change.down is None:
        return f"none: {change.no_way_back}"
    return f"the down SQL below, {counted(change.down.statements, 'statement')}"


def _risky(change: Change) -> bool:
    return change.nature.destructive is not False or change.up.opaque
