"""pending: what is written and not everywhere yet, as one Change that begins where the last environment stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..changes.change import Change
from ..changes.nature import Nature
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Prose, Table
from ..gates.position import shown
from ..migrations.errors import BrokenHistoryError, SeveralHeadsError
from ..migrations.history import History
from ..project import status
from ..project.status import Status
from ..terms.errors import UnreachableError
from .revisions import drawn, history, settings
from .services import Services
from .signatures import PENDING


@dataclass(frozen=True, slots=True)
class Pending:
    """Looks at every environment; changes nothing."""

    services: Services
    signature: ClassVar[Signature] = PENDING

    def preview(self, context: Context) -> Preview:
        known = _sound(history(self.services))
        places = status.read(self.services.project, known, settings(self.services), environ=self.services.environ)
        blocks: list[Block] = [
            Table(("environment", "where it stands"), tuple((each.environment.name, _words(each)) for each in places))
        ]
        blocks += (
            Prose(f"{each.environment.name} does not count: {each.words}.", "warning")
            for each in places
            if not _counts(each)
        )
        counting = [each.heads for each in places if _counts(each)]
        if not counting:
            raise UnreachableError(
                "No environment can be looked at, so nobody knows what waits where.",
                means="\n".join(f"{each.environment.name}: {each.words}" for each in places),
                remedy="sensei status says what stands in the way of each.",
            )
        base = _behind_all(known, counting)
        waiting = known.pending(base)
        if waiting:
            rows = tuple((each.revision, each.doc) for each in waiting)
            blocks.append(Table(("revision", "what it is for"), rows, title="Not everywhere yet"))
        return Preview(
            summary=f"Not everywhere yet: {len(waiting)} of {len(known.revisions)} revisions"
            if waiting
            else "Nothing waits",
            blocks=tuple(blocks),
            effect=False,
            handle={"base": list(base), "all": len(counting) == len(places)},
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        known = _sound(history(self.services))
        base = tuple(str(each) for each in intent.handle["base"])  # type: ignore[union-attr]  # our own list of texts
        waiting = known.pending(base)
        if not waiting:
            which = "Every environment" if intent.handle["all"] else "Every environment that can be looked at"
            return Outcome(name="unchanged", summary=f"{which} has every revision")
        message = waiting[0].doc if len(waiting) == 1 else f"{waiting[-1].doc}, and {len(waiting) - 1} before it"
        change: Change = drawn(self.services, base=base, heads=known.heads, message=message, nature=Nature())
        return Outcome(
            summary=f"From {shown(base)} to {shown(known.heads)}: {message}",
            outputs={"change": change.to_json(), "revisions": list(change.revisions)},
        )

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Looking changes nothing.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError


def _sound(known: History) -> History:
    for problem in known.problems:
        if problem.fatal:
            raise BrokenHistoryError(problem.message, remedy=problem.remedy, revision=problem.revision)
    if len(known.heads) > 1:
        raise SeveralHeadsError(
            f"The history has {len(known.heads)} heads: {', '.join(known.heads)}.",
            means="A change that travels ends in one place.",
            remedy="Join them first: alembic merge heads -m 'join'",
        )
    return known


def _counts(place: Status) -> bool:
    return place.standing in {"current", "behind"}


def _words(place: Status) -> str:
    return f"{place.words} PROTECTED" if place.environment.protected else place.words


def _behind_all(known: History, places: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The heads of what all of these places have; at least one place."""
    common = frozenset.intersection(*(known.ancestors(heads) for heads in places))
    followed = {parent for each in known.revisions if each.revision in common for parent in each.down_revisions}
    return tuple(sorted(common - followed))
