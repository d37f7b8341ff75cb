"""Fills the empty tables of a scratch database with a few made-up rows, as far as their constraints allow.

A way down that adds a NOT NULL column, or that moves rows, looks right on empty tables only.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from .session import Connection

ROWS = 3
"""Rows for each table: enough for duplicates and orphans to show."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """Tables (schema.name) that have made-up rows, and those that could not be filled, each with the reason."""

    tables: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence about what could not be filled; empty when everything could."""
        if not self.refused:
            return ()
        named = ", ".join(f"{table} ({reason})" for table, reason in self.refused[:3])
        more = f" and {len(self.refused) - 3} more" if len(self.refused) > 3 else ""
        return (f"No made-up rows in {named}{more}: what needs rows was not tried there",)


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str
    base: str
    kind: str
    length: int
    required: bool
    default: bool
    labels: tuple[str, ...]
    key: bool


@dataclass(frozen=True, slots=True)
class _Reference:
    columns: tuple[str, ...]
    target: int
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    schema: str
    name: str
    columns: tuple[_Column, ...]
    references: tuple[_Reference, ...]

    @property
    def ident(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


def seed(connection: Connection, *, only: Collection[str] | None = None, skip: Collection[str] = ()) -> Seeded:
    """Fill the empty tables among `only` (default: all), parents first. The connection is in autocommit mode."""
    tables = _read(connection)
    filled: list[str] = []
    refused: list[tuple[str, str]] = []
    for oid in _parents_first(tables):
        table = tables[oid]
        if table.ident in skip or (only is not None and table.ident not in only):
            continue
        try:
            filled += [table.ident] if _fill(connection, table, tables) else []
        except psycopg.Error as error:
            refused.append((table.ident, error.diag.message_primary or type(error).__name__))
    return Seeded(tuple(filled), tuple(refused))


def _parents_first(tables: Mapping[int, _Table]) -> Iterator[int]:
    done: set[int] = set()
    left = dict.fromkeys(tables)
    while left:
        ready = [oid for oid in left if all(each.target in done or each.target not in left or each.target == oid
                                            for each in tables[oid].references)]  # fmt: skip
        for oid in ready or [next(iter(left))]:  # a circle is opened anywhere: what refers onwards stays NULL
            yield oid
            done.add(oid)
            del left[oid]


def _fill(connection: Connection, table: _Table, tables: Mapping[int, _Table]) -> bool:
    """Whether it has made-up rows now; one that has rows is left alone. Fullest rows are tried first."""
    row = connection.execute(sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(table.identifier)).fetchone()
    if row is None or row[0]:
        return False
    tries = [(each, small) for each in (False, True) for small in (False, True)]
    for bare, small in tries:
        try:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '1s'")
                connection.execute(_insert(table, tables, bare=bare, small=small))
        except psycopg.Error:
            if (bare, small) == tries[-1]:
                raise
        else:
            return True
    return False


def _insert(table: _Table, tables: Mapping[int, _Table], *, bare: bool, small: bool) -> sql.Composed:
    """Rows with every column filled, or (`bare`) only with those that must be; `small` tries other numbers."""
    referring = {name: (each, place) for each in table.references for place, name in enumerate(each.columns)}
    columns = [each for each in table.columns if not each.default and (each.required or each.key or not bare)]
    if not columns:
        return sql.SQL("INSERT INTO {} SELECT FROM generate_series(1, {})").format(table.identifier, sql.Literal(ROWS))
    rows = []
    for number in range(1, ROWS + 1):
        values = []
        for place, each in enumerate(columns):
            reference = referring.get(each.name)
            if reference is None:
                # An end comes after its beginning, and stands behind it.
                values.append(_value(each, number + place, small=small))
            else:
                shift = list(referring).index(each.name) if len(reference[0].columns) == 1 else 0
                values.append(_referred(tables, *reference, number + shift))
        rows.append(sql.SQL("({})").format(sql.SQL(", ").join(values)))
    names = sql.SQL(", ").join(sql.Identifier(each.name) for each in columns)
    return sql.SQL("INSERT INTO {} ({}) VALUES {}").format(table.identifier, names, sql.SQL(", ").join(rows))


def _referred(tables: Mapping[int, _Table], reference: _Reference, place: int, number: int) -> sql.Composed:
    """The value of the referred row of this number, the same row for every column of one key."""
    parent = tables.get(reference.target)
    if parent is None:
        return sql.SQL("{}").format(sql.NULL)
    return sql.SQL("(SELECT {} FROM {} ORDER BY {} LIMIT 1 OFFSET {})").format(
        sql.Identifier(reference.target_columns[place]),
        parent.identifier,
        sql.SQL(", ").join(sql.Identifier(each) for each in reference.target_columns),
        sql.Literal((number - 1) % ROWS),
    )


def _value(column: _Column, number: int, *, small: bool) -> sql.Composed:
    text = _text(column, number, small=small)
    if text is None:
        return sql.SQL("NULL::{}").format(sql.SQL(column.type))
    return sql.SQL("{}::{}").format(sql.Literal(text), sql.SQL(column.type))


def _text(column: _Column, number: int, *, small: bool) -> str | None:
    """The input text of a value; None where no rule knows the type."""
    if column.labels:
        return column.labels[(number - 1) % len(column.labels)]
    if column.kind == "A":
        return "{}"
    if column.kind == "N":
        return str(number if small else number + 20)
    fixed = _FIXED.get(column.base)
    if fixed is not None:
        return fixed.format(n=number, day=(number - 1) % 28 + 1)
    if column.kind == "S":
        text = f"row {number}" if not small else f"r{number}"
        return text if column.length <= 0 or column.length >= len(text) else str(number)[-column.length :]
    return None


_FIXED: Mapping[str, str] = {
    "bool": "true",
    "uuid": "00000000-0000-4000-8000-{n:012d}",
    "date": "2026-01-{day:02d}",
    "timestamp": "2026-01-{day:02d} 12:00:00",
    "timestamptz": "2026-01-{day:02d} 12:00:00+00",
    "time": "12:{n:02d}:00",
    "timetz": "12:{n:02d}:00+00",
    "interval": "{n} days",
    "json": '{{"row": {n}}}',
    "jsonb": '{{"row": {n}}}',
    "bytea": "\\x{n:02d}",
    "inet": "192.0.2.{n}",
    "cidr": "192.0.2.{n}/32",
    "macaddr": "08:00:2b:01:02:{n:02d}",
    "tsvector": "row{n}",
    "point": "({n},{n})",
    "xml": "<row>{n}</row>",
    "int4range": "[{n},{n}]",
    "int8range": "[{n},{n}]",
    "numrange": "[{n},{n}]",
    "daterange": "[2026-01-{day:02d},2026-01-{day:02d}]",
    "tstzrange": "[2026-01-{day:02d} 10:00:00+00,2026-01-{day:02d} 11:00:00+00]",
    "tsrange": "[2026-01-{day:02d} 10:00:00,2026-01-{day:02d} 11:00:00]",
}


def _read(connection: Connection) -> dict[int, _Table]:
    references: dict[int, list[_Reference]] = {}
    for oid, target, own, theirs in connection.execute(_REFERENCES):
        references.setdefault(oid, []).append(_Reference(tuple(own), target, tuple(theirs)))
    columns: dict[int, list[_Column]] = {}
    for oid, name, kind, base, category, length, required, default, labels, key in connection.execute(_COLUMNS):
        column = _Column(name, kind, base, category, length, required, default, tuple(labels or ()), key)
        columns.setdefault(oid, []).append(column)
    return {
        oid: _Table(schema, name, tuple(columns.get(oid, ())), tuple(references.get(oid, ())))
        for oid, schema, name in connection.execute(_TABLES)
    }


_TABLES = """
SELECT c.oid::bigint, n.nspname, c.relname
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1
"""

# What has a default fills itself, unless that would be the same value twice in a key.
_COLUMNS = """
SELECT a.attrelid::bigint, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), b.typname, b.typcategory::text,
       CASE WHEN b.typname IN ('varchar', 'bpchar') THEN greatest(a.atttypmod, t.typtypmod) - 4 ELSE -1 END,
       a.attnotnull OR t.typnotnull,
       a.attidentity <> '' OR a.attgenerated <> ''
         OR (a.atthasdef AND NOT (k.unique AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) !~ '\\(')),
       (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
          FROM pg_catalog.pg_enum e WHERE e.enumtypid = b.oid),
       k.unique
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND c.oid >= 16384
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  CROSS JOIN LATERAL (SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_index x WHERE x.indrelid = a.attrelid
                                        AND x.indisunique AND a.attnum = ANY (x.indkey)) AS unique) k
 WHERE a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum
"""

_REFERENCES = """
SELECT k.conrelid::bigint, k.confrelid::bigint,
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.n)
          FROM unnest(k.conkey) WITH ORDINALITY u (c, n)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.c),
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.n)
          FROM unnest(k.confkey) WITH ORDINALITY u (c, n)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.c)
  FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
"""
