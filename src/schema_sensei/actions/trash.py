"""trash: shows the tables that were set aside, and asks which of them goes for good; reads only."""

from dataclasses import dataclass
from typing import ClassVar

from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Choose, Option, Prose, Stakes, Table
from ..gates.errors import RefusedError
from ..postgres import session
from ..project.environment import Target
from ..terms import trash
from . import parameters
from .rows import rows_at_stake
from .services import Services
from .signatures import TRASH
from .usage import Usage, usage


@dataclass(frozen=True, slots=True)
class Trash:
    """One table at a time: what is dropped is looked at one by one."""

    services: Services
    signature: ClassVar[Signature] = TRASH

    def preview(self, context: Context) -> Preview:
        target = self._target(context)
        kept = self._look(target)
        if not kept:
            return Preview(
                summary=f"No table is set aside in {target.environment.name}", target=target.label, effect=False
            )
        counts = rows_at_stake(target, [f"{trash.TRASH}.{name}" for name in kept])
        words = {name.partition(".")[2]: count for name, count in counts.rows}
        told: list[Block] = [
            Table(
                ("table", "rows", "size", "last read"),
                tuple((name, words[name], found.size, found.rows[1][1]) for name, found in kept.items()),
            )
        ]
        told.append(Prose("Our own looks at its rows count as reads, too.", "quiet"))
        told += [
            Prose(f"{name}: {', '.join(found.dependents)} would stop working, or is in the way.", "warning")
            for name, found in kept.items()
            if found.dependents
        ]
        prompt = Choose(
            key=context.step,
            question="Which table goes for good?",
            why="It has been out of sight since it was set aside. Who needed it would have noticed by now.",
            blocks=tuple(told),
            stakes=Stakes(
                does="Leads to a change that drops the table, after a backup that is restored and compared",
                costs="nothing yet",
                back="from the backup only, once it is dropped",
            ),
            target=target.label,
            facts={"tables": list(kept), "rows": counts.total},
            options=(
                *(Option(name, name, words[name], "danger") for name in kept),
                Option("stop", "None of them", "nothing is changed"),
            ),
            default="stop",
        )
        return Preview(
            summary=f"{len(kept)} set aside in {target.environment.name}",
            target=target.label,
            prompt=prompt,
            effect=False,
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        if intent.answer is None:
            return Outcome(name="empty", summary="No table is set aside")
        if intent.answer == "stop":
            return Outcome(name="stopped", summary="All of them stay")
        table, target = str(intent.answer), self._target(context)
        found = self._look(target).get(table)
        if found is not None and found.in_the_way:
            raise RefusedError(
                f"{table} cannot be dropped yet: {', '.join(found.in_the_way)} rests on it.",
                means="PostgreSQL refuses it, and what rests on it is not dropped along unsaid. Nothing was changed.",
                remedy="Drop or change that first, in a revision of its own (models or op.execute), and deploy it; "
                "then come back: sensei run drop-for-good",
                where=str(target.label),
            )
        rows = rows_at_stake(target, (f"{trash.TRASH}.{table}",)).total
        return Outcome(summary=f"{table} goes for good", outputs={"table": table, "rows": rows})

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Looking changes nothing.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError

    def _target(self, context: Context) -> Target:
        return self.services.project.target(parameters.text(context, "environment"), self.services.environ)

    def _look(self, target: Target) -> dict[str, Usage]:
        with session.connect(
            target.url,
            application_name="sensei look",
            read_only=True,
            label=target.label,
            variable=target.source or None,
        ) as connection:
            rows = connection.execute(
                "SELECT c.relname, c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                " ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind IN ('r', 'p') ORDER BY 1",
                (trash.TRASH,),
            ).fetchall()
            return {str(name): usage(connection, int(oid)) for name, oid in rows}
