"""Hazard: one thing that is wrong, or was feared and cleared, with the cure ready to paste."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...terms.json import JsonObject

Level: TypeAlias = Literal["blocks", "danger", "advice"]
"""blocks: do not run this as it stands; danger: a person must look at it; advice: it will be regretted later."""

LEVELS: tuple[Level, ...] = ("blocks", "danger", "advice")


@dataclass(frozen=True, slots=True)
class Hazard:
    """One finding on one statement.

    `line` counts from 1; `object` is schema-qualified; `rows` and `size` (bytes, indexes included) are those of the
    table on the copy, None where there is none; `lock` is PostgreSQL's name of it ("ACCESS EXCLUSIVE"), empty when
    none was seen; `stops` says what others cannot do meanwhile. A cleared hazard carries the reason and counts as none.
    """

    id: str
    level: Level
    statement: str
    line: int
    object: str
    why: str
    safer: str
    rows: int | None = None
    size: int | None = None
    lock: str = ""
    stops: str = ""
    cleared: bool = False
    reason: str = ""

    def to_json(self) -> JsonObject:
        """The public form; when cleared, `why` is the reason for it."""
        return {
            "id": self.id,
            "level": self.level,
            "cleared": self.cleared,
            "statement": self.statement,
            "object": self.object,
            "rows": self.rows,
            "lock": self.lock,
            "why": self.reason if self.cleared else self.why,
            "safer": self.safer,
        }


@dataclass(frozen=True, slots=True)
class Review:
    """The judgement of one SQL text: its hazards, on what they were found, and the sha256 (hex) of the text."""

    hazards: tuple[Hazard, ...]
    target: str
    digest: str

    @property
    def blocked(self) -> bool:
        """True when a hazard that was not cleared blocks."""
        return any(each.level == "blocks" and not each.cleared for each in self.hazards)

    def to_json(self) -> JsonObject:
        """The public form."""
        return {"hazards": [each.to_json() for each in self.hazards], "target": self.target, "digest": self.digest}


def digest(text: str) -> str:
    """The sha256 (hex) of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def ordered(hazards: Sequence[Hazard]) -> tuple[Hazard, ...]:
    """The worst first, cleared ones last, then in the order of the text."""
    return tuple(sorted(hazards, key=lambda each: (each.cleared, LEVELS.index(each.level), each.line, each.id)))
