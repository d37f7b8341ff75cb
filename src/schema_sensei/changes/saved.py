"""Saved: what a change knows of a backup: of which database, which tables, and that it was restored and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from ..terms.json import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Saved:
    """One backup: `identity` is the database's (postgres.identity), `tables` are schema.table.

    `digest` is that of the only change for which it is enough, since it holds just the columns which that one takes;
    empty for one that holds the tables whole. `at` is when it was taken, in seconds since the epoch, or 0.
    """

    id: str
    identity: str
    tables: tuple[str, ...]
    verified: bool
    digest: str = ""
    at: float = 0.0

    def to_json(self) -> JsonObject:
        return {
            "id": self.id,
            "identity": self.identity,
            "tables": list(self.tables),
            "verified": self.verified,
            "digest": self.digest,
            "at": self.at,
        }

    @classmethod
    def from_json(cls, data: JsonValue) -> Self:
        """The Saved written by `to_json`. Raises TypeError or KeyError."""
        if not isinstance(data, Mapping):
            raise TypeError("a saved backup is an object")
        tables, at = data["tables"], data.get("at", 0.0)
        if isinstance(tables, str) or not isinstance(tables, Sequence):
            raise TypeError("a backup lists its tables")
        if not isinstance(at, int | float):
            raise TypeError("a backup has a time")
        return cls(
            str(data["id"]),
            str(data["identity"]),
            tuple(str(each) for each in tables),
            data["verified"] is True,
            str(data.get("digest", "")),
            float(at),
        )
