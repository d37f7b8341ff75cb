"""The direct gate: executes the reviewed Script itself, never a second rendering of it, on an unprotected target."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import psycopg

from ..changes.script import Script
from ..postgres import advisory, identity, session
from ..postgres.session import Connection
from ..postgres.version_table import VersionTable
from ..project.environment import Target
from ..terms.errors import SenseiError
from ..terms.secrets import Secret
from .errors import (
    LostSightError,
    OffTheWayError,
    OtherDatabaseError,
    OtherTextError,
    RefusedError,
    SilentRollbackError,
)
from .execution import POLL_SECONDS, Execution, Patience, StatementRefused
from .failure import explain
from .invalid_indexes import invalid_indexes
from .position import Position, locate, shown
from .protocol import Applied, Arrival, Progress

LOCK_KEY = "schema-sensei deploy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """One session's way to a target; `session_name` tells its backends from everybody else's (application_name).

    `online`, given only where it is allowed, runs an opaque unit: it upgrades the database at a URL to a revision.
    """

    session_name: str
    version_table: VersionTable = field(default_factory=VersionTable)
    patience: Patience = field(default_factory=Patience)
    online: Callable[[Secret, str], None] | None = None

    def check(self, script: Script, target: Target) -> Arrival:
        """See `Gate.check`; reads only."""
        self._admit(script, target)
        with self._connection(target, read_only=True) as connection:
            session.refuse_standby(connection, label=target.label)
            return self._arrival(connection, script)

    def apply(
        self, script: Script, target: Target, *, approved_digest: str, identity: str, progress: Progress, done: int = 0
    ) -> Applied:
        """See `Gate.apply`. Holds an advisory lock of the database from before the first look until after the last.

        Raises RefusedError and its kin (exit 3, nothing touched), StatementFailedError, SilentRollbackError (1),
        HeldError (6), UnreachableError, LostSightError (7), and whatever the progress's checkpoint raises.
        """
        self._admit(script, target)
        if script.digest != approved_digest:
            raise OtherTextError(
                "This SQL is not the SQL that was approved.",
                means=f"Approved: {approved_digest[:12]}. Offered: {script.digest[:12]}. Nothing was touched.",
                remedy="Review the text as it is now and approve it.",
                where=str(target.label),
            )
        with self._alone(target, progress) as hold:
            ran = self._run(script, target, identity, progress, done, hold)
            with self._connection(target, read_only=True) as connection:
                heads = self.version_table.heads(connection)
        if set(heads) != set(script.end):
            raise SilentRollbackError(
                f"The SQL ran, yet the database stands at {shown(heads)}, not at {shown(script.end)}.",
                means="Something rolled it back or moved it behind our back.",
                remedy="Do not run it again before you know why; compare first: sensei run check",
                where=str(target.label),
            )
        return Applied(ran, heads)

    def state(self, script: Script, target: Target, *, done: int = 0, started: int | None = None) -> Arrival:
        """See `Gate.state`. Raises LostSightError while a backend of an earlier try is still at work."""
        with self._connection(target, read_only=True) as connection:
            until = time.monotonic() + self.patience.session_seconds
            while (pids := self._still_at_work(connection)) and time.monotonic() < until:
                time.sleep(POLL_SECONDS)
            if pids:
                raise LostSightError(
                    f"The server still works on the interrupted deploy (backend {', '.join(map(str, pids))}).",
                    means="Whether it will be applied is open until that session ends.",
                    remedy=f"Wait, or end it: SELECT pg_terminate_backend({pids[0]}). Then: sensei resume",
                    where=str(target.label),
                )
            return self._arrival(connection, script, done=done, started=started)

    def _run(
        self, script: Script, target: Target, approved: str, progress: Progress, done: int, hold: advisory.Hold
    ) -> int:
        total, ran = len(script.units), 0
        while True:
            with self._execution(target, progress) as execution:
                self._same_database(execution.connection, approved, target)
                position = self._position(execution.connection, script, done=done)
                if position.next is None:
                    raise off_the_way(script, position, target)
                if (number := position.next + 1) > total:
                    return ran
                done = self._run_from(number, script, target, execution, progress, hold)
                ran += done - position.next
                if done == total:
                    return ran

    def _run_from(
        self,
        first: int,
        script: Script,
        target: Target,
        execution: Execution,
        progress: Progress,
        hold: advisory.Hold,
    ) -> int:
        """Run units from `first` on; returns how many are done: all, or fewer when the connection was lost."""
        broken_before = frozenset(invalid_indexes(execution.connection))
        for number in range(first, len(script.units) + 1):
            unit = script.units[number - 1]
            progress.checkpoint()
            hold.check()
            progress.started(number)
            try:
                if unit.opaque:
                    self._run_online(unit.revision, target)
                else:
                    execution.run(number, unit)
            except StatementRefused as refused:
                left = sorted(set(invalid_indexes(execution.connection)) - broken_before)
                raise explain(refused, script, number, target.label, left) from refused.error
            except psycopg.OperationalError as lost:
                if not self._survived(number, script, target, lost):
                    raise
                progress.warn(f"The connection was lost after unit {number} had been committed; going on.")
                progress.finished(number)
                return number
            progress.finished(number)
        return len(script.units)

    def _survived(self, number: int, script: Script, target: Target, lost: psycopg.OperationalError) -> bool:
        """After a lost connection: True when the unit is in the database. Raises when it is not, or nobody knows."""
        said = f"The server's last words: {str(lost).strip()}"
        try:
            position = self.state(script, target, done=number - 1, started=number).position
        except SenseiError as blind:
            raise LostSightError(
                f"The connection was lost in unit {number} of {len(script.units)}, and the database cannot be asked.",
                means=f"The unit may or may not be applied. {said}",
                remedy=f"{blind.remedy} Then: sensei resume, which looks before it does anything.",
                where=str(target.label),
            ) from blind
        unit = script.units[number - 1]
        if position.possible == (number,):
            return True
        if position.possible == (number - 1,) and unit.transactional:
            raise LostSightError(
                f"The connection was lost in unit {number} of {len(script.units)}.",
                means=f"The server rolled it back: the database stands at {shown(position.heads)}. {said}",
                remedy="Run it again.",
                where=str(target.label),
            ) from lost
        raise LostSightError(
            f"The connection was lost in unit {number} of {len(script.units)}, which runs outside a transaction.",
            means=f"What it did before may be there. {position}. {said}",
            remedy="Compare the database with the migrations before you run it again: sensei run check",
            where=str(target.label),
        ) from lost

    def _run_online(self, revision: str, target: Target) -> None:
        assert self.online is not None  # noqa: S101 -- `_admit` refused opaque Scripts without it
        self.online(target.url, revision)

    def _admit(self, script: Script, target: Target) -> None:
        environment = target.environment
        if environment.protected or environment.gate != "direct":
            kind = "is protected" if environment.protected else "has no direct gate"
            raise RefusedError(
                f"{environment.name} {kind}: nothing is executed there directly.",
                means="Changes reach it through its own gate only, after approval there.",
                remedy="Deploy to an unprotected environment, or set up its gate in sensei.yaml.",
                where=str(target.label),
            )
        if script.opaque and self.online is None:
            raise RefusedError(
                f"The SQL of revision {next(unit.revision for unit in script.units if unit.opaque)} cannot be known "
                "beforehand: it reads data to decide what to do.",
                means="Such a revision runs only upwards, and only in the first, unprotected environment.",
                remedy="Rewrite it as plain SQL (INSERT ... SELECT, UPDATE ... FROM), so that it can be reviewed.",
                where=str(target.label),
            )

    def _arrival(self, connection: Connection, script: Script, *, done: int = 0, started: int | None = None) -> Arrival:
        who = identity.read(connection)
        return Arrival(who.key, who.version, self._position(connection, script, done=done, started=started))

    def _position(
        self, connection: Connection, script: Script, *, done: int = 0, started: int | None = None
    ) -> Position:
        heads, comment = self.version_table.heads(connection), self.version_table.comment(connection)
        return locate(script, heads, comment, done=done, started=started)

    def _same_database(self, connection: Connection, approved: str, target: Target) -> None:
        found = identity.read(connection).key
        if found != approved:
            raise OtherDatabaseError(
                "The connection leads to another database than the one that was agreed to.",
                means=f"Agreed: {approved}. Found: {found}. Nothing was touched.",
                remedy="Check the environment's URL, then start the step again to agree to this database.",
                where=str(target.label),
            )

    def _still_at_work(self, connection: Connection) -> list[int]:
        rows = connection.execute(
            """
            SELECT pid FROM pg_catalog.pg_stat_activity
             WHERE application_name = %s AND datname = pg_catalog.current_database()
               AND pid <> pg_catalog.pg_backend_pid()
            """,
            (self._application_name,),
        )
        return [int(pid) for (pid,) in rows]

    @property
    def _application_name(self) -> str:
        return self.session_name[:63]  # PostgreSQL keeps no more

    def _alone(self, target: Target, progress: Progress) -> AbstractContextManager[advisory.Hold]:
        told: set[str] = set()

        def on_wait(holder: advisory.Holder | None, _waited: float) -> None:
            who = str(holder or "somebody")
            if who not in told:
                told.add(who)
                progress.warn(f"Waiting: {who} works on this database.")

        return advisory.hold(
            target.url,
            LOCK_KEY,
            on_wait=on_wait,
            checkpoint=progress.checkpoint,
            timeout=self.patience.advisory_seconds,
            label=target.label,
        )

    @contextmanager
    def _connection(self, target: Target, *, read_only: bool) -> Iterator[Connection]:
        connection = session.connect(
            target.url,
            application_name="sensei look",
            read_only=read_only,
            lock_timeout_ms=self.patience.lock_timeout_ms,
            label=target.label,
            variable=target.source or None,
        )
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _execution(self, target: Target, progress: Progress) -> Iterator[Execution]:
        execution = Execution(
            session.connect(
                target.url,
                application_name=self._application_name,
                lock_timeout_ms=self.patience.lock_timeout_ms,
                label=target.label,
                variable=target.source or None,
            ),
            progress,
            self.patience,
        )
        try:
            yield execution
        finally:
            execution.close()


def off_the_way(script: Script, position: Position, target: Target) -> OffTheWayError:
    """The error for a database that stands where no unit of the Script starts."""
    return OffTheWayError(
        f"The database stands at {shown(position.heads)}; this change goes from {shown(script.start)} "
        f"to {shown(script.end)}.",
        means="Its SQL fits no other place. Nothing was touched.",
        remedy="Bring the database to where the change starts (deploy earlier changes), or see: sensei status",
        where=str(target.label),
    )
