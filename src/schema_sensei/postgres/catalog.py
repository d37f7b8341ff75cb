"""The fingerprint of a whole schema, as a value: equality, difference and drift are set operations on it."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import NamedTuple, TypeAlias, cast

from psycopg.rows import tuple_row

from ..terms.errors import UsageError
from ..terms.json import JsonObject, JsonValue
from .session import Connection

Tripwire: TypeAlias = tuple[str, ...]


class Entry(NamedTuple):
    """One schema object: its kind, its qualified name, and its definition as PostgreSQL prints it."""

    kind: str
    ident: str
    definition: str


@dataclass(frozen=True, slots=True)
class Difference:
    """An object that is not the same on both sides; None where a side does not have it."""

    kind: str
    ident: str
    left: str | None
    right: str | None


@dataclass(frozen=True)
class Catalog:
    """Every object of some schemas of one database; two are equal when their schemas are."""

    rows: frozenset[Entry]

    @classmethod
    def read(
        cls,
        connection: Connection,
        *,
        schemas: Collection[str] | None = None,
        without: Collection[str] = (),
        skip: Collection[str] = (),
    ) -> "Catalog":
        """Read it in one read-only transaction with an empty search_path; reads no rows of any table.

        `schemas` None covers all but PostgreSQL's own; `without` leaves schemas out; `skip` leaves relations out, each
        as schema.table. The connection must not be in a transaction, whose search_path would have to change.
        """
        if connection.info.transaction_status != 0:
            raise UsageError(
                "A catalog is read in a transaction of its own.",
                remedy="Commit or roll back first, or use another connection.",
            )
        parameters = {
            "schemas": None if schemas is None else list(schemas),
            "without": list(without),
            "skip": list(skip),
        }
        with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # Parallel workers take longer to start than they save: 130 ms with them, 113 ms without, for 1 000 tables.
            cursor.execute(
                "SELECT pg_catalog.set_config('search_path', '', true),"
                " pg_catalog.set_config('max_parallel_workers_per_gather', '0', true)"
            )
            cursor.execute(_fingerprint(), parameters, binary=True)
            return cls(frozenset(Entry(kind, ident, definition or "") for kind, ident, definition in cursor.fetchall()))

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str]]) -> "Catalog":
        """A catalog from plain rows."""
        return cls(frozenset(Entry(*row) for row in rows))

    @cached_property
    def digest(self) -> str:
        """sha256 over the sorted rows, in hex: equal for equal schemas, on any server."""
        text = json.dumps(sorted(self.rows), ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def by_object(self) -> Mapping[tuple[str, str], str]:
        """Definitions by (kind, ident)."""
        return {(row.kind, row.ident): row.definition for row in self.rows}

    def difference(self, other: "Catalog") -> tuple[Difference, ...]:
        """What is not the same, by object, sorted by ident and kind; empty when the schemas are equal."""
        if self.rows == other.rows:
            return ()
        changed = {(row.ident, row.kind) for row in self.rows ^ other.rows}
        left, right = self.by_object, other.by_object
        return tuple(
            Difference(kind, ident, left.get((kind, ident)), right.get((kind, ident)))
            for ident, kind in sorted(changed)
        )

    def without(
        self, *, schemas: Collection[str] = (), idents: Collection[str] = (), kinds: Collection[str] = ()
    ) -> "Catalog":
        """The same without whole schemas, without objects (and what belongs to them: columns, indexes), or kinds."""
        heads = tuple(f"{name}." for name in (*schemas, *idents))
        names = {*schemas, *idents}
        return Catalog(
            frozenset(
                row
                for row in self.rows
                if row.kind not in kinds
                and not (row.ident in names and (row.kind != "schema" or row.ident in schemas))
                and not row.ident.startswith(heads)
            )
        )

    def to_json(self) -> JsonValue:
        """Sorted rows, each a list of three texts."""
        return [list(row) for row in sorted(self.rows)]

    @classmethod
    def from_json(cls, data: JsonValue) -> "Catalog":
        """The catalog `to_json` wrote. Raises UsageError when the data is something else."""
        if not isinstance(data, list) or any(
            not isinstance(row, list) or [type(cell) for cell in row] != [str, str, str] for row in data
        ):
            raise UsageError("This is not a catalog.", remedy="A catalog is a list of [kind, ident, definition].")
        return cls(frozenset(map(Entry._make, cast(list[list[str]], data))))


_TEMPORARY = "(SELECT oid FROM pg_catalog.pg_class WHERE relpersistence = 't')"
_WATCHED: Mapping[str, str] = {
    "pg_namespace": "oid >= 16384 AND nspname !~ '^pg_'",
    "pg_class": "oid >= 16384 AND relpersistence <> 't'",
    "pg_attribute": f"attrelid >= 16384 AND attrelid NOT IN {_TEMPORARY}",
    "pg_attrdef": f"oid >= 16384 AND adrelid NOT IN {_TEMPORARY}",
    "pg_constraint": f"oid >= 16384 AND conrelid NOT IN {_TEMPORARY}",
    "pg_index": f"indexrelid >= 16384 AND indrelid NOT IN {_TEMPORARY}",
    "pg_proc": "oid >= 16384",
    "pg_type": "oid >= 16384 AND typnamespace NOT IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname ~ '^pg_t')",
    "pg_enum": "oid >= 16384",
    "pg_trigger": f"oid >= 16384 AND tgrelid NOT IN {_TEMPORARY}",
    "pg_policy": "oid >= 16384",
    "pg_rewrite": f"oid >= 16384 AND ev_class NOT IN {_TEMPORARY}",
    "pg_sequence": f"seqrelid >= 16384 AND seqrelid NOT IN {_TEMPORARY}",
    "pg_statistic_ext": "oid >= 16384",
    "pg_extension": "true",
    "pg_description": "objoid >= 16384",
}


def tripwire(connection: Connection) -> Tripwire:
    """A cheap value that changes when the schema does: row count and newest xmin of the catalogs.

    Unchanged by rows, ANALYZE, VACUUM and temporary tables; changed by DDL, GRANT and VACUUM FULL. Compare for
    inequality only; read the Catalog when it differs, and always before executing.
    """
    query = " UNION ALL ".join(
        f"SELECT concat_ws(' ', count(*), max(xmin::text::bigint)) FROM pg_catalog.{table} WHERE {which}"  # noqa: S608 -- constants
        for table, which in _WATCHED.items()
    )
    return tuple(str(row[0]) for row in connection.execute(query.encode()))


@cache
def query_digest() -> str:
    """Changes with the query that reads a Catalog: what was read with another one cannot be compared."""
    return hashlib.sha256(_fingerprint()).hexdigest()


@cache
def _fingerprint() -> bytes:
    return files(__package__).joinpath("fingerprint.sql").read_bytes()


__all__ = ["Catalog", "Difference", "Entry", "JsonObject", "Tripwire", "query_digest", "tripwire"]
