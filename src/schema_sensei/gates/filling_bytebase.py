"""Filling columns where only a Bytebase server may write: one sheet, whose blocks commit batch by batch."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..bytebase.client import Client
from ..bytebase.delivery import Delivery, Pace
from ..bytebase.refused import AwaitingApproval, TasksFailedError
from ..bytebase.rollout import Rollout
from ..changes.script import Script
from ..engine.prompts import Paused
from ..migrations.unit import Unit
from ..project.bytebase import BytebaseRoute
from ..project.environment import Target
from ..terms.json import JsonObject, JsonValue
from . import sheets
from .bytebase_way import find_way
from .fill_block import fill_block
from .filling import Filled, FillStoppedError, Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class BytebaseFilling:
    """One step's way; `operation`, `title` and `handle` are those of the gate of a deploy (gates.bytebase)."""

    client: Client
    route: BytebaseRoute
    target: Target
    operation: str
    title: str
    size: int
    pause: float
    handle: Mapping[str, JsonValue] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)

    def text(self, found: Sequence[Filled]) -> str:
        """The sheet, which is what is agreed to: a block per column. Raises RefusedError when the server would not
        run it as it reads.
        """
        blocks = tuple(fill_block(each, self.size, self.pause) for each in found)
        unit = Unit(revision="", heads_before=(), heads_after=(), transactional=False, statements=blocks)
        sheets.refuse_unfaithful(Script((unit,)), self.client.server().release, str(self.target.label))
        return sheets.sheet(unit)

    def check(self) -> JsonObject:
        """The handle by which this filling is found again. Raises RefusedError, OtherPlanError; reads only."""
        way = find_way(self.client, self.route, self.target, self.operation)
        return {
            "operation": f"{self.operation}-{secrets.token_hex(3)}",
            "after": way.after,
            "environment": way.environment,
            "databases": [each.name for each in way.databases],
        }

    def run(self, text: str, listener: Listener) -> None:
        """Have the server run the sheet. What was committed stays; running it again goes on with the rows left.

        Raises engine.prompts.Paused while an approval is awaited, FillStoppedError, and errors of the server.
        """
        after, agreed = self.handle.get("after"), self.handle.get("databases")
        operation = str(self.handle.get("operation") or self.operation)
        delivery = Delivery(
            project=self.route.project,
            environment=str(self.handle.get("environment") or ""),
            targets=tuple(map(str, agreed)) if isinstance(agreed, list) else self.route.databases,
            sql=text,
            title=f"{self.title} [{operation}]",
            description="Fills columns in small batches; rows with a value are not touched. Made by Schema Sensei.",
            operation=operation,
            after=after if isinstance(after, int) else 0,
        )
        try:
            Rollout(self.client, delivery, _Watch(listener), self.pace).run()
        except AwaitingApproval as waiting:
            listener.note(str(waiting))
            raise Paused(str(waiting)) from waiting
        except TasksFailedError as failed:
            raise FillStoppedError(
                failed.what,
                means=f"{failed.means}\nBatches that were committed stay.",
                remedy=f"{failed.remedy} Run again, it goes on with the rows that have no value yet.",
                where=str(self.target.label),
            ) from failed


@dataclass(frozen=True, slots=True)
class _Watch:
    """Tells the listener what the rollout does; a fill needs no look before it acts, since it can run twice."""

    listener: Listener

    def note(self, text: str) -> None:
        self.listener.note(text)

    def warn(self, text: str) -> None:
        self.listener.warn(text)

    def checkpoint(self) -> None:
        self.listener.checkpoint()

    def before_submitting(self) -> None: ...
    def before_running(self) -> None: ...
    def stuck(self, target: str, error: str) -> None:
        self.listener.warn(f"{target} waits for somebody's lock: {error}")
