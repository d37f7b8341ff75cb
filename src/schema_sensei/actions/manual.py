"""manual: things a person does by hand, ticked off one by one."""

from dataclasses import dataclass
from typing import ClassVar

from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Checklist, Option
from . import parameters
from .services import Services
from .signatures import MANUAL


@dataclass(frozen=True, slots=True)
class Manual:
    """Asks; changes nothing itself."""

    services: Services
    signature: ClassVar[Signature] = MANUAL

    def preview(self, context: Context) -> Preview:
        items = parameters.texts(context, "items")
        prompt = Checklist(
            key=context.step,
            question=parameters.text(context, "question"),
            items=tuple(Option(str(number), item) for number, item in enumerate(items, 1)),
        )
        return Preview(summary=f"{len(items)} things to do by hand", prompt=prompt, effect=False)

    def perform(self, context: Context, intent: Intent) -> Outcome:
        items = parameters.texts(context, "items")
        ticks = intent.answer if isinstance(intent.answer, list | tuple) else ()
        ticked = [item for number, item in enumerate(items, 1) if str(number) in ticks]
        left = [item for item in items if item not in ticked]
        return Outcome(
            name="incomplete" if left else "ok",
            summary=f"{len(ticked)} of {len(items)} ticked" + (f"; open: {', '.join(left)}" if left else ""),
            outputs={"ticked": ticked, "open": left},
        )

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Nothing was asked for good.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError
