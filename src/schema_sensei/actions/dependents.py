"""dependents: names what rests on a table and who still uses it, before anybody takes it away; reads only."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Choose, Option, Prose, Stakes, Table
from ..postgres import session
from ..project.environment import Target
from . import parameters
from .rows import rows_at_stake
from .services import Services
from .signatures import DEPENDENTS
from .usage import Usage, usage


@dataclass(frozen=True, slots=True)
class Dependents:
    """The person decides with the evidence in front of them."""

    services: Services
    signature: ClassVar[Signature] = DEPENDENTS

    def preview(self, context: Context) -> Preview:
        target, table = self._target(context), parameters.text(context, "table")
        found = self._look(target, table)
        if found is None:
            return Preview(
                summary=f"There is no table {table} in {target.environment.name}",
                target=target.label,
                effect=False,
                handle={"missing": True},
            )
        count, rows = rows_at_stake(target, (table,)), found.dependents
        tell: list[Block] = [
            Table(("what", table), (("rows", count.words.removeprefix(f"{table} ")), *found.rows)),
            Table(("rests on it",), tuple((each,) for each in rows)) if rows else Prose("Nothing rests on it.", "good"),
        ]
        if rows:
            tell.append(
                Prose("They go on working while the table is set aside, and stop when it goes for good.", "warning")
            )
        prompt = Choose(
            key=context.step,
            question=f"Take {table} away?",
            why="Statistics and the catalog show what the code does not: a report at the end of the month, a view.",
            blocks=tuple(tell),
            stakes=Stakes(
                does="Leads to a change that sets the table aside, with all its rows",
                costs="nothing yet; applications that still use the table will fail once it is set aside",
                back="it comes back in an instant, as it was",
            ),
            target=target.label,
            facts={
                "table": table,
                "dependents": list(rows),
                "rows": count.total,
                "reads": found.reads,
                "last_read": found.last_read or None,
            },
            digest=hashlib.sha256("\n".join((table, *rows)).encode()).hexdigest(),
            options=(
                Option("go_on", "Go on", "the table is set aside first, not dropped", "warning"),
                Option("stop", "Keep it", "nothing is changed"),
            ),
            default="stop",
        )
        return Preview(
            summary=f"Who uses {table}, and what rests on it",
            target=target.label,
            prompt=prompt,
            effect=False,
            handle={"dependents": list(rows), "rows": count.total},
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        table = parameters.text(context, "table")
        if intent.handle.get("missing"):
            return Outcome(name="missing", summary=f"There is no table {table}: nothing to take away")
        if intent.answer != "go_on":
            return Outcome(name="stopped", summary=f"{table} stays")
        outputs = {"table": table, **{name: intent.handle[name] for name in ("dependents", "rows")}}
        return Outcome(summary=f"{table} may go", outputs=outputs)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Looking changes nothing.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError

    def _target(self, context: Context) -> Target:
        return self.services.project.target(parameters.text(context, "environment"), self.services.environ)

    def _look(self, target: Target, table: str) -> Usage | None:
        with session.connect(
            target.url,
            application_name="sensei look",
            read_only=True,
            label=target.label,
            variable=target.source or None,
        ) as connection:
            row = connection.execute(
                "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'p') AND (n.nspname || '.' || c.relname = %(table)s"
                " OR c.relname = %(table)s AND pg_catalog.pg_table_is_visible(c.oid))",
                {"table": table},
            ).fetchone()
            return None if row is None else usage(connection, int(row[0]))
