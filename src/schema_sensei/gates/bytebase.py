"""The Bytebase gate: its server executes the reviewed Script, one sheet per unit, and we see to what it does not."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..bytebase.client import Client
from ..bytebase.delivery import Delivery, Pace
from ..bytebase.errors import BytebaseError
from ..bytebase.refused import AwaitingApproval, TasksFailedError
from ..bytebase.rollout import Delivered, Rollout
from ..bytebase.tasks import TaskRun
from ..changes.script import Script
from ..engine.prompts import Paused
from ..migrations.unit import Unit
from ..postgres.catalog import Difference
from ..postgres.version_table import VersionTable
from ..project.bytebase import BytebaseRoute
from ..project.environment import Target
from ..terms.errors import SenseiError
from ..terms.json import JsonObject, JsonValue
from . import sheets
from .bytebase_way import begun, databases_of, find_way, refuse_half_done
from .direct import off_the_way
from .errors import OtherDatabaseError, OtherTextError, RefusedError, SilentRollbackError, StatementFailedError
from .live import Live
from .position import Position
from .position import shown as shown_heads
from .protocol import Applied, Arrival, Progress

_SHOWN = 6
"""So many changed objects are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytebase:
    """One step's way to the databases of an environment.

    `operation` begins the name of everything that this step makes on the server; `check` adds some random digits, since
    run ids are short and a server has many users. `handle` is what an earlier `check` answered as the arrival's handle,
    kept by the caller from before the first effect on. `title` is what people read there.
    """

    client: Client
    route: BytebaseRoute
    operation: str
    title: str
    handle: Mapping[str, JsonValue] = field(default_factory=dict)
    version_table: VersionTable = field(default_factory=VersionTable)
    pace: Pace = field(default_factory=Pace)

    def check(self, script: Script, target: Target) -> Arrival:
        """See `Gate.check`; reads only, on the live database and on the server."""
        self._admit(script, target)
        self._refuse_unfaithful(script, target)
        seen = Live(target, self.version_table).look(script)
        way = find_way(self.client, self.route, target, self.operation)
        rows = any(sheets.only_changes_rows(unit, self.version_table) for unit in script.units)
        notes = [f"Bytebase {self.client.server().version} runs it on {way.words} ({way.environment})."]
        if rows and way.backup:
            notes.append("It only changes rows: Bytebase keeps the old ones in bbdataarchive first.")
        elif rows:
            notes.append(
                "It only changes rows, but Bytebase has no schema bbdataarchive there: no prior backup is made."
            )
        operation, after, position = f"{self.operation}-{secrets.token_hex(3)}", way.after, seen.position
        names = tuple(each.name for each in way.databases)
        if len(names) > 1:
            texts = [sheets.sheet(unit) for unit in script.units[: position.next or 0]]
            if found := begun(self.client, replace(self.route, databases=names), way, texts):
                if not found.operation:
                    refuse_half_done(self.client, found, target)
                operation, after = found.operation, found.plan.number - 1
                position = replace(position, possible=(found.unit - 1,))
                notes.append(
                    f"{found.left} of {found.total} databases lack unit {found.unit}: {found.plan.name} goes on."
                )
        handle: JsonObject = {
            "operation": operation,
            "after": after,
            "environment": way.environment,
            "databases": list(names),
            "backup": way.backup,
        }
        return Arrival(seen.identity, seen.server, position, handle=handle, notes=tuple(notes))

    def apply(
        self, script: Script, target: Target, *, approved_digest: str, identity: str, progress: Progress, done: int = 0
    ) -> Applied:
        """See `Gate.apply`. Each unit is a sheet, plan, issue and rollout of its own, begun when the one before is
        DONE and seen in the live database.

        Raises engine.prompts.Paused while an approval is awaited; OtherPlanError (exit 6); RefusedError, the refusals
        of checks and reviewers (3); StatementFailedError, SilentRollbackError (1); errors of the server (7).
        """
        self._admit(script, target)
        if script.digest != approved_digest:
            raise OtherTextError(
                "This SQL is not the SQL that was approved.",
                means=f"Approved: {approved_digest[:12]}. Offered: {script.digest[:12]}. Nothing was touched.",
                remedy="Review the text as it is now and approve it.",
                where=str(target.label),
            )
        self._refuse_unfaithful(script, target)
        self._same_databases(target)
        live, total, ran = Live(target, self.version_table), len(script.units), 0
        before = live.catalog()
        while True:
            seen = live.look(script, done=done)
            if seen.identity != identity:
                raise OtherDatabaseError(
                    "The connection leads to another database than the one that was agreed to.",
                    means=f"Agreed: {identity}. Found: {seen.identity}. Nothing was touched.",
                    remedy="Check the environment's URL, then start the step again to agree to this database.",
                    where=str(target.label),
                )
            if seen.position.next is None:
                raise off_the_way(script, seen.position, target)
            number = self._behind(seen.position, script, done) or seen.position.next + 1
            if number > total:
                if ran:
                    progress.note(_changed(before.difference(live.catalog())))
                return Applied(ran, seen.position.heads)
            progress.checkpoint()
            self._deliver(number, script, target, live, progress)
            progress.finished(number)
            done, ran = number, ran + 1

    def state(self, script: Script, target: Target, *, done: int = 0, started: int | None = None) -> Arrival:
        """See `Gate.state`: the live database first; what it leaves open, the server's tasks settle."""
        live = Live(target, self.version_table)
        seen = live.look(script, done=done, started=started)
        position = seen.position
        if behind := self._behind(position, script, done):
            position = replace(position, possible=(behind - 1,))
        if position.finished or position.next is None or not self.handle:
            return Arrival(seen.identity, seen.server, position)
        number = position.next + 1
        standing = Rollout(self.client, self._delivery(number, script), _Silent(), self.pace).standing()
        if standing.done and not script.units[number - 1].transactional and self._in_place(number, script, live):
            position = live.look(script, done=number, started=started).position
        return Arrival(
            seen.identity,
            seen.server,
            position,
            unsettled=standing.unsettled,
            under_way=standing.plan is not None and not standing.unsettled,
        )

    @property
    def _several(self) -> bool:
        """Whether the environment is more than the one database that its URL leads to."""
        return len(self._targets) > 1

    @property
    def _targets(self) -> tuple[str, ...]:
        """The databases that were agreed to; a group is resolved by us, once: the server would do it again later."""
        agreed = self.handle.get("databases")
        return tuple(map(str, agreed)) if isinstance(agreed, list) else self.route.databases

    def _behind(self, position: Position, script: Script, done: int) -> int:
        """The first unit, from 1, that the live database has and that is not DONE on every other one; 0 for none."""
        if not self._several or not self.handle:
            return 0
        for number in range(done + 1, (position.next or 0) + 1):
            standing = Rollout(self.client, self._delivery(number, script), _Silent(), self.pace).standing()
            if standing.plan is not None and not standing.done:
                return number
        return 0

    # one unit -------------------------------------------------------------------------------------------------------

    def _deliver(self, number: int, script: Script, target: Target, live: Live, progress: Progress) -> None:
        unit = script.units[number - 1]
        delivery = self._delivery(number, script)
        broken = frozenset() if unit.transactional else frozenset(live.invalid_indexes())
        watch = _Watch(number, script, target, live, progress, several=self._several)
        for place, statement in enumerate(unit.statements, 1):
            progress.statement(number, place, statement)
        rollout = Rollout(self.client, delivery, watch, self.pace)
        try:
            delivered = rollout.run()
            if delivered.earlier and not self._in_place(number, script, live):
                delivered = rollout.run(renew=True)
        except AwaitingApproval as waiting:
            progress.note(str(waiting))
            raise Paused(str(waiting)) from waiting
        except TasksFailedError as failed:
            for line in failed.by_database:
                progress.note(line)
            raise self._explain(failed, number, script, target, live, broken) from failed
        self._verify(delivered, number, script, target, live, broken)
        self._tell(delivered, unit, live, progress)

    def _delivery(self, number: int, script: Script) -> Delivery:
        unit = script.units[number - 1]
        part = f" ({number} of {len(script.units)})" if len(script.units) > 1 else ""
        after, environment = self.handle.get("after"), self.handle.get("environment")
        operation = str(self.handle.get("operation") or self.operation)
        return Delivery(
            project=self.route.project,
            environment=str(environment or ""),
            targets=self._targets,
            sql=sheets.sheet(unit),
            title=f"{self.title}{part} [{operation}]",
            description=f"Revision {unit.revision}, from {shown_heads(unit.heads_before)} "
            f"to {shown_heads(unit.heads_after)}. Script {script.digest}. Made by Schema Sensei.",
            operation=f"{operation}-{number}",
            after=after if isinstance(after, int) else 0,
            prior_backup=self._backed_up(unit),
        )

    def _backed_up(self, unit: Unit) -> bool:
        """Whether the server keeps the old rows of this unit."""
        return bool(self.handle.get("backup")) and sheets.only_changes_rows(unit, self.version_table)

    def _in_place(self, number: int, script: Script, live: Live) -> bool:
        """Whether the live database shows what the unit was to bring about, as far as it can."""
        unit = script.units[number - 1]
        if unit.transactional:
            return number in live.look(script).position.possible
        wanted = [each for each in map(sheets.index_statement, unit.statements) if each is not None]
        return all(live.settled(each) for each in wanted)

    def _verify(
        self,
        delivered: Delivered,
        number: int,
        script: Script,
        target: Target,
        live: Live,
        broken: frozenset[str],
    ) -> None:
        unit = script.units[number - 1]
        if not unit.transactional and (left := sorted(set(live.invalid_indexes()) - broken)):
            drops = " ".join(f"DROP INDEX CONCURRENTLY {name};" for name in left)
            raise StatementFailedError(
                f"The task is DONE, yet it left an INVALID index behind: {', '.join(left)}.",
                means="It costs writes and serves no query. The units after it were not sent.",
                remedy=f"Find out why, remove it ({drops}), then run the step again.",
                where=f"{target.label}, unit {number} of {len(script.units)}",
            )
        if not self._in_place(number, script, live):
            heads = live.look(script).position.heads
            raise SilentRollbackError(
                f"All tasks are DONE, yet unit {number} is not in {target.label}: it stands at {shown_heads(heads)}.",
                means="Something rolled it back, or the environment's URL leads to another database than "
                f"{sheets.shown(self._targets)} in Bytebase.",
                remedy="Do not run it again before you know why; compare first: sensei run check",
                where=f"{target.label}, {self.client.page(delivered.plan)}",
            )

    def _explain(
        self,
        failed: TasksFailedError,
        number: int,
        script: Script,
        target: Target,
        live: Live,
        broken: frozenset[str],
    ) -> SenseiError:
        """The failure in the server's words, and what the live database says about it: FAILED alone proves nothing."""
        where = f"{target.label}, unit {number} of {len(script.units)}"
        unit = script.units[number - 1]
        try:
            position = live.look(script).position
            left = [] if unit.transactional else sorted(set(live.invalid_indexes()) - broken)
        except SenseiError as blind:
            state = f"Whether anything of it was applied is open: {blind.what}"
            return StatementFailedError(
                failed.what, means=f"{failed.means}\n{state}", remedy=failed.remedy, where=where
            )
        remedy = failed.remedy
        if self._several:
            state = "A database that is DONE keeps it. Trying again runs it only where it is not DONE."
            if not unit.transactional:
                state += " It runs outside a transaction: where it failed, part of it may be there."
        elif unit.transactional and number in position.possible and number - 1 not in position.possible:
            state = f"Yet it is applied: the database stands at {shown_heads(position.heads)}."
            remedy = f"Compare before you go on: sensei run check. Then: sensei resume. {failed.remedy}"
        elif not unit.transactional:
            state = "It runs outside a transaction: part of it may be there."
            if left:
                drops = " ".join(f"DROP INDEX CONCURRENTLY {name};" for name in left)
                state = f"It left an INVALID index behind: {', '.join(left)}."
                remedy = f"Clean the data if rows were the reason, remove it ({drops}), then try again."
        else:
            state = f"It was rolled back: the database stands at {shown_heads(position.heads)}."
        return StatementFailedError(failed.what, means=f"{failed.means}\n{state}", remedy=remedy, where=where)

    def _tell(self, delivered: Delivered, unit: Unit, live: Live, progress: Progress) -> None:
        """Say per database how it went, and where a prior backup lies."""
        if len(delivered.tasks) > 1:
            for task in delivered.tasks:
                progress.note(f"{task.target}: {task.status.value}")
        if not self._backed_up(unit):
            return
        runs = [run for run in self.client.task_runs(f"{delivered.plan}/rollout") if run.has_prior_backup]
        for run in runs[:_SHOWN]:
            try:
                progress.note(f"This brings the old rows back:\n{self.client.preview_rollback(run.name)}")
            except BytebaseError:  # it gives up on the whole sheet when one UPDATE changes a key (see archive)
                for line in self._old_rows(run, unit, live):
                    progress.note(line)

    def _old_rows(self, run: TaskRun, unit: Unit, live: Live) -> Iterator[str]:
        """Where a run's old rows are, table by table, and how they come back."""
        for kept in (each for entry in self.client.log(run.name) for each in entry.kept):
            if kept.table[1] != self.version_table.name:
                place = f"The old rows of {'.'.join(kept.table)} are in {'.'.join(kept.copy)}"
                back = live.bring_back(kept, unit.statements)
                yield f"{place}; this brings them back:\n{back}" if back else f"{place}."

    # who and where --------------------------------------------------------------------------------------------------

    def _admit(self, script: Script, target: Target) -> None:
        if target.environment.gate != "bytebase":
            raise RefusedError(
                f"{target.environment.name} is not reached through Bytebase.",
                remedy="Set `gate: bytebase` for it in sensei.yaml.",
                where=str(target.label),
            )
        if script.opaque:
            revision = next(unit.revision for unit in script.units if unit.opaque)
            raise RefusedError(
                f"The SQL of revision {revision} cannot be known beforehand: it reads data to decide what to do.",
                means="Bytebase runs sheets of SQL; there is none to send.",
                remedy="Rewrite it as plain SQL (INSERT ... SELECT, UPDATE ... FROM), so that it can be reviewed.",
                where=str(target.label),
            )

    def _refuse_unfaithful(self, script: Script, target: Target) -> None:
        sheets.refuse_unfaithful(script, self.client.server().release, str(target.label))

    def _same_databases(self, target: Target) -> None:
        now = databases_of(self.client, self.route)
        if self.handle and set(self._targets) != set(now):
            raise OtherDatabaseError(
                "sensei.yaml, or its group in Bytebase, names other databases now than those that were agreed to.",
                means=f"Agreed: {', '.join(self._targets)}. Found: {', '.join(now)}.",
                remedy="Restore the mapping, or start a new run.",
                where=str(target.label),
            )


def _changed(differences: tuple[Difference, ...]) -> str:
    """What the live database shows to have changed, in one line."""
    names = [f"{each.kind.replace('_', ' ')} {each.ident}" for each in differences]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    listed = f": {', '.join(names[:_SHOWN])}{more}" if names else ""
    return f"Seen in the live database: {len(names)} objects of the schema changed{listed}."


@dataclass(frozen=True, slots=True)
class _Watch:
    """Tells the progress what the rollout does, and looks at the live database at the last moment before it acts."""

    number: int
    script: Script
    target: Target
    live: Live
    progress: Progress
    several: bool

    def note(self, text: str) -> None:
        self.progress.note(text)

    def warn(self, text: str) -> None:
        self.progress.warn(text)

    def checkpoint(self) -> None:
        self.progress.checkpoint()

    def before_submitting(self) -> None:
        position: Position = self.live.look(self.script).position
        # Of several databases the one that we can read may have the unit already; in the others its guard decides.
        fitting = {self.number - 1, self.number} if self.several else {self.number - 1}
        if not fitting & set(position.possible):
            raise off_the_way(self.script, position, self.target)

    def before_running(self) -> None:
        self.before_submitting()
        self.progress.started(self.number)

    def stuck(self, target: str, error: str) -> None:
        del target, error
        for line in self.live.holders():
            self.progress.warn(f"Others wait for {line}")


class _Silent:
    """Nobody listens: for a look."""

    def note(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def checkpoint(self) -> None: ...
    def before_submitting(self) -> None: ...
    def before_running(self) -> None: ...
    def stuck(self, target: str, error: str) -> None: ...
