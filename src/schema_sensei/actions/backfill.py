"""backfill: fills columns batch by batch while others read and write; whatever stops it, it goes on where it was."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Code, Confirm, Stakes, Table
from ..gates.filling import Fill, Filled, Filling
from ..gates.filling_bytebase import BytebaseFilling
from ..project.environment import Target
from ..terms.counting import counted
from ..terms.errors import UsageError
from ..terms.json import JsonObject
from . import parameters
from .services import Services
from .signatures import BACKFILL

TOLD_EVERY = 0.5
"""Seconds between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """Each batch commits by itself and takes only rows without a value: run twice, it fills nothing twice."""

    services: Services
    signature: ClassVar[Signature] = BACKFILL

    def preview(self, context: Context) -> Preview:
        target = self._target(context)
        way = self._bytebase(context, target)
        if way is None:
            self._filling(context, target).admit()
        found = self._look(context, target)
        if not found:
            return Preview(
                summary=f"Every row of {target.environment.name} has its value: nothing to fill",
                target=target.label,
                effect=False,
            )
        rows = sum(each.empty for each in found)
        text = "\n\n".join(f"{each.statement()};" for each in found) if way is None else way.text(found)
        prompt = self._agreement(context, target, found, text, blocks=way is not None)
        return Preview(
            summary=f"Fill {counted(rows, 'row')} of {target.environment.name} in {_in_words(found, _size(context))}",
            target=target.label,
            prompt=prompt,
            handle={
                "sql": prompt.digest,
                "identity": found[0].identity,
                "rows": rows,
                "gate": {} if way is None else {**way.check(), "text": text},
            },
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        target = self._target(context)
        if intent.answer is False:
            return Outcome(name="declined", summary=f"Not filled: {target.environment.name} was not touched")
        waiting = self._look(context, target) if intent.answer is True else ()
        way = self._bytebase(context, target, intent.handle)
        if way is None:
            filling = self._filling(context, target)
            for found in waiting:
                context.note(f"Filling {found.fill.name}: {found.empty} rows.")
                filling.run(found, _Batches(context, found))
        elif waiting:
            way.run(str(way.handle["text"]), _Batches(context, waiting[0]))
        left = self._look(context, target)
        done = sum(each.empty for each in waiting) - sum(each.empty for each in left)
        return Outcome(
            summary=f"Filled {done} rows" if done else "Nothing was to be filled",
            outputs={"rows": done, "left": sum(each.empty for each in left)},
            blocks=(_left(left),) if left else (),
        )

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        left = sum(each.empty for each in self._look(context, self._target(context)))
        rows = intent.handle.get("rows")
        before = rows if isinstance(rows, int) else left
        if not left:
            outcome = Outcome(summary="Every row has its value", outputs={"rows": before, "left": 0})
            return Finding(ground="applied", seen=("Every row has its value.",), outcome=outcome)
        # Committed batches stay and are not touched again, so running it is the whole remedy: nobody need be asked.
        context.note(f"{max(before - left, 0)} rows are filled and stay so; {left} are left.")
        return Finding(ground="absent", seen=(f"{left} of {before} rows have no value yet.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError

    def _target(self, context: Context) -> Target:
        return self.services.project.target(parameters.text(context, "environment"), self.services.environ)

    def _filling(self, context: Context, target: Target) -> Filling:
        pause = context.parameters.get("pause")
        return Filling(
            target=target,
            session_name=f"sensei {context.run} {context.step}",
            size=_size(context),
            pause=pause / 1000 if isinstance(pause, int) else 0.05,
        )

    def _bytebase(self, context: Context, target: Target, handle: JsonObject | None = None) -> BytebaseFilling | None:
        """The way through a Bytebase server, where only that may write; `handle` is the intent's, once there is one."""
        environment = target.environment
        if environment.gate != "bytebase" or environment.bytebase is None:
            return None
        filling, kept = self._filling(context, target), (handle or {}).get("gate")
        return BytebaseFilling(
            client=self.services.client(environment),
            route=environment.bytebase,
            target=target,
            operation=f"{context.run}-{context.step}-{context.visit}",
            title=f"Fill columns of {target.environment.name}",
            size=filling.size,
            pause=filling.pause,
            handle=kept if isinstance(kept, Mapping) else {},
        )

    def _look(self, context: Context, target: Target) -> tuple[Filled, ...]:
        """The fills that rows wait for."""
        given = context.parameters.get("fills")
        every = given if isinstance(given, Sequence) and not isinstance(given, str) else ()
        filling = self._filling(context, target)
        looked = (filling.look(Fill.from_json(each)) for each in every)
        return tuple(each for each in looked if each.empty)

    def _agreement(
        self, context: Context, target: Target, found: Sequence[Filled], text: str, *, blocks: bool
    ) -> Confirm:
        size = _size(context)
        table = tuple(
            (each.fill.name, str(each.empty), str(_batches([each], size)), ", ".join(name for name, _ in each.key))
            for each in found
        )
        samples: list[Block] = [
            Table((", ".join(name for name, _ in each.key), each.fill.column), each.sample, title="For example")
            for each in found
        ]
        rows = sum(each.empty for each in found)
        return Confirm(
            key=context.step,
            question=f"Fill {counted(rows, 'row')} of {target.label} now?",
            why="Each batch is "
            + ("one turn of the loop" if blocks else "this statement for one range of the key")
            + ", in a transaction of its own. Rows that have a value are not touched.",
            blocks=(
                Table(("column", "rows", "batches", "by ranges of"), table),
                Code(text, title="Bytebase runs, in one sheet" if blocks else f"Runs, {size} rows at a time"),
                *samples,
            ),
            stakes=Stakes(
                does=f"Fills {counted(rows, 'row')} in {_in_words(found, size)}",
                costs=f"row locks on at most {size} rows at a time, for as long as one batch runs",
                back="before it is required, the column can be emptied or dropped; nothing else is touched",
            ),
            target=target.label,
            facts={
                "environment": target.environment.name,
                "protected": target.label.protected,
                "tables": list(dict.fromkeys(each.fill.table for each in found)),
                "columns": [each.fill.name for each in found],
                "rows": rows,
                "batches": _batches(found, size),
            },
            digest=hashlib.sha256(f"{found[0].identity} {size}\n{text}".encode()).hexdigest(),
            binding=True,
            yes="Fill them",
            no="Not now",
        )


@dataclass(slots=True)
class _Batches:
    """Tells the context what is committed, and keeps the last key."""

    context: Context
    found: Filled
    told: float = field(default_factory=time.monotonic)
    number: int = 0

    def batch(self, rows: int, last: Sequence[str], seconds: float) -> None:
        self.number += 1
        self.context.keep({"column": self.found.fill.name, "rows": rows, "last": list(last)})
        if not last or time.monotonic() - self.told >= TOLD_EVERY:
            self.told = time.monotonic()
            place = f" up to {', '.join(last)}" if last else ""
            self.context.output(
                f"[{self.number}] {rows} of {self.found.empty} rows{place}; this batch took {seconds:.2f} s\n"
            )

    def note(self, text: str) -> None:
        self.context.note(text)

    def warn(self, text: str) -> None:
        self.context.note(text, "warning")

    def checkpoint(self) -> None:
        self.context.checkpoint()


def _size(context: Context) -> int:
    size = context.parameters.get("batch")
    if not isinstance(size, int) or size < 1:
        raise UsageError("`batch` is the number of rows at a time.", remedy="Give 1 or more.", where=context.step)
    return size


def _batches(found: Sequence[Filled], size: int) -> int:
    return sum(-(-each.empty // size) for each in found)


def _in_words(found: Sequence[Filled], size: int) -> str:
    return counted(_batches(found, size), "batch", several="batches")


def _left(left: Sequence[Filled]) -> Block:
    rows = tuple((each.fill.name, str(each.empty)) for each in left)
    return Table(("column", "rows without a value"), rows, title="Its expression gives NULL there")
