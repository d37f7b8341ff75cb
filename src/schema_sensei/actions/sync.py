"""sync: models, migrations and the live database, compared object by object."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from ..changes.compare import Standing, Verdict
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Prose, Table
from ..project.environment import Target
from . import parameters
from .comparing import Comparison, look
from .services import Services
from .signatures import SYNC

SHOWN_ROWS = 40
"""The table names so many objects; the outputs hold all."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Reads three catalogs; changes nothing but scratch databases."""

    services: Services
    signature: ClassVar[Signature] = SYNC

    def preview(self, context: Context) -> Preview:
        target = self._target(context)
        return Preview(
            summary=f"Compare the models, the migrations and {target.environment.name}",
            target=target.label,
            effect=False,
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        target = self._target(context)
        self.services.ahead.wait(context.checkpoint)
        found = look(self.services, target, checkpoint=context.checkpoint)
        return _outcome(found, target)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Comparing changes nothing.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError

    def _target(self, context: Context) -> Target:
        return self.services.project.target(parameters.text(context, "environment"), self.services.environ)


def _outcome(found: Comparison, target: Target) -> Outcome:
    counts = Counter(verdict.standing for verdict in found.wrong)
    if counts:
        summary = f"{len(found.wrong)} objects differ: " + ", ".join(
            f"{counts[standing]} {standing.value}" for standing in Standing if counts[standing]
        )
    else:
        summary = f"Models, migrations and {target.environment.name} agree ({found.objects} objects)"
    told = [verdict for verdict in found.verdicts if verdict.standing is not Standing.NOT_MODELLED]
    return Outcome(
        name="drift" if counts else "ok",
        summary=summary,
        outputs={"verdicts": [verdict.to_json() for verdict in told], "heads": list(found.heads)},
        blocks=tuple(_blocks(found.verdicts, f"{target.label} is {found.place}")),
    )


def _blocks(verdicts: tuple[Verdict, ...], place: str) -> Iterable[Block]:
    yield Prose(place)
    told = [verdict for verdict in verdicts if verdict.standing is not Standing.NOT_MODELLED]
    if told:
        rows = tuple((each.object, each.standing.value, each.detail) for each in told[:SHOWN_ROWS])
        yield Table(("object", "verdict", "how"), rows)
    if len(told) > SHOWN_ROWS:
        yield Prose(f"and {len(told) - SHOWN_ROWS} more, all in the transcript", "quiet")
    for standing in dict.fromkeys(each.standing for each in told):
        yield Prose(f"{standing.value}: {standing.remedy}", "quiet" if standing.normal else "warning")
    silent = len(verdicts) - len(told)
    if silent:
        yield Prose(f"{silent} objects are in the migrations and the database and no model can describe them.", "quiet")
