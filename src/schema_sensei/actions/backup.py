"""backup: what the change would take from an environment is saved, restored elsewhere, and compared."""

from dataclasses import dataclass
from typing import ClassVar

import psycopg
from psycopg import sql

from ..changes.backups import taking
from ..changes.backups.contents import content, plain
from ..changes.backups.copying import expressions
from ..changes.backups.errors import BackupError
from ..changes.backups.listener import Listener
from ..changes.backups.manifest import Kept
from ..changes.backups.needs import Cascade, Need, needs
from ..changes.backups.place import Place
from ..changes.backups.plan import Plan, draw
from ..changes.backups.shelf import Shelf, new_id
from ..changes.backups.verifying import scratch_free
from ..changes.change import Change
from ..changes.losses import Loss, short
from ..changes.proof import Value
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..postgres.session import Connection
from ..project.environment import Target
from ..terms.errors import UsageError
from . import parameters
from .backup_question import agreement, outcome, tables
from .demands import losses_of, proof_of
from .revisions import history, settings
from .rows import rows_at_stake
from .services import Services
from .signatures import BACKUP
from .whereabouts import heads_of, version_table


@dataclass(frozen=True, slots=True)
class Backup:
    """Plans by what the rehearsal found, asks, takes and verifies; a deploy asks for the result where rows go."""

    services: Services
    signature: ClassVar[Signature] = BACKUP

    def preview(self, context: Context) -> Preview:
        target = self._target(context)
        change = parameters.change(context)
        there = set(change.heads) <= history(self.services).ancestors(heads_of(target, settings(self.services)))
        wanted, losses = ((), ()) if there else self._wanted(change, target, context)
        if wanted is not None and not wanted:
            name = target.environment.name
            return Preview(
                summary=f"{name} has the change already: there is nothing to save"
                if there
                else f"Nothing that holds rows in {name} goes: no backup is needed",
                target=target.label,
                effect=False,
                handle={"unneeded": True},
            )
        plan = self._plan(context, change, target, wanted, new_id(self.services.now()))
        self._require_room(context, plan)
        prompt = agreement(context, plan, losses)
        return Preview(
            summary=f"Save {tables(plan)} of {target.environment.name}: {plan.tier.words}",
            target=target.label,
            prompt=prompt,
            handle={"id": plan.id, "agreed": plan.agreed, "identity": plan.identity},
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        change = parameters.change(context)
        if intent.handle.get("unneeded"):
            return Outcome(
                name="unneeded",
                summary="Nothing is to be saved",
                outputs={"change": change.to_json(), "backup": None},
            )
        target = self._target(context)
        if intent.answer is not True:
            return Outcome(
                name="declined",
                summary=f"No backup of {target.environment.name} was taken",
                outputs={"change": change.to_json(), "backup": None},
            )
        name = str(intent.handle["id"])
        wanted, _ = self._wanted(change, target, context)
        plan = self._plan(context, change, target, wanted, name)
        if plan.agreed != intent.handle["agreed"]:
            raise BackupError(
                f"{target.environment.name} is not as it was when the backup was agreed to.",
                means="Other tables or another database would be saved now. Nothing was read or written.",
                remedy="Look at it again: sensei resume",
                where=str(target.label),
            )
        listener = Listener(lambda text: context.output(f"{text}\n"), context.checkpoint)
        manifest = taking.take(plan, self._shelf, self.services.scratch(), listener, now=self.services.now)
        return outcome(change, manifest)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        manifest = taking.done(self._shelf, str(intent.handle["id"]))
        if manifest is not None and manifest.verified is not None:
            found = outcome(parameters.change(context), manifest)
            return Finding(ground="applied", seen=(found.summary,), outcome=found)
        half = (
            "It was taken, not verified yet." if manifest else "It is not on the shelf; what is left of it goes first."
        )
        return Finding(ground="absent", seen=(half,))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        name = str(intent.handle.get("id", ""))
        manifest = taking.done(self._shelf, name) if name else None
        if manifest is None:
            return Outcome(summary="There is no backup to remove")
        target = self._target(context)
        place = place_of(target)
        with place.connect() as connection:
            gone = [each.ident for each in manifest.tables if not _still_there(connection, each)]
        if gone:
            return Outcome(
                summary=f"Backup {name} stays: {', '.join(map(short, gone))} of {target.environment.name} is not as it "
                "was saved"
            )
        taking.clear(self._shelf, name, place)
        return Outcome(summary=f"Backup {name} is removed: {target.environment.name} still has all that it held")

    @property
    def _shelf(self) -> Shelf:
        return Shelf.of(self.services.project.directory)

    def _target(self, context: Context) -> Target:
        return self.services.project.target(parameters.text(context, "environment"), self.services.environ)

    def _wanted(
        self, change: Change, target: Target, context: Context
    ) -> tuple[tuple[Need, ...] | None, tuple[Loss, ...]]:
        """What has to be kept, None for everything; and why."""
        proof = proof_of(change, target)
        losses = losses_of(change, proof)
        unknown = proof.value is Value.UNPROVEN and not losses and not change.nature.additive
        stake = rows_at_stake(target, tuple(dict.fromkeys(each.table for each in losses)))
        filled = {table for table, words in stake.rows if words not in {"not there", "0 rows"}}
        if unknown or (filled and context.parameters.get("tier") == "database"):
            return None, losses
        return tuple(each for each in needs(losses) if each.table in filled), losses

    def _plan(
        self, context: Context, change: Change, target: Target, wanted: tuple[Need, ...] | None, name: str
    ) -> Plan:
        place = place_of(target)
        texts = [text for unit in change.up.units for text in unit.statements]
        with place.connect() as connection:
            return draw(
                connection,
                place,
                wanted,
                name=name,
                cascade=Cascade.of(texts),
                why=f"before {change.message} ({', '.join(change.heads)})",
                digest=change.digest,
                versions=version_table(settings(self.services)),
                copies=context.parameters.get("tier", "auto") == "auto",
            )

    def _require_room(self, context: Context, plan: Plan) -> None:
        minutes = context.parameters.get("minutes")
        if not isinstance(minutes, int) or minutes < 1:
            raise UsageError("`minutes` is how long a backup may take.", remedy="Give 1 or more.", where=context.step)
        shelf = self._shelf
        plan.require_room(
            free=shelf.free(),
            scratch_free=scratch_free(self.services.scratch()),
            minutes=minutes,
            where=str(shelf.directory),
        )


def place_of(target: Target) -> Place:
    """The place of a target; we write only where a change may go directly, and nothing protects it."""
    environment = target.environment
    writable = environment.gate == "direct" and not environment.protected
    return Place(target.url, target.label, target.source, writable=writable)


def _still_there(connection: Connection, kept: Kept) -> bool:
    """Whether the table has exactly what was saved of it."""
    columns = expressions(kept.columns) if kept.copy else plain(kept.columns)
    try:
        return content(connection, sql.Identifier(kept.schema, kept.name), columns, kept.content.method) == kept.content
    except psycopg.Error:
        return False
