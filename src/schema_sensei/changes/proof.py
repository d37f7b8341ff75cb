"""Proof that a change can be undone: up, down, up on a scratch copy, judged object by object."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self, assert_never

from ..migrations.unit import Unit
from ..postgres.catalog import Catalog, Difference
from ..postgres.version_table import VersionTable
from ..terms.json import JsonObject, JsonValue
from .holdings import Holdings, not_kept, rewritten
from .losses import Loss, losses
from .script import Script


class Value(StrEnum):
    """What a rehearsal showed."""

    PROVEN = "proven"
    LOSSY = "lossy"
    ONE_WAY = "one-way"
    UNPROVEN = "unproven"
    FAILED = "failed"

    @property
    def words(self) -> str:
        """One sentence for people."""
        match self:
            case Value.PROVEN:
                return "Up, down, up: every object is as it was, and nothing that was there is lost."
            case Value.LOSSY:
                return "Up, down, up: every object is as it was, but the way down does not bring everything back."
            case Value.ONE_WAY:
                return "The upgrade works; its author says that there is no way back, and why."
            case Value.UNPROVEN:
                return "Nobody knows whether the way down leads back: there is no scratch copy to try it on."
            case Value.FAILED:
                return "The way down does not lead back to where it began."
        assert_never(self)


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdict on one text of a change; `digest` is that change's, `up` and `down` are those of its Scripts.

    `reasons` say what went wrong beside objects, `differences` name each object that is not as before. `lost` is what
    was there before the change and does not come back; `since` is what goes with the way down because it was written
    after the change: that is every downgrade's nature and no blemish. `notes` are differences that do not count.
    `ground` says on what it was rehearsed; `irreversible` why its author wants no way back; `losses` what the upgrade
    takes from tables that were there, whether or not the way down brings it back, and `down_losses` what the way down
    takes from the tables as the change leaves them (None: nobody saw it).
    """

    value: Value
    digest: str
    up: str
    down: str | None
    reasons: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    objects: int = 0
    seconds: float = 0.0
    ground: str = ""
    irreversible: str = ""
    losses: tuple[Loss, ...] = ()
    down_losses: tuple[Loss, ...] | None = None

    @property
    def summary(self) -> str:
        """One line: the verdict and how much stands behind it."""
        match self.value:
            case Value.PROVEN:
                return f"proven: up, down, up leaves {self.objects} objects as they were ({self.seconds:.1f} s)"
            case Value.LOSSY:
                return f"lossy: the way down restores every object, but not {', '.join(self.lost)}"
            case Value.ONE_WAY:
                return f"one way, on purpose: {self.irreversible}"
            case Value.UNPROVEN:
                return f"unproven: {'; '.join(self.reasons)}"
            case Value.FAILED:
                return f"failed: {'; '.join((*self.reasons, *self.differences)[:3])}"
        assert_never(self.value)

    def to_json(self) -> JsonObject:
        """Plain data that `from_json` turns into an equal Proof."""
        return {
            "value": self.value.value,
            "digest": self.digest,
            "up": self.up,
            "down": self.down,
            "reasons": list(self.reasons),
            "differences": list(self.differences),
            "lost": list(self.lost),
            "since": list(self.since),
            "notes": list(self.notes),
            "objects": self.objects,
            "seconds": self.seconds,
            "ground": self.ground,
            "irreversible": self.irreversible,
            "losses": [each.to_json() for each in self.losses],
            "down_losses": None if self.down_losses is None else [each.to_json() for each in self.down_losses],
        }

    @classmethod
    def from_json(cls, data: JsonValue) -> Self:
        """The Proof written by `to_json`; TypeError, ValueError or KeyError when the data is something else."""
        if not isinstance(data, Mapping):
            raise TypeError("a proof is an object")
        objects, seconds, down = data["objects"], data["seconds"], data["down"]
        down_losses = data.get("down_losses")
        if not isinstance(objects, int) or not isinstance(seconds, int | float):
            raise TypeError("a proof counts objects and seconds")
        return cls(
            value=Value(str(data["value"])),
            digest=str(data["digest"]),
            up=str(data["up"]),
            down=None if down is None else str(down),
            reasons=_texts(data["reasons"]),
            differences=_texts(data["differences"]),
            lost=_texts(data["lost"]),
            since=_texts(data["since"]),
            notes=_texts(data["notes"]),
            objects=objects,
            seconds=float(seconds),
            ground=str(data.get("ground", "")),
            irreversible=str(data.get("irreversible", "")),
            losses=tuple(Loss.from_json(each) for each in _list(data.get("losses", ()))),
            down_losses=None if down_losses is None else tuple(Loss.from_json(each) for each in _list(down_losses)),
        )

    @classmethod
    def unproven(cls, why: str, *, digest: str, up: str, down: str | None) -> Self:
        """What is said of a change for which there is no scratch copy."""
        return cls(Value.UNPROVEN, digest, up, down, reasons=(why,))


