"""formula: asks what a new column holds in rows that are there, and tries the answer on the database; reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, EnterText, Prose, Stakes, Table
from ..gates.filling import Fill, Filled, Filling, UnfitFillError
from ..project.environment import Target
from ..terms.json import JsonValue
from . import parameters
from .services import Services
from .signatures import FORMULA


@dataclass(frozen=True, slots=True)
class Formula:
    """One question per column that rows lack; an expression that the server refuses is asked for again."""

    services: Services
    signature: ClassVar[Signature] = FORMULA

    def preview(self, context: Context) -> Preview:
        target = self._target(context)
        return Preview(
            summary=f"Say what rows of {target.environment.name} that are there get", target=target.label, effect=False
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        target = self._target(context)
        filling = Filling(target=target, session_name=f"sensei {context.run} {context.step}")
        found: list[Filled] = []
        known = {fill.name: fill for fill in map(Fill.from_json, _columns(context.parameters.get("known")))}
        for column in _columns(context.parameters.get("columns")):
            filled = self._asked(context, filling, column, known)
            if filled is not None:
                found.append(filled)
        if not found:
            return Outcome(name="nothing", summary="No row waits for a value")
        names = ", ".join(each.fill.name for each in found)
        return Outcome(
            summary=f"{sum(each.empty for each in found)} rows to fill: {names}",
            outputs={"fills": [each.fill.to_json() for each in found]},
            blocks=tuple(_sample(each) for each in found),
        )

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Asking changes nothing.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError

    def _asked(
        self, context: Context, filling: Filling, column: Mapping[str, JsonValue], known: Mapping[str, Fill]
    ) -> Filled | None:
        """The column with its expression; None when no row waits, or when it may stay empty and the person wants so."""
        schema, required = column.get("schema"), column.get("required") is True
        fill = Fill(None if schema is None else str(schema), str(column["table"]), str(column["column"]), "")
        empty = filling.look(fill)
        if not empty.empty:
            return None
        if fill.name in known:
            return filling.look(known[fill.name])
        source = str(column.get("source") or "")
        text = source
        while True:
            prompt = _question(context, filling.target, empty, source, text, required=required)
            text = str(context.ask(prompt)).strip()
            if not text:
                return None
            try:
                return filling.look(Fill(fill.schema, fill.table, fill.column, text))
            except UnfitFillError as unfit:
                context.note(f"{unfit.what} {unfit.remedy}", "warning")

    def _target(self, context: Context) -> Target:
        return self.services.project.target(parameters.text(context, "environment"), self.services.environ)


def _question(
    context: Context, target: Target, found: Filled, source: str, default: str, *, required: bool
) -> EnterText:
    fill = found.fill
    blocks: list[Block] = [Table(("column", "type"), found.columns, title=f"{fill.table} has")]
    if source:
        blocks.insert(0, Prose(f"{source} is of the same type and goes: most likely its value."))
    return EnterText(
        key=f"{context.step}.{fill.name}",
        question=f"What shall {fill.name} hold in the {found.empty} rows that have no value?",
        why="A rule for new rows says nothing about those that are there. You say it once, as SQL over the row; some "
        "values are shown before anything is written.",
        blocks=tuple(blocks),
        stakes=Stakes(
            does="Tries the expression; writes nothing", costs="reads the table once", back="nothing to undo"
        ),
        target=target.label,
        facts={"rows": found.empty, "required": required},
        pattern=r".*\S.*" if required else "",
        pattern_hint="an SQL expression: a text in quotes such as 'unknown', a number, or columns: lower(email)"
        + ("" if required else "; empty leaves the rows as they are"),
        default=default,
    )


def _sample(found: Filled) -> Table:
    key = ", ".join(name for name, _ in found.key)
    return Table((key, found.fill.column), found.sample, title=f"{found.fill.name} will hold, for example")


def _columns(value: JsonValue) -> Sequence[Mapping[str, JsonValue]]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return ()
    return tuple(each for each in value if isinstance(each, Mapping))
