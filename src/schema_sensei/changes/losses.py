"""What a change takes from the tables that are there: tables, columns, values and rows, each with a word to type."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from ..terms.json import JsonObject, JsonValue
from .holdings import Holdings, changed_rows, widens


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that goes with the upgrade: the table (schema.table) it is taken from, and what, as a command.

    `what` is short enough to be typed by whoever agrees: `drop certificates`, `drop people.phone`.
    """

    table: str
    what: str

    def to_json(self) -> JsonObject:
        return {"table": self.table, "what": self.what}

    @classmethod
    def from_json(cls, data: JsonValue) -> Self:
        """The Loss written by `to_json`. Raises TypeError or KeyError."""
        if not isinstance(data, Mapping):
            raise TypeError("a loss is an object")
        return cls(str(data["table"]), str(data["what"]))


def losses(before: Holdings, after: Holdings, statements: Iterable[str]) -> tuple[Loss, ...]:
    """What was held before the upgrade and is not held after it, and whose rows its statements change; sorted."""
    changed = (Loss(table, f"change {short(table)}") for table in changed_rows(statements, before))
    found = {*_gone(before, after), *changed}
    return tuple(sorted(found, key=lambda each: (each.table, each.what)))


def short(ident: str) -> str:
    """A name as people say it: without `public.`."""
    return ident.removeprefix("public.")


def _gone(before: Holdings, after: Holdings) -> Iterator[Loss]:
    for oid, table in before.tables.items():
        if oid not in after.tables:
            yield Loss(table, f"drop {short(table)}")
    for place, column in before.columns.items():
        if place[0] not in after.tables:
            continue
        now = after.columns.get(place)
        if now is None:
            yield Loss(column.table, f"drop {short(str(column))}")
        elif not widens(column, now):
            yield Loss(column.table, f"convert {short(str(column))}")
