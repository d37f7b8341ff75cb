"""Three-way comparison of catalogs: what the models say, what the migrations make, what the live database has.

PostgreSQL prints all three sides itself, so nothing needs normalising; equality is equality of text. One verdict per
object, in words, with what to do about it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import assert_never

from ..postgres.catalog import Catalog, Entry
from ..terms.json import JsonObject

# SQLAlchemy models cannot declare these; a database that has them is healthy.
NEVER_MODELLED = frozenset(
    {"view", "matview", "rule", "trigger", "policy", "statistics", "range", "function", "procedure", "aggregate"}
    | {"extension", "schema", "domain", "grants"}
)
_NOT_TOLD = frozenset({"schema", "grants"})
"""What is as the migrations make it, no model can say, and nobody needs to hear of."""

_UNSAID = frozenset({"rls", "force rls", "replident f", "replident n", "replident i"})
_CONTAINERS = frozenset({"table", "view", "matview"})

Key = tuple[str, str]


class Standing(StrEnum):
    """How the three sides stand to each other for one object."""

    DRIFT = "drift"
    UNMIGRATED = "not migrated"
    BOTH = "drift, and not migrated"
    AROUND = "went around the migrations"
    UNSTAMPED = "applied, not stamped"
    PENDING = "not deployed yet"
    ORDER = "column order"
    NOT_MODELLED = "not modelled"

    @property
    def normal(self) -> bool:
        """True when nothing has to be done about it."""
        return self in {Standing.NOT_MODELLED, Standing.ORDER, Standing.PENDING}

    @property
    def remedy(self) -> str:
        """What to do about an object that stands so."""
        match self:
            case Standing.DRIFT:
                return (
                    "Keep it: write it into the models, or where models cannot say it into a revision with op.execute "
                    "(`sensei run modify-table`). Take it back: undo it there by a reviewed change. "
                    "Leave it out: name it under `ignore:` in sensei.yaml."
                )
            case Standing.UNMIGRATED:
                return "Write a migration for it (`sensei run modify-table`), or take the edit out of the models."
            case Standing.BOTH:
                return (
                    "First decide what the database should have and write that into the models; "
                    "then write a migration for it (`sensei run modify-table`)."
                )
            case Standing.AROUND:
                return (
                    "Write a migration for it (`sensei run modify-table`), or other databases never get it; "
                    "a database that has it already adopts that revision: `sensei drift --adopt`."
                )
            case Standing.UNSTAMPED:
                return "The database has what a pending revision makes. Adopt that revision: `sensei drift --adopt`."
            case Standing.PENDING:
                return "Apply the pending revisions; `sensei status` names them, `sensei review --env` judges them."
            case Standing.ORDER:
                return "Nothing to do: only the order of the columns differs."
            case Standing.NOT_MODELLED:
                return "Nothing to do: models cannot describe it; the migrations carry it."
        assert_never(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One object that is not the same on all sides; `parts` counts what differs inside it and is folded into it."""

    kind: str
    ident: str
    standing: Standing
    detail: str
    parts: int = 0

    @property
    def object(self) -> str:
        """The object in words: `table public.orders (with 7 parts)`."""
        inside = f" (with {self.parts} parts)" if self.parts else ""
        return f"{self.kind.replace('_', ' ')} {self.ident}{inside}"

    def to_json(self) -> JsonObject:
        return {
            "kind": self.kind,
            "object": self.ident,
            "verdict": self.standing.value,
            "detail": self.detail,
            "remedy": self.standing.remedy,
        }


def compare(
    models: Catalog,
    migrations: Catalog,
    live: Catalog,
    *,
    deployed: Catalog | None = None,
    ignore: Iterable[str] = (),
    unless: Callable[[str, str], bool] = lambda _kind, _ident: False,
    made_by: str = "the migrations make",
) -> tuple[Verdict, ...]:
    """Every object on which the sides differ, or that the models cannot describe, sorted by object.

    `migrations` is what the migrations make at their heads; `deployed` what they make at the heads where the live
    database stands (the same when nothing is pending). `ignore` names tables to leave out, such as the version table;
    `unless` says of a kind and an ident whether the project leaves it out; `made_by` is how to call `migrations` when
    something else stands in for it.
    """
    sides = _Sides.of(made_by, models, migrations, deployed or migrations, live)
    ignored = tuple(ignore)
    inside = tuple(f"{name}." for name in ignored)
    found: dict[Key, Verdict] = {}
    for key in sorted(sides.keys(), key=lambda key: (key[1], key[0])):
        if key[1] in ignored or key[1].startswith(inside) or unless(*key):
            continue
        if key[0] == "sequence" and (owner := _owning_column(key, sides)) and unless("column", owner):
            continue
        verdict = sides.judge(key)
        if verdict is not None:
            found[key] = verdict
    return tuple(_fold(found, sides))


