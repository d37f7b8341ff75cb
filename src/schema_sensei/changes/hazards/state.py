"""The schema by oid at one moment: what was there before, what was renamed, changed or dropped since."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from ...postgres.session import Connection


class Relation(NamedTuple):
    """A table, partitioned table, view, materialized view, sequence or index; `name` is schema-qualified.

    `owned` is a sequence that belongs to a column.
    """

    name: str
    kind: str
    filenode: int
    persistence: str
    rls: bool
    force_rls: bool
    partition: bool
    owned: bool


class Column(NamedTuple):
    """A column; `type` as format_type prints it; `default` is its expression, or the letter of its identity."""

    table: int
    name: str
    type: str
    not_null: bool
    default: str | None
    generated: bool


class Constraint(NamedTuple):
    """A constraint; `kind` is pg_constraint.contype, `columns` and `target_columns` are attribute numbers."""

    table: int
    name: str
    kind: str
    valid: bool
    columns: tuple[int, ...]
    target: int
    target_columns: tuple[int, ...]
    definition: str


class Index(NamedTuple):
    """An index; `columns` holds 0 for an expression."""

    table: int
    name: str
    valid: bool
    unique: bool
    columns: tuple[int, ...]
    partial: bool
    definition: str
    method: str


class Trait(NamedTuple):
    """What an object is like, in words that change when it does.

    A "routine" (noted "stored" when an index, check, policy or stored column computes with it, "definer" when it runs
    with its owner's rights in a search_path of the caller's), a "view" (noted its options), a "rule" on a table (noted
    whether it runs instead), a "sequence", a table's "replica identity", and the parent of an "heir".
    """

    name: str
    words: str
    noted: str


class Grant(NamedTuple):
    """A right of somebody else than the owner on a relation, column (`part` is its number), schema or function."""

    kind: str
    oid: int
    part: int
    name: str
    grantee: str
    privilege: str


@dataclass(frozen=True)
class State:
    """Every user object of a database, by oid (columns by table oid and attribute number)."""

    relations: Mapping[int, Relation]
    columns: Mapping[tuple[int, int], Column]
    constraints: Mapping[int, Constraint]
    indexes: Mapping[int, Index]
    policies: Mapping[int, tuple[int, str, str]]
    triggers: Mapping[int, tuple[int, str, str]]
    enums: Mapping[int, tuple[str, tuple[str, ...]]]
    others: Mapping[tuple[str, int], str]
    traits: Mapping[tuple[str, int], Trait]
    public: frozenset[tuple[str, str]]
    granted: frozenset[Grant]

    def tables(self) -> dict[int, Relation]:
        """Tables and partitioned tables."""
        return {oid: each for oid, each in self.relations.items() if each.kind in "rp"}


def read(connection: Connection) -> State:
    """The state as this session sees it, uncommitted changes included; takes no lock on user tables.

    Names are printed in full, whatever search_path the file has set; that stays as it was.
    """
    with connection.transaction():
        path = connection.execute("SELECT pg_catalog.current_setting('search_path')").fetchone()
        connection.execute("SELECT pg_catalog.set_config('search_path', '', true)")
        row = connection.execute(_query()).fetchone()
        connection.execute("SELECT pg_catalog.set_config('search_path', %s, true)", list(path or ("",)))
    data = row[0] if row is not None else {}
    if isinstance(data, str):
        data = json.loads(data)
    return State(
        relations={each[0]: Relation(*each[1:]) for each in data["relations"]},
        columns={(each[0], each[1]): Column(each[0], *each[2:]) for each in data["columns"]},
        constraints={
            each[0]: Constraint(
                each[1], each[2], each[3], each[4], tuple(each[5] or ()), each[6], tuple(each[7] or ()), each[8]
            )
            for each in data["constraints"]
        },
        indexes={
            each[0]: Index(each[1], each[2], each[3], each[4], tuple(each[5]), *each[6:]) for each in data["indexes"]
        },
        policies={each[0]: (each[1], each[2], each[3]) for each in data["policies"]},
        triggers={each[0]: (each[1], each[2], each[3]) for each in data["triggers"]},
        enums={each[0]: (each[1], tuple(each[2] or ())) for each in data["enums"]},
        others={(each[0], each[1]): each[2] for each in data["others"]},
        traits={(each[0], each[1]): Trait(each[2], each[3], each[4] or "") for each in data["traits"]},
        public=frozenset((each[0], each[1]) for each in data["public"]),
        granted=frozenset(Grant(*each) for each in data["granted"]),
    )


@cache
def _query() -> bytes:
    return files(__package__).joinpath("state.sql").read_bytes()
