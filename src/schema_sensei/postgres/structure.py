"""The parts of a schema that models describe: tables, columns, constraints, indexes, enums, domains, sequences.

Where the Catalog tells whether two schemas are equal, this tells what to write down. Expressions are as PostgreSQL
prints them with an empty search_path.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from psycopg.rows import dict_row

from . import structure_queries as queries
from .session import Connection

ConstraintKind: TypeAlias = Literal["p", "u", "f", "c", "x"]
"""As in pg_constraint: primary key, unique, foreign key, check, exclusion."""


@dataclass(frozen=True, slots=True)
class TypeName:
    """`text` is what format_type prints, without the brackets of an array; `kind` is pg_type's typtype of the element.

    `schema` and `name` are the element's.
    """

    text: str
    schema: str
    name: str
    kind: str
    array: bool


@dataclass(frozen=True, slots=True)
class Numbers:
    """How a sequence counts."""

    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool


@dataclass(frozen=True, slots=True)
class Column:
    """`identity` is a or d, `generated` s or v, each empty without; `numbers` count the identity or the owned sequence.

    `sequence` is the qualified name of the sequence the column owns.
    """

    name: str
    type: TypeName
    not_null: bool
    default: str
    identity: str
    generated: str
    collation: str
    comment: str
    sequence: str
    numbers: Numbers | None


@dataclass(frozen=True, slots=True)
class Constraint:
    """`definition` is the check's expression, or for an exclusion what stands in brackets; `target` is a foreign key's.

    `elements` are an exclusion's (expression, operator); `using` its access method, `where` its predicate.
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...]
    definition: str
    target: tuple[str, str]
    target_columns: tuple[str, ...]
    on_delete: str
    on_update: str
    match: str
    deferrable: bool
    deferred: bool
    valid: bool
    no_inherit: bool
    nulls_not_distinct: bool
    include: tuple[str, ...]
    using: str
    where: str
    elements: tuple[tuple[str, str], ...]
    comment: str


@dataclass(frozen=True, slots=True)
class Index:
    """`elements` are (text, plain column name or empty); the text has collation, operator class and order with it."""

    name: str
    unique: bool
    using: str
    elements: tuple[tuple[str, str], ...]
    include: tuple[str, ...]
    where: str
    options: tuple[str, ...]
    nulls_not_distinct: bool


@dataclass(frozen=True, slots=True)
class Table:
    """An ordinary or partitioned table; `partition_by` is empty for the first kind."""

    schema: str
    name: str
    unlogged: bool
    options: tuple[str, ...]
    partition_by: str
    comment: str
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    indexes: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Enum:
    """Labels in order."""

    schema: str
    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """`checks` are (constraint name, expression)."""

    schema: str
    name: str
    base: TypeName
    not_null: bool
    default: str
    collation: str
    checks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """One that no column's identity counts with; `owner` is the column, as (schema, table, column), or empty."""

    schema: str
    name: str
    numbers: Numbers
    owner: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """What models describe, sorted by schema and name; partitions and members of extensions are left out."""

    tables: tuple[Table, ...]
    enums: tuple[Enum, ...]
    domains: tuple[Domain, ...]
    sequences: tuple[Sequence, ...]

    @classmethod
    def read(cls, connection: Connection, *, schemas: Collection[str]) -> "Structure":
        """Read these schemas in one read-only transaction. The connection must not be in a transaction."""
        with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_catalog.set_config('search_path', '', true)")
            nulls = "x.indnullsnotdistinct" if connection.info.server_version >= 150000 else "false"

            def rows(query: str) -> list[dict[str, Any]]:
                cursor.execute(query.replace("@nulls@", nulls).encode(), {"schemas": list(schemas)})
                return cursor.fetchall()

            columns = _by_table(rows(queries.COLUMNS), _column)
            constraints = _by_table(rows(queries.CONSTRAINTS), _constraint)
            indexes = _by_table(rows(queries.INDEXES), _index)
            tables = tuple(
                Table(
                    columns=columns.get(row["oid"], ()),
                    constraints=constraints.get(row["oid"], ()),
                    indexes=indexes.get(row["oid"], ()),
                    **_fields(row, "oid"),
                )
                for row in rows(queries.TABLES)
            )
            enums = tuple(Enum(**_fields(row)) for row in rows(queries.ENUMS))
            domains = tuple(_domain(row) for row in rows(queries.DOMAINS))
            sequences = tuple(
                Sequence(row["schema"], row["name"], _numbers(row), tuple(row["owner"] or ()))
                for row in rows(queries.SEQUENCES)
            )
        return cls(tables, enums, domains, sequences)


def _by_table(rows: Iterable[dict[str, Any]], made: Any) -> Mapping[int, tuple[Any, ...]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row["oid"], []).append(made(row))
    return {oid: tuple(parts) for oid, parts in found.items()}


def _fields(row: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """As our fields hold them: lists as tuples, and nothing as the empty text."""
    return {
        name: tuple(value) if isinstance(value, list) else "" if value is None else value
        for name, value in row.items()
        if name not in without
    }


def _type(row: Mapping[str, Any]) -> TypeName:
    text = str(row["type_text"])
    return TypeName(text.removesuffix("[]"), row["type_schema"], row["type_name"], row["type_kind"], row["type_array"])


def _numbers(row: Mapping[str, Any]) -> Numbers:
    names = ("seq_type", "seq_start", "seq_increment", "seq_minimum", "seq_maximum", "seq_cache", "seq_cycle")
    return Numbers(*(row[name] for name in names))


def _column(row: Mapping[str, Any]) -> Column:
    return Column(
        name=row["name"],
        type=_type(row),
        not_null=row["not_null"],
        default=row["default"] or "",
        identity=row["identity"],
        generated=row["generated"],
        collation=row["collation"] or "",
        comment=row["comment"] or "",
        sequence=row["sequence"] or "",
        numbers=_numbers(row) if row["sequence"] else None,
    )


def _constraint(row: Mapping[str, Any]) -> Constraint:
    fields = _fields(row, "oid", "target_schema", "target_table", "element_texts", "operators")
    return Constraint(
        target=(row["target_schema"] or "", row["target_table"] or ""),
        elements=tuple(zip(row["element_texts"] or (), row["operators"] or (), strict=True)),
        **fields,
    )


def _index(row: Mapping[str, Any]) -> Index:
    fields = _fields(row, "oid", "texts", "plain")
    return Index(
        elements=tuple(zip(row["texts"], (plain or "" for plain in row["plain"]), strict=True)),
        **fields,
    )


def _domain(row: Mapping[str, Any]) -> Domain:
    return Domain(
        schema=row["schema"],
        name=row["name"],
        base=_type(row),
        not_null=row["not_null"],
        default=row["default"] or "",
        collation=row["collation"] or "",
        checks=tuple((name, text) for name, text in row["checks"] or ()),
    )
