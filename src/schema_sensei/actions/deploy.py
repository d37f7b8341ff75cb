"""deploy: the approved SQL, and nothing else, goes to one environment through its gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..changes.change import Change
from ..changes.script import Script
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..gates.choosing import gate_of
from ..gates.direct import off_the_way
from ..gates.errors import LostSightError, RefusedError
from ..gates.position import Position, shown
from ..gates.protocol import Gate
from ..migrations.guard import in_one_line
from ..project.environment import Gate as GateKind
from ..project.environment import Target
from ..terms.json import JsonObject
from ..terms.secrets import Secret
from . import parameters
from .demands import demand
from .deploy_question import agreement, way_back
from .order import earlier_rows
from .revisions import as_it_is_now, history, settings
from .rows import rows_at_stake
from .services import Services
from .signatures import DEPLOY
from .whereabouts import refuse_behind, refuse_unknown, version_table

_LOOKS: Mapping[GateKind, str] = {
    "direct": "Looking where {} stands.",
    "bytebase": "Looking where {} stands, and what its Bytebase server says.",
    "none": "Looking where {} stands.",
}


@dataclass(frozen=True, slots=True)
class Deploy:
    """Looks, asks for exactly this text on exactly this database, and lets the gate do it."""

    services: Services
    signature: ClassVar[Signature] = DEPLOY

    def preview(self, context: Context) -> Preview:
        target = self._target(context)
        change = self._approved(context)
        if change is None:
            return Preview(
                summary="The revision file is not what was approved any more",
                target=target.label,
                effect=False,
                handle={"changed": True},
            )
        context.note(_LOOKS[target.environment.gate].format(target.environment.name))
        arrival = self._gate(context, target, change).check(change.up, target)
        known = history(self.services)
        refuse_unknown(known, arrival.position.heads, target)
        if arrival.position.next is None:
            refuse_behind(known, arrival.position.heads, change.base, target)
            raise off_the_way(change.up, arrival.position, target)
        handle: JsonObject = {
            "digest": change.digest,
            "up": change.up.digest,
            "environment": target.environment.name,
            "identity": arrival.identity,
            "before": list(arrival.position.heads),
            "after": list(change.heads),
            "gate": arrival.handle,
        }
        if arrival.position.finished:
            return Preview(
                summary=f"{target.environment.name} stands at {shown(change.heads)} already: nothing to do",
                target=target.label,
                effect=False,
                handle=handle,
            )
        earlier = earlier_rows(self.services, change, target)
        asked = demand(change, target, change.saved(arrival.identity))
        return Preview(
            summary=f"Apply {change.named} to {target.environment.name}",
            target=target.label,
            prompt=agreement(context, change, target, arrival, asked, earlier),
            handle={**handle, "expected": asked.expected},
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        if intent.handle.get("changed"):
            return Outcome(name="changed", summary="The revision file changed after the approval: review it again")
        target = self._target(context)
        expected = str(intent.handle.get("expected", ""))
        if intent.answer is not None and intent.answer != (expected or True):
            return Outcome(name="declined", summary=f"Not deployed: {target.environment.name} was not touched")
        change = self._approved(context)
        if change is None or change.digest != intent.handle["digest"]:
            return Outcome(name="changed", summary="The revision file changed after the approval: review it again")
        gate = self._gate(context, target, change, intent.handle)
        if intent.answer is None:  # nothing was to be done, so nobody was asked
            position = gate.check(change.up, target).position
            if not position.finished:
                raise off_the_way(change.up, position, target)
            return self._outcome(change, target, str(intent.handle["identity"]), position.heads, 0)
        done, _ = _progress_kept(context)
        applied = gate.apply(
            change.up,
            target,
            approved_digest=str(intent.handle["up"]),
            identity=str(intent.handle["identity"]),
            progress=_Steps(context, change.up),
            done=done,
        )
        return self._outcome(change, target, str(intent.handle["identity"]), applied.heads, applied.units)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        target = self._target(context)
        change = parameters.change(context)
        done, started = _progress_kept(context)
        try:
            gate = self._gate(context, target, change, intent.handle)
            arrival = gate.state(change.up, target, done=done, started=started)
        except LostSightError as blind:
            return Finding(ground="unknown", seen=(blind.what, blind.remedy))
        if arrival.identity != intent.handle["identity"]:
            words = f"{target.label} is another database now than the one where this began."
            return Finding(ground="unknown", seen=(words,))
        position, total = arrival.position, len(change.up.units)
        evidence = (_where(position, change), *rows_at_stake(target, change.nature.tables).seen)
        if position.finished:
            outcome = self._outcome(change, target, arrival.identity, position.heads, total - done)
            return Finding(ground="applied", seen=evidence, outcome=outcome)
        if not position.possible:
            return Finding(ground="unknown", seen=(*evidence, "It is neither where this began nor where it leads."))
        if arrival.unsettled:
            return Finding(ground="partial", seen=(*evidence, *arrival.unsettled))
        first = position.possible[0]
        in_the_open = not arrival.under_way and any(
            not unit.transactional for unit in change.up.units[first : max(started, first)]
        )
        if position.possible == (0,) and not in_the_open:
            return Finding(ground="absent", seen=(*evidence, "Nothing was applied."))
        state = [f"{first} of {total} units are applied."]
        if in_the_open:
            state.append(f"Unit {started} runs outside a transaction; part of it may be there.")
        return Finding(ground="partial", seen=(*evidence, *state))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        target = self._target(context)
        if outcome.name == "ok" and outcome.outputs.get("units") == 0:
            return Outcome(summary=f"This step applied nothing to {target.environment.name}")
        change = self._approved(context)
        if change is None:
            raise RefusedError(
                "The revision files are not what was approved any more, so the way back is not the reviewed one.",
                means=f"{target.environment.name} was not touched.",
                remedy="Restore the files (git checkout), then undo again; or move forward with a new change.",
                where=str(target.label),
            )
        if change.down is None:
            raise RefusedError(
                f"There is no way back of {change.named}: {change.no_way_back}",
                remedy="Restore a backup, or move forward with a new change.",
                where=str(target.label),
            )
        arrival = self._gate(context, target, change).check(change.down, target)
        if arrival.position.finished:
            return Outcome(summary=f"{target.environment.name} stands at {shown(change.base)} already")
        if arrival.position.next is None:
            raise off_the_way(change.down, arrival.position, target)
        if context.ask(way_back(context, change, change.down, target, arrival)) in {False, ""}:
            return Outcome(name="declined", summary=f"Not undone: {target.environment.name} was not touched")
        kept = _kept_by_gate(intent.handle)
        # An undo that was interrupted finds its own traces again: they came after those of the way up.
        since = {"after": kept["after"], "operation": f"{kept['operation']}-undo"} if kept else {}
        applied = self._gate(context, target, change, {"gate": {**arrival.handle, **since}}).apply(
            change.down,
            target,
            approved_digest=change.down.digest,
            identity=arrival.identity,
            progress=_Steps(context, change.down, keeps=False),
        )
        return Outcome(
            summary=f"{target.environment.name} is back at {shown(applied.heads)}",
            outputs={"environment": target.environment.name, "heads": list(applied.heads)},
        )

    def _target(self, context: Context) -> Target:
        return self.services.project.target(parameters.text(context, "environment"), self.services.environ)

    def _approved(self, context: Context) -> Change | None:
        """The change as its files emit it now, or None when that is not what was approved."""
        recorded = parameters.change(context)
        if recorded.approval is None:
            raise RefusedError(
                "This change was never approved.",
                means="Nothing reaches a database before somebody read its SQL and agreed.",
                remedy='Put a review step before it, and deploy its output: change: "{review.change}"',
                where=context.step,
            )
        now = as_it_is_now(self.services, recorded)
        return now if now.approved else None

    def _gate(self, context: Context, target: Target, change: Change, handle: JsonObject | None = None) -> Gate:
        """The gate to a target; `handle` is the intent's, once there is one."""
        migrations = self.services.migrations()
        environment = target.environment
        first = environment == self.services.project.environments[0]

        def online(url: Secret, revision: str) -> None:
            migrations.upgrade(url, revision)

        return gate_of(
            target,
            run=context.run,
            step=context.step,
            visit=context.visit,
            title=change.message,
            version_table=version_table(settings(self.services)),
            online=online if first and not environment.protected else None,
            client=self.services.client,
            handle=_kept_by_gate(handle or {}),
        )

    def _outcome(self, change: Change, target: Target, identity: str, heads: Sequence[str], units: int) -> Outcome:
        name = target.environment.name
        return Outcome(
            summary=f"{name} stands at {shown(heads)}" + ("" if units else " already; nothing was to be done"),
            outputs={
                "environment": name,
                "identity": identity,
                "heads": list(heads),
                "digest": change.digest,
                "units": units,
                "texts": dict(change.up.texts(units)),
            },
        )


