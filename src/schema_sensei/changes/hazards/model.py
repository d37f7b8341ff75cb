"""Hazard: one thing that is wrong, or was feared and cleared, with the cure ready to paste."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    none was seen; `stops` says what others cannot do meanwhile, `lasts` for about how long on the target called `real`.
    A cleared hazard carries the reason and counts as none; `accepted` is why a person takes it as it is. `file` and
    `revision` say where the statement comes from; `line` counts in that file.
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
    accepted: str = ""
    lasts: str = ""
    real: str = ""
    file: str = ""
    revision: str = ""

    @property
    def standing(self) -> bool:
        """True while nothing cleared it and nobody accepted it."""
        return not self.cleared and not self.accepted

    @property
    def key(self) -> str:
        """Names the hazard for an agreement: equal while id, object and statement are."""
        text = " ".join(self.statement.split())
        return hashlib.sha256(f"{self.id}\n{self.object}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def to_json(self) -> JsonObject:
        """The public form, these keys and no others; what stands no more is cleared, and `why` says for what reason."""
        accepted = f"Accepted: {self.accepted}" if self.accepted else ""
        return {
            "id": self.id,
            "level": self.level,
            "cleared": not self.standing,
            "statement": self.statement,
            "object": self.object,
            "rows": self.rows,
            "lock": self.lock,
            "why": self.reason or accepted or self.why,
            "safer": self.safer,
        }


@dataclass(frozen=True, slots=True)
class Review:
    """The judgement of one SQL text: its hazards, on what they were found, and the sha256 (hex) of the text.

    `notes` say what the copy lacks, and what was written to no effect.
    """

    hazards: tuple[Hazard, ...]
    target: str
    digest: str
    notes: tuple[str, ...] = ()

    @property
    def blocked(self) -> bool:
        """True when a hazard blocks that was neither cleared nor accepted."""
        return any(each.level == "blocks" and each.standing for each in self.hazards)

    def accept(self, reasons: Mapping[str, str]) -> "Review":
        """The same with hazards accepted; `reasons` by the hazard's key."""
        hazards = tuple(
            replace(each, accepted=reasons[each.key]) if each.standing and each.key in reasons else each
            for each in self.hazards
        )
        return replace(self, hazards=ordered(hazards))

    def to_json(self) -> JsonObject:
        """The public form."""
        return {
            "hazards": [each.to_json() for each in self.hazards],
            "target": self.target,
            "digest": self.digest,
        }


def digest(text: str) -> str:
    """The sha256 (hex) of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def ordered(hazards: Sequence[Hazard]) -> tuple[Hazard, ...]:
    """The worst first, accepted and then cleared ones last, then in the order of the text."""

    def place(each: Hazard) -> tuple[object, ...]:
        return each.cleared, bool(each.accepted), LEVELS.index(each.level), each.line, each.id

    return tuple(sorted(hazards, key=place))
