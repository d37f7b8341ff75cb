"""Acceptance: somebody takes a hazard as it is, and says why; void as soon as the statement changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ..terms.json import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Acceptance:
    """`key` is the accepted hazard's (`Hazard.key`: its id, object and statement); `at` is seconds since the epoch."""

    hazard: str
    object: str
    key: str
    reason: str
    by: str
    at: float

    @property
    def words(self) -> str:
        """One line for a table."""
        about = f"{self.hazard} on {self.object}" if self.object else self.hazard
        return f"{about}, by {self.by}: {self.reason}"

    def to_json(self) -> JsonObject:
        return {
            "hazard": self.hazard,
            "object": self.object,
            "key": self.key,
            "reason": self.reason,
            "by": self.by,
            "at": self.at,
        }

    @classmethod
    def from_json(cls, data: JsonValue) -> Self:
        """The Acceptance written by `to_json`. Raises TypeError or KeyError."""
        if not isinstance(data, Mapping):
            raise TypeError("an acceptance is an object")
        at = data["at"]
        if not isinstance(at, int | float):
            raise TypeError("an acceptance has a time")
        return cls(
            hazard=str(data["hazard"]),
            object=str(data["object"]),
            key=str(data["key"]),
            reason=str(data["reason"]),
            by=str(data["by"]),
            at=float(at),
        )