@dataclass(frozen=True)
class _Sides:
    """What is not the same everywhere, by side."""

    made_by: str
    whole: tuple[Catalog, ...]
    models: Mapping[Key, str]
    migrations: Mapping[Key, str]
    deployed: Mapping[Key, str]
    live: Mapping[Key, str]

    @classmethod
    def of(cls, made_by: str, *catalogs: Catalog) -> "_Sides":
        first, *others = (catalog.rows for catalog in catalogs)
        same = first.intersection(*others)
        return cls(made_by, catalogs, *(_rows(catalog.rows - same) for catalog in catalogs))

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables of any side, the same everywhere or not."""
        return frozenset(row.ident for catalog in self.whole for row in catalog.rows if row.kind == "table")

    @cached_property
    def partitions(self) -> frozenset[str]:
        """The partitions of other tables on any side."""
        rows = (row for catalog in self.whole for row in catalog.rows)
        return frozenset(row.ident for row in rows if row.kind == "table" and is_partition(row.definition))

    def keys(self) -> set[Key]:
        return {*self.models, *self.migrations, *self.deployed, *self.live}

    def judge(self, key: Key) -> Verdict | None:
        kind, ident = key
        m, g, d, live = (side.get(key) for side in (self.models, self.migrations, self.deployed, self.live))
        if kind == "extension" and g is None and d is None:
            return None  # an extension nobody migrated is the server's business
        modelled = m is not None or not (kind in NEVER_MODELLED or self.part_of_unmodelled(key))
        unmigrated = modelled and not same_to_models(kind, m, g)
        if live != d:
            if kind == "column_order" and live is not None and d is not None:
                standing = Standing.ORDER
            elif live == g:
                standing = Standing.UNSTAMPED
            elif modelled and unmigrated:
                standing = Standing.AROUND if m == live else Standing.BOTH
            else:
                standing = Standing.DRIFT
            detail = _difference(d, live, self.made_by, "the database")
            if kind == "grants" and None in (d, live):
                detail = f"{detail} [{d or live}]"
            return Verdict(kind, ident, standing, detail)
        if unmigrated:
            if kind == "column_order" and m is not None and g is not None:
                standing = Standing.ORDER
            else:
                standing = Standing.UNMIGRATED
            return Verdict(kind, ident, standing, _difference(g, m, self.made_by, "the models"))
        if d != g:
            return Verdict(kind, ident, Standing.PENDING, _difference(d, g, "the database has", "the migrations"))
        if not modelled and kind not in _NOT_TOLD:
            return Verdict(kind, ident, Standing.NOT_MODELLED, "in the migrations and the database")
        return None

    def part_of_unmodelled(self, key: Key) -> bool:
        """True for columns of composite types, and for partitions with all that is theirs: models have neither."""
        kind, ident = key
        own = kind in {"table", "column_order"}
        table = ident if own else ident.rpartition(".")[0]
        if table in self.partitions:
            return True
        return kind in {"column", "column_order"} and table not in self.tables

    def one_sided(self, key: Key) -> bool:
        """True when the whole object is missing on a side that another side has."""
        held = [key in side for side in (self.models, self.migrations, self.deployed, self.live)]
        return any(held) and not all(held)


def is_partition(definition: str) -> bool:
    """Whether a table's definition in a Catalog is that of a partition of another one."""
    return " | FOR VALUES " in definition or " | DEFAULT | " in definition


def same_to_models(kind: str, model: str | None, made: str | None) -> bool:
    """Equal but for what models cannot say: row level security, the identity of replicas, the owner of a sequence."""
    if kind == "sequence" and model is not None and made is not None:
        return made == model or made.startswith(f"{model} ")
    if model == made or kind != "table" or model is None or made is None:
        return model == made
    return [part for part in model.split(" | ") if part not in _UNSAID] == [
        part for part in made.split(" | ") if part not in _UNSAID
    ]


def _rows(rows: Iterable[Entry]) -> dict[Key, str]:
    # The version of an extension is the server's choice; only whether it is there counts.
    return {(kind, ident): "" if kind == "extension" else definition for kind, ident, definition in rows}


def _difference(here: str | None, there: str | None, ours: str, theirs: str) -> str:
    if here is None:
        return f"only in {theirs}"
    if there is None:
        return f"missing in {theirs}"
    verb = "have" if theirs.endswith("s") else "has"
    return f"{ours} [{here}], {theirs} {verb} [{there}]"


def _fold(found: Mapping[Key, Verdict], sides: _Sides) -> Iterator[Verdict]:
    """Columns, constraints, indexes and owned sequences disappear into a table that is itself missing on a side."""
    owners = {verdict.ident: key for key, verdict in found.items() if key[0] in _CONTAINERS and sides.one_sided(key)}
    parts: dict[Key, int] = {}
    kept: list[Key] = []
    for key, verdict in found.items():
        owner = None if key in owners.values() else _owner(key, sides, owners)
        if owner is not None and found[owner].standing is verdict.standing:
            parts[owner] = parts.get(owner, 0) + 1
        else:
            kept.append(key)
    for key in kept:
        verdict = found[key]
        yield Verdict(verdict.kind, verdict.ident, verdict.standing, verdict.detail, parts.get(key, 0))


def _owner(key: Key, sides: _Sides, owners: Mapping[str, Key]) -> Key | None:
    kind, ident = key
    if kind == "sequence":
        ident = _owning_column(key, sides)
    while ident:
        if ident in owners:
            return owners[ident]
        ident = ident.rpartition(".")[0]
    return None


def _owning_column(key: Key, sides: _Sides) -> str:
    """The column that owns a sequence, with which its definition ends; empty for one of its own."""
    definition = next(text for side in _each(sides) if (text := side.get(key)) is not None)
    last = definition.rpartition(" ")[2]
    return last if "." in last else ""


def _each(sides: _Sides) -> tuple[Mapping[Key, str], ...]:
    return sides.models, sides.migrations, sides.deployed, sides.live