@dataclass(frozen=True, slots=True)
class _Steps:
    """Tells the context what the gate is doing, and journals where each unit begins and ends."""

    context: Context
    script: Script
    keeps: bool = True

    def started(self, unit: int) -> None:
        if self.keeps:
            self.context.keep({"unit": unit, "state": "started"})

    def finished(self, unit: int) -> None:
        if self.keeps:
            self.context.keep({"unit": unit, "state": "done"})
        self.context.note(f"Unit {unit} of {len(self.script.units)} is committed.")

    def statement(self, unit: int, number: int, text: str) -> None:
        self.context.output(f"[{unit}/{len(self.script.units)}] {in_one_line(text)}\n")

    def note(self, text: str) -> None:
        self.context.note(text)

    def warn(self, text: str) -> None:
        self.context.note(text, "warning")

    def checkpoint(self) -> None:
        self.context.checkpoint()


def _kept_by_gate(handle: JsonObject) -> JsonObject:
    """What the gate asked to keep in a handle; empty for one that needs nothing."""
    kept = handle.get("gate")
    return kept if isinstance(kept, Mapping) else {}


def _progress_kept(context: Context) -> tuple[int, int]:
    """How many units this attempt's records say are done, and how many were started."""
    done = started = 0
    for kept in context.kept():
        unit = kept.get("unit")
        if isinstance(unit, int):
            started = max(started, unit)
            done = max(done, unit) if kept.get("state") == "done" else done
    return done, started


def _where(position: Position, change: Change) -> str:
    mark = {change.base: " (before)", change.heads: " (after)"}.get(position.heads, "")
    return f"{position}{mark}"