@dataclass(frozen=True, slots=True)
class Sight:
    """A database as it was seen at one moment of the rehearsal; `contents` are hashes of the rows by table."""

    catalog: Catalog
    holdings: Holdings
    contents: Mapping[int, str] = field(default_factory=dict)

    @property
    def shape(self) -> Catalog:
        """The catalog with the marks: what must be as before."""
        return Catalog.of([*self.catalog.rows, *self.holdings.marks])


@dataclass(frozen=True, slots=True)
class Journey:
    """What a rehearsal saw: before, at the top, at the bottom again, at the top again; None where it never came."""

    base: Sight
    top: Sight | None = None
    bottom: Sight | None = None
    again: Sight | None = None
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0


def judge(
    journey: Journey,
    up: Script,
    down: Script | None,
    *,
    digest: str,
    version_table: VersionTable,
    irreversible: str = "",
) -> Proof:
    """The verdict on what was seen; with a reason why it is `irreversible`, only the way up counts."""
    top_holdings = journey.top.holdings if journey.top is not None else journey.base.holdings
    statements = [each for unit in up.units for each in own_statements(unit, version_table)]
    taken = losses(journey.base.holdings, top_holdings, statements)
    if irreversible and journey.top is not None:
        return Proof(
            Value.ONE_WAY,
            digest,
            up.digest,
            None if down is None else down.digest,
            objects=len(journey.top.catalog.rows),
            seconds=round(journey.seconds, 3),
            irreversible=irreversible,
            losses=taken,
        )
    reasons, base, top, bottom = list(journey.reasons), journey.base, journey.top, journey.bottom
    failures: list[str] = []
    notes: list[str] = []
    lost: list[str] = []
    since: list[str] = []
    taken_back: tuple[Loss, ...] | None = None
    if down is not None:
        reasons[:0] = (f"the downgrade of {each} is empty" for each in empty_downgrades(up, down, version_table))
    if top is not None and bottom is not None:
        failures, notes = in_words(base.shape.difference(bottom.shape))
        lost = [*not_kept(base.holdings, top.holdings, bottom.holdings), *rewritten(statements, base.holdings)]
        lost += _changed_rows(base, bottom, lost)
        since = list(not_kept(top.holdings, bottom.holdings, bottom.holdings))
        downwards = [each for unit in down.units for each in own_statements(unit, version_table)] if down else []
        taken_back = losses(top.holdings, bottom.holdings, downwards)
    if top is not None and journey.again is not None and not failures:
        second, _ = in_words(top.shape.difference(journey.again.shape))
        reasons += [f"the second upgrade makes something else than the first: {each}" for each in second]
    failed = bool(reasons or failures) or journey.again is None
    return Proof(
        value=Value.FAILED if failed else Value.LOSSY if lost else Value.PROVEN,
        digest=digest,
        up=up.digest,
        down=None if down is None else down.digest,
        reasons=tuple(dict.fromkeys(reasons)),
        differences=tuple(failures),
        lost=tuple(dict.fromkeys(lost)),
        since=tuple(dict.fromkeys(since)),
        notes=tuple(notes),
        objects=len(base.catalog.rows) if bottom is None else len(bottom.catalog.rows),
        seconds=round(journey.seconds, 3),
        losses=taken,
        down_losses=taken_back,
    )


