"""Rehearses a change on a scratch copy: up, down, up, each statement run as the direct gate would run it."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import psycopg
from psycopg import sql

from ..changes.change import Change
from ..changes.holdings import Holdings
from ..changes.proof import Journey, Proof, Sight, judge
from ..changes.script import Script
from ..migrations.errors import RevisionFailedError, RolledBackError
from ..postgres import session
from ..postgres.catalog import Catalog
from ..postgres.version_table import VersionTable
from ..terms.errors import SenseiError, UnreachableError
from ..terms.secrets import Secret
from ..terms.targets import TargetLabel
from .errors import StatementFailedError
from .execution import Execution, Patience, StatementRefused
from .failure import explain
from .position import shown
from .protocol import Progress

_LABEL = TargetLabel("scratch", "scratch server", "scratch copy", protected=False)


class LostScratchError(UnreachableError):
    """The server with the scratch copy went away in the middle."""


@dataclass(slots=True)
class Rehearsal:
    """One scratch copy at the change's base; `online` runs a revision whose SQL cannot be known beforehand.

    `seeded` are tables (schema.table) with made-up rows, which are compared too; `irreversible` is the reason why the
    change has no way back. Afterwards `rows_refused` tells that rows broke a
    statement, `first_leg_failed` that it was on the first way up.
    """

    url: Secret
    version_table: VersionTable
    progress: Progress
    online: Callable[[Secret, str], None]
    seeded: Collection[str] = ()
    irreversible: str = ""
    rows_refused: bool = False
    first_leg_failed: bool = False
    _reasons: list[str] = field(default_factory=list)
    _filled: set[int] = field(default_factory=set)

    def prove(self, change: Change) -> Proof:
        """Up, down, up. What the database refuses is a verdict, not an error. Raises UnreachableError."""
        begun = time.monotonic()
        base = self._look()
        self._reasons.clear()
        seen = self._walk(change, base)
        journey = replace(seen, reasons=tuple(self._reasons), seconds=time.monotonic() - begun)
        return judge(
            journey,
            change.up,
            change.down,
            digest=change.digest,
            version_table=self.version_table,
            irreversible=self.irreversible,
        )

    def _walk(self, change: Change, base: Sight) -> Journey:
        if not self._leg("the upgrade", change.up, change.heads):
            self.first_leg_failed = True
            return Journey(base)
        top = self._look()
        if self.irreversible:
            return Journey(base, top)
        if change.down is None:
            self._reasons.append(f"there is no way down: {change.no_way_back}")
            return Journey(base, top)
        if not self._leg("the downgrade", change.down, change.base):
            return Journey(base, top)
        bottom = self._look()
        if not self._leg("the second upgrade", change.up, change.heads):
            return Journey(base, top, bottom)
        return Journey(base, top, bottom, self._look())

    def _leg(self, name: str, script: Script, destination: tuple[str, ...]) -> bool:
        self.progress.note(f"{name[0].upper()}{name[1:]}: {len(script.units)} units")
        try:
            self._run(script)
        except (StatementFailedError, RevisionFailedError, RolledBackError) as error:
            said = error.means.partition("\n")[0]
            self._reasons.append(f"{name} fails: {error.what}" + (f" ({said})" if said else ""))
            return False
        with self._connection() as connection:
            heads = self.version_table.heads(connection)
        if set(heads) != set(destination):
            self._reasons.append(f"{name} ends at {shown(heads)}, not at {shown(destination)}")
            return False
        return True

    def _run(self, script: Script) -> None:
        execution = Execution(session.connect(self.url, application_name="sensei rehearse"), self.progress, Patience())
        try:
            for number, unit in enumerate(script.units, 1):
                self.progress.checkpoint()
                self.progress.started(number)
                try:
                    if unit.opaque:
                        self.online(self.url, unit.revision)
                    else:
                        execution.run(number, unit)
                except StatementRefused as refused:
                    self.rows_refused |= isinstance(refused.error, psycopg.IntegrityError)
                    raise explain(refused, script, number, _LABEL, ()) from refused.error
                self.progress.finished(number)
        except psycopg.OperationalError as lost:
            raise _lost(lost) from lost
        finally:
            execution.close()

    def _look(self) -> Sight:
        table = f"{self.version_table.schema or 'public'}.{self.version_table.name}"
        self.progress.checkpoint()
        with self._connection() as connection:
            holdings = Holdings.read(connection, skip=[table])
            return Sight(Catalog.read(connection, skip=[table]), holdings, self._contents(connection, holdings))

    def _contents(self, connection: session.Connection, holdings: Holdings) -> dict[int, str]:
        found = {}
        for oid, name in holdings.tables.items():
            if name in self.seeded or oid in self._filled:
                self._filled.add(oid)
                # jsonb, because the order of columns does not count.
                query = sql.SQL(
                    "SELECT count(*), sum(pg_catalog.hashtextextended(pg_catalog.to_jsonb(t)::text, 0)::numeric) "
                    "FROM {} t"
                ).format(sql.Identifier(*name.split(".", 1)))
                found[oid] = str(connection.execute(query).fetchone())
        return found

    @contextmanager
    def _connection(self) -> Iterator[session.Connection]:
        try:
            with session.connect(self.url, application_name="sensei look") as connection:
                yield connection
        except psycopg.OperationalError as lost:
            raise _lost(lost) from lost


def _lost(lost: psycopg.OperationalError) -> SenseiError:
    return LostScratchError(
        "The scratch server went away during the rehearsal.",
        means=f"No environment was touched. The server's last words: {str(lost).strip()}",
        remedy="Run it again.",
    )
