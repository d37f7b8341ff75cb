"""Drawing: from the difference to one written revision, with the questions that have to be settled before."""

from dataclasses import dataclass, replace
from typing import cast

from ..changes.backups.definition import definition
from ..engine.ports import Context
from ..migrations import Caution, Generated, Rename, Shape
from ..migrations.generated import Way
from ..terms.secrets import Secret
from ..terms.trash import TRASH
from . import parameters
from .renaming import carried, leftovers, settle
from .services import Services
from .stepwise import wants_steps


@dataclass(frozen=True, slots=True)
class Drawing:
    """One revision in the making. `ours`: the database at `url` is a scratch copy, in which names may be tried."""

    services: Services
    context: Context
    url: Secret
    revision: str
    ours: bool

    def write(self) -> Generated | None:
        """What was written, or is not there to be written; None when the person wants it done in steps."""
        offer = bool(self.context.parameters.get("offer_steps"))
        discard = parameters.text(self.context, "discard")
        shape = Shape(
            way=cast(Way, parameters.text(self.context, "way") or "whole"),
            ask=self.ours,
            in_steps=offer,
            discard=discard,
            remade=definition(self.url, TRASH, discard) if discard else (),
        )
        asked: set[Rename] = set()
        while True:
            generated = self._autogenerate(shape)
            open_pairs = [each for each in generated.pairs if each not in asked] if shape.ask else []
            if open_pairs:
                renames = settle(self.context, open_pairs, steps=offer)
                if renames is None:
                    return None
                asked.update(open_pairs)
                if renames:
                    shape = replace(shape, renames=(*shape.renames, *carried(self.services, self.url, renames)))
            elif shape.in_steps and generated.abrupt:
                if wants_steps(self.services, self.context, generated.abrupt):
                    return None
                shape = replace(shape, in_steps=False)
            elif shape.ask and generated.pairs:
                shape = replace(shape, ask=False)
            else:
                return self._looked_at(generated, shape, bool(asked))

    def _autogenerate(self, shape: Shape) -> Generated:
        self.context.checkpoint()
        return self.services.migrations().autogenerate(
            self.url,
            message=parameters.text(self.context, "message"),
            revision=self.revision,
            head=parameters.text(self.context, "head") or None,
            shape=shape,
        )

    def _looked_at(self, generated: Generated, shape: Shape, asked: bool) -> Generated:
        if not asked:
            return generated
        left = leftovers(self.services, self.context) if shape.renames and generated.path else ()
        cautions = [each for each in generated.warnings if each.code != "rename"]
        cautions += [
            Caution("comparison", "", f"After this revision the models still differ: {each}.", "Look at it in review.")
            for each in left
        ]
        return replace(generated, warnings=tuple(cautions))
