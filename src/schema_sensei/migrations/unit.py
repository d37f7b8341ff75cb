"""Unit: the statements that run together, between two known places of the version table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from ..terms.json import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Unit:
    """Part of one revision: either one transaction, or exactly one statement that must run outside of any.

    A revision is one transactional unit, unless it has autocommit blocks: then the parts before, between and after them
    are transactional units, each statement inside them is a unit of its own, and the version table moves in the last
    one. A transactional unit's first statement is its guard, a DO block that raises unless the version table stands
    where the unit starts; there is no BEGIN or COMMIT in it. `heads_before` and `heads_after` are sorted.

    An opaque unit has no statements: its SQL depends on what the database answers. `reason` says why, in one line.
    """

    revision: str
    heads_before: tuple[str, ...]
    heads_after: tuple[str, ...]
    transactional: bool
    statements: tuple[str, ...]
    opaque: bool = False
    reason: str = ""

    def to_json(self) -> JsonObject:
        """Plain data that `from_json` turns into an equal Unit."""
        return {
            "revision": self.revision,
            "heads_before": list(self.heads_before),
            "heads_after": list(self.heads_after),
            "transactional": self.transactional,
            "statements": list(self.statements),
            "opaque": self.opaque,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JsonValue]) -> Self:
        """The Unit written by `to_json`; ValueError or KeyError when the data is something else."""
        return cls(
            revision=_text(data["revision"]),
            heads_before=_texts(data["heads_before"]),
            heads_after=_texts(data["heads_after"]),
            transactional=_flag(data["transactional"]),
            statements=_texts(data["statements"]),
            opaque=_flag(data["opaque"]),
            reason=_text(data["reason"]),
        )


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a unit needs a text here, not {value!r}")  # noqa: TRY004 - one error type for wrong data
    return value


def _texts(value: JsonValue) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(f"a unit needs a list of texts here, not {value!r}")  # noqa: TRY004 - one error type
    return tuple(_text(item) for item in value)


def _flag(value: JsonValue) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"a unit needs true or false here, not {value!r}")  # noqa: TRY004 - one error type
    return value
