"""Nature: what a change does, in words and as facts for rules; from Alembic's operations, never from SQL text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from ..migrations.generated import Operation
from ..terms.json import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Nature:
    """`additive`: only adds, nothing that is there is touched. `destructive`: can lose rows or values.

    Both are None when nobody knows: a revision written or edited by hand is not what was generated.
    """

    operations: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    additive: bool | None = None
    destructive: bool | None = None

    @classmethod
    def of(cls, operations: Sequence[Operation]) -> Self:
        """The nature of generated operations."""
        names = (f"{each.schema}.{each.table}" if each.schema else each.table for each in operations if each.table)
        return cls(
            operations=tuple(each.summary for each in operations),
            tables=tuple(dict.fromkeys(names)),
            additive=all(each.additive for each in operations),
            destructive=any(each.destructive for each in operations),
        )

    def then(self, later: "Nature") -> "Nature":
        """The nature of this and what follows it, as one."""
        return Nature(
            operations=(*self.operations, *later.operations),
            tables=tuple(dict.fromkeys((*self.tables, *later.tables))),
            additive=None if None in (self.additive, later.additive) else bool(self.additive and later.additive),
            destructive=None
            if None in (self.destructive, later.destructive)
            else bool(self.destructive or later.destructive),
        )

    @property
    def words(self) -> str:
        """One phrase for people."""
        if self.destructive:
            return "can lose rows or values"
        if self.additive:
            return "only adds, touches nothing that is there"
        if self.destructive is None:
            return "written or edited by hand: nobody but the reader knows what it does"
        return "changes what is there, loses nothing"

    def to_json(self) -> JsonObject:
        return {
            "operations": list(self.operations),
            "tables": list(self.tables),
            "additive": self.additive,
            "destructive": self.destructive,
        }

    @classmethod
    def from_json(cls, data: JsonValue) -> Self:
        """The Nature written by `to_json`. Raises TypeError or KeyError."""
        if not isinstance(data, Mapping):
            raise TypeError("a change's nature is an object")
        return cls(
            _texts(data["operations"]), _texts(data["tables"]), _flag(data["additive"]), _flag(data["destructive"])
        )


def _texts(data: JsonValue) -> tuple[str, ...]:
    if isinstance(data, str) or not isinstance(data, Sequence):
        raise TypeError("a list of texts is needed here")
    return tuple(str(each) for each in data)


def _flag(data: JsonValue) -> bool | None:
    if data is None or isinstance(data, bool):
        return data
    raise ValueError("true, false or null is needed here")
