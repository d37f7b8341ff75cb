"""What a database holds besides its shape: which table is still the same table, which column the same column.

A table that is dropped and made again looks the same and is empty. PostgreSQL numbers tables and columns; the numbers
survive a rename and a move to another schema, but not a drop.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..postgres.session import Connection
from . import marks

_RELATIONS = """
SELECT c.oid::bigint, n.nspname || '.' || c.relname, c.relkind = 'S'
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT n.nspname || '.' || c.relname = ANY (%s)
"""

# Computed columns hold nothing of their own. Labels are those of an enum type, in order.
_COLUMNS = """
SELECT a.attrelid::bigint, a.attnum::int, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
       (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
          FROM pg_catalog.pg_enum e WHERE e.enumtypid = a.atttypid), a.atttypid::bigint
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
 WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND c.relkind IN ('r', 'p')
   AND a.attrelid::bigint = ANY (%s)
"""

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that holds values: its table's name, its own, its type as PostgreSQL prints it, an enum's labels.

    `type_oid` is the type's number, 0 where it is not known: labels of one and the same enum are renamed, never lost.
    """

    table: str
    name: str
    type: str
    labels: tuple[str, ...] = ()
    type_oid: int = 0

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


@dataclass(frozen=True, slots=True)
class Holdings:
    """Tables and sequences by number, columns by table and number, and the marks on every object."""

    tables: Mapping[int, str]
    sequences: Mapping[int, str]
    columns: Mapping[Place, Column]
    marks: frozenset[tuple[str, str, str]]

    @classmethod
    def read(cls, connection: Connection, *, skip: Collection[str] = ()) -> "Holdings":
        """Read it; `skip` leaves relations out, each as schema.table."""
        left_out = list(skip)
        relations = list(connection.execute(_RELATIONS, (left_out,)))
        tables = {int(oid): str(name) for oid, name, sequence in relations if not sequence}
        columns = {
            (int(oid), int(number)): Column(tables[int(oid)], str(name), str(kind), tuple(labels or ()), int(type_oid))
            for oid, number, name, kind, labels, type_oid in connection.execute(_COLUMNS, (list(tables),))
        }
        sequences = {int(oid): str(name) for oid, name, sequence in relations if sequence}
        return cls(tables, sequences, columns, marks.read(connection, skip=skip))


def not_kept(before: Holdings, between: Holdings, after: Holdings) -> Iterator[str]:
    """What was held before and is not held afterwards, although it may look the same; in words, sorted."""
    gone = set(before.tables) - set(after.tables)
    yield from sorted(f"the rows of table {before.tables[oid]}" for oid in gone)
    missing = {place: column for place, column in before.columns.items() if place[0] not in gone}
    yield from sorted(
        f"the values of column {column}" for place, column in missing.items() if place not in after.columns
    )
    for place, column in sorted(missing.items(), key=lambda item: str(item[1])):
        changed = between.columns.get(place)
        if place in after.columns and changed is not None and not widens(column, changed):
            yield f"values of column {column} that do not survive {column.type} → {changed.type}"
    lost = (name for oid, name in before.sequences.items() if oid not in after.sequences)
    yield from sorted(f"the position of sequence {name}" for name in lost)


def rewritten(statements: Iterable[str], before: Holdings) -> Iterator[str]:
    """What statements change or delete in tables that were there before: no downgrade brings that back."""
    for table, statement in _rewriting(statements, before):
        yield f"rows of {table} as they were before: {_one_line(statement)}"


def changed_rows(statements: Iterable[str], before: Holdings) -> frozenset[str]:
    """The tables (schema.table) that were there before and whose rows statements change or delete."""
    touched = {table for table, _ in _rewriting(statements, before)}
    return frozenset(name for name in before.tables.values() if name.rpartition(".")[2] in touched)


def _rewriting(statements: Iterable[str], before: Holdings) -> Iterator[tuple[str, str]]:
    """Pairs of a table's name (without schema) and the statement that changes or deletes its rows."""
    tables: dict[str, set[str]] = {name.rpartition(".")[2]: set() for name in before.tables.values()}
    for column in before.columns.values():
        tables[column.table.rpartition(".")[2]].add(column.name)
    for statement in statements:
        for verb, table, rest in _changes_of_rows(statement):
            known = tables.get(table)
            if known is None:
                continue  # made by the change itself
            assigned = _assigned(rest) if verb == "UPDATE" else set()
            if verb == "UPDATE" and assigned and not assigned & known:
                continue  # fills columns that the change has added
            yield table, statement


def widens(old: Column, new: Column) -> bool:
    """True where every value of the old type is a value of the new one, and comes back from it as it was."""
    if old.labels and old.type_oid and old.type_oid == new.type_oid:
        return True
    if old.labels or new.labels:
        return new.type in _TEXTS if not new.labels else bool(old.labels) and set(old.labels) <= set(new.labels)
    if old.type == new.type or new.type in _TEXTS:
        return True
    (before, sizes), (after, wider) = _parts(old.type), _parts(new.type)
    for family in _FAMILIES:
        if before in family and after in family:
            return family.index(before) <= family.index(after)
    if before in _INTEGERS and after == "numeric":
        return not wider
    if before == after == "numeric" and sizes and wider:
        (digits, scale), (more, finer) = _numeric(sizes), _numeric(wider)
        return finer >= scale and more - finer >= digits - scale
    if before == after and before in {"character varying", "character", "bit varying"}:
        return not wider or (bool(sizes) and sizes[0] <= wider[0])
    return before == after and not wider


_TEXTS = frozenset({"text", "character varying"})
_INTEGERS = ("smallint", "integer", "bigint")
_FAMILIES = (_INTEGERS, ("real", "double precision"), ("date", "timestamp without time zone"))


def _parts(kind: str) -> tuple[str, tuple[int, ...]]:
    found = re.search(r"\(([\d, -]+)\)", kind)
    sizes = tuple(int(each) for each in found.group(1).split(",")) if found else ()
    return re.sub(r"\([\d, -]+\)", "", kind), sizes


def _numeric(sizes: tuple[int, ...]) -> tuple[int, int]:
    return sizes[0], sizes[1] if len(sizes) > 1 else 0


_NAME = r"(?:\"[^\"]+\"|\w+)"
_ROWS = re.compile(
    rf"\b(UPDATE|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|MERGE\s+INTO)\s+(?:ONLY\s+)?(?:{_NAME}\.)?({_NAME})(.*)",
    re.IGNORECASE | re.DOTALL,
)
_ASSIGNED = re.compile(rf"(?:\bSET\b|,)\s*({_NAME})\s*=(?!=)", re.IGNORECASE)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_ACTS = re.compile(r"\s*(UPDATE|DELETE|TRUNCATE|MERGE|WITH|DO)\b", re.IGNORECASE)


def _changes_of_rows(statement: str) -> Iterator[tuple[str, str, str]]:
    text = _COMMENTS.sub(" ", statement)
    if not _ACTS.match(text):
        return  # a definition may say UPDATE without doing it: triggers, functions, foreign keys
    while found := _ROWS.search(text):
        yield found.group(1).split()[0].upper(), found.group(2).strip('"'), found.group(3)
        text = found.group(3)


def _assigned(rest: str) -> set[str]:
    until_where = re.split(r"\bWHERE\b", rest, maxsplit=1, flags=re.IGNORECASE)[0]
    return {name.strip('"') for name in _ASSIGNED.findall(until_where)}


def _one_line(statement: str, width: int = 100) -> str:
    text = " ".join(statement.split())
    return text if len(text) <= width else text[: width - 1] + "…"
