"""Saved: what a change knows of a backup: of which database, which tables, and that it was restored and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from ..terms.json import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Saved:
    """One backup: `identity` is the database's (postgres.identity), `tables` are schema.table."""

    id: str
    identity: str
    tables: tuple[str, ...]
    verified: bool

    def to_json(self) -> JsonObject:
        return {"id": self.id, "identity": self.identity, "tables": list(self.tables), "verified": self.verified}

    @classmethod
    def from_json(cls, data: JsonValue) -> Self:
        """The Saved written by `to_json`. Raises TypeError or KeyError."""
        if not isinstance(data, Mapping):
            raise TypeError("a saved backup is an object")
        tables = data["tables"]
        if isinstance(tables, str) or not isinstance(tables, Sequence):
            raise TypeError("a backup lists its tables")
        return cls(
            str(data["id"]), str(data["identity"]), tuple(str(each) for each in tables), data["verified"] is True
        )
