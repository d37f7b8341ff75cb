"""Script: the exact SQL that travels, as units of statements; its text for people and its digest for agreements."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from ..migrations.unit import Unit
from ..terms.json import JsonObject, JsonValue


@dataclass(frozen=True)
class Script:
    """Units in the order in which they run; each starts where the one before it ends.

    Statements come from Alembic's own emission, one per item, never from splitting text.
    """

    units: tuple[Unit, ...]

    @cached_property
    def digest(self) -> str:
        """The sha256 (hex) of the canonical JSON of the units, so that statement boundaries count too."""
        return _sha256(self.to_json())

    @cached_property
    def text(self) -> str:
        """The whole text as it runs, for people to read: one header line per unit, guards included."""
        return _lay_out(self.units, guards=True)

    @cached_property
    def reading(self) -> str:
        """The text with each guard folded into one comment line: what a person reads first."""
        return _lay_out(self.units, guards=False)

    @property
    def statements(self) -> int:
        """How many statements it has, guards not counted."""
        return sum(len(unit.statements) - _guards(unit) for unit in self.units)

    @property
    def opaque(self) -> bool:
        """True when a unit's SQL cannot be known without reading data."""
        return any(unit.opaque for unit in self.units)

    @property
    def transactional(self) -> bool:
        """True when every unit is one transaction: a failure then leaves nothing of its unit behind."""
        return all(unit.transactional for unit in self.units)

    @property
    def start(self) -> tuple[str, ...]:
        """The heads at which the database must stand before the first unit; () is an empty database."""
        return self.units[0].heads_before if self.units else ()

    @property
    def end(self) -> tuple[str, ...]:
        """The heads at which it stands after the last unit."""
        return self.units[-1].heads_after if self.units else ()

    @property
    def revisions(self) -> tuple[str, ...]:
        """The revisions in the order of their units, each once."""
        return tuple(dict.fromkeys(unit.revision for unit in self.units))

    def texts(self, last: int | None = None) -> dict[str, str]:
        """The sha256 (hex) of each revision's statements, guards left out: what one revision is, in whatever range.

        `last` counts only the revisions of so many units at the end. A revision whose SQL is not known is not there.
        """
        wanted = {unit.revision for unit in self.units[len(self.units) - (len(self.units) if last is None else last) :]}
        statements: dict[str, list[str]] = {}
        for unit in self.units:
            if unit.revision in wanted:
                statements.setdefault(unit.revision, []).extend(unit.statements[_guards(unit) :])
        opaque = {unit.revision for unit in self.units if unit.opaque}
        return {each: _sha256(texts) for each, texts in statements.items() if each not in opaque}

    def to_json(self) -> JsonObject:
        """Plain data that `from_json` turns into an equal Script."""
        return {"units": [unit.to_json() for unit in self.units]}

    @classmethod
    def from_json(cls, data: JsonValue) -> Self:
        """The Script written by `to_json`; TypeError, ValueError or KeyError when the data is something else."""
        if not isinstance(data, Mapping) or not isinstance(data["units"], Sequence):
            raise TypeError("a script is an object with a list of units")
        return cls(tuple(Unit.from_json(unit) for unit in data["units"] if isinstance(unit, Mapping)))


def _sha256(value: JsonValue) -> str:
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _guards(unit: Unit) -> int:
    return 1 if unit.transactional and not unit.opaque and unit.statements else 0


def _lay_out(units: tuple[Unit, ...], *, guards: bool) -> str:
    return "\n\n".join("\n".join(_unit_lines(number, len(units), unit, guards)) for number, unit in enumerate(units, 1))


def _unit_lines(number: int, count: int, unit: Unit, guards: bool) -> Iterator[str]:
    way = "one transaction" if unit.transactional else "outside a transaction"
    yield f"-- unit {number} of {count} · revision {unit.revision} · {way}"
    if unit.opaque:
        yield "-- opaque: this revision reads data to decide what it does; its SQL cannot be shown beforehand"
        return
    folded = 0 if guards else _guards(unit)
    if folded:
        yield f"-- guard: refuses to run unless the database stands at {' + '.join(unit.heads_before) or 'no revision'}"
    for statement in unit.statements[folded:]:
        yield _ended(statement)


def _ended(statement: str) -> str:
    """The statement with its semicolon, on a line of its own where a comment at the end would swallow it."""
    text = statement.strip().removesuffix(";")
    return f"{text}\n;" if "--" in text.rpartition("\n")[2] else f"{text};"