def _changed_rows(base: Sight, bottom: Sight, told: Sequence[str]) -> Iterator[str]:
    """Tables whose made-up rows came back different, unless what is lost there is told already."""
    for oid, digest in base.contents.items():
        name = base.holdings.tables.get(oid, "")
        mentioned = any(each.endswith(name) or f" {name}." in each or f" {name} " in each for each in told)
        if oid in bottom.contents and bottom.contents[oid] != digest and not mentioned:
            yield f"rows of {name} as they were before: made-up rows came back changed"


def in_words(found: Iterable[Difference]) -> tuple[list[str], list[str]]:
    """Failures and notes: each object that a downgrade leaves behind, loses or changes; parts are counted, not told."""
    every = tuple(found)
    whole = {
        (each.ident, each.left is None) for each in every if each.kind in _WHOLES and None in (each.left, each.right)
    }
    parts: dict[tuple[str, bool], int] = {}
    kept: list[Difference] = []
    notes: list[str] = []
    alone = {
        (each.ident, each.left is None) for each in every if each.kind != "grants" and None in (each.left, each.right)
    }
    columns = {each.ident.rpartition(".")[0] for each in every if each.kind == "column"}
    for each in every:
        owner = _owner(each, whole)
        if owner is not None:
            parts[owner] = parts.get(owner, 0) + 1
        elif each.kind == "grants" and None in (each.left, each.right) and (each.ident, each.left is None) in alone:
            continue  # an object that is not there has none
        elif each.kind == "column_order":
            if each.ident not in columns:
                notes.append(f"the order of the columns of {each.ident} changes; nothing else does")
        else:
            kept.append(each)
    return [_sentence(each, parts.get((each.ident, each.left is None), 0)) for each in kept], notes


def empty_downgrades(up: Script, down: Script, version_table: VersionTable) -> Iterator[str]:
    """The revisions that do something on the way up and nothing on the way down."""
    undone = {unit.revision for unit in down.units if unit.opaque or own_statements(unit, version_table)}
    for revision in up.revisions:
        units = [unit for unit in up.units if unit.revision == revision]
        does = any(unit.opaque or own_statements(unit, version_table) for unit in units)
        if does and revision not in undone:
            yield revision


def own_statements(unit: Unit, version_table: VersionTable) -> tuple[str, ...]:
    """A unit's statements without its guard and without those that keep the version table."""
    keeping = re.compile(
        r"\s*(?:CREATE TABLE(?: IF NOT EXISTS)?|DROP TABLE(?: IF EXISTS)?|INSERT INTO|UPDATE|DELETE FROM"
        rf"|COMMENT ON TABLE)\s+(?:\"?\w+\"?\.)?\"?{re.escape(version_table.name)}\"?(?:\s|\(|;|$)",
        re.IGNORECASE,
    )
    guards = 1 if unit.transactional and not unit.opaque else 0
    return tuple(each for each in unit.statements[guards:] if not keeping.match(each))


_WHOLES = frozenset({"table", "view", "matview"})
_PARTS = frozenset(
    {"column", "column_order", "constraint", "index", "trigger", "policy", "rule", "grants", "column settings"}
    | {"cluster order"}
)


def _owner(each: Difference, whole: set[tuple[str, bool]]) -> tuple[str, bool] | None:
    """The table or view that is itself left behind or lost, and to which this belongs."""
    if each.kind not in _PARTS or None not in (each.left, each.right):
        return None
    side, ident = each.left is None, each.ident
    while ident:
        if (ident, side) in whole:
            return ident, side
        ident = ident.rpartition(".")[0]
    return None


def _sentence(each: Difference, parts: int) -> str:
    name = f"{each.kind.replace('_', ' ')} {each.ident}" + (f" (with {parts} parts)" if parts else "")
    if each.left is None:
        return f"left behind: {name}"
    if each.right is None:
        return f"lost: {name}" + (f" [{each.left}]" if each.left and each.kind not in _WHOLES else "")
    return f"not as before: {name}: was [{each.left}], is [{each.right}]"


def _list(data: JsonValue) -> Sequence[JsonValue]:
    if isinstance(data, str) or not isinstance(data, Sequence):
        raise TypeError("a list is needed here")
    return data


def _texts(data: JsonValue) -> tuple[str, ...]:
    if isinstance(data, str) or not isinstance(data, Sequence):
        raise TypeError("a list of texts is needed here")
    return tuple(str(each) for each in data)
