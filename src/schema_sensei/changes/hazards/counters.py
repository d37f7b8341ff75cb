"""What the server counts while a file runs: locks held, scans, rows written, sizes, values of sequences."""

from collections.abc import Iterable, Mapping

from psycopg import sql

from ...postgres.session import Connection
from .state import State

STRENGTH = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
"""Table locks from the weakest to the strongest (PostgreSQL manual, "Explicit Locking")."""


def sequences(connection: Connection) -> dict[int, int]:
    """The last value that each used sequence gave, by oid."""
    rows = connection.execute(
        "SELECT oid::pg_catalog.int8, pg_catalog.pg_sequence_last_value(oid) "
        "FROM pg_catalog.pg_class WHERE relkind = 'S'"
    ).fetchall()
    return {oid: value for oid, value in rows if value is not None}


def behind(connection: Connection, tables: Iterable[int]) -> frozenset[tuple[int, int]]:
    """The columns of some tables (oid, attribute number) whose own sequence will give numbers that rows have."""
    found = connection.execute(_OWNED, [list(tables)]).fetchall()
    return frozenset(
        (table, number)
        for table, number, schema, name, column, last in found
        if _largest(connection, sql.Identifier(schema, name), sql.Identifier(column)) > last
    )


_OWNED = """
SELECT a.attrelid::pg_catalog.int8, a.attnum, n.nspname, c.relname, a.attname,
       coalesce(pg_catalog.pg_sequence_last_value(q.seqrelid), q.seqstart - 1)
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_sequence q ON q.seqrelid = d.objid AND q.seqincrement > 0
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
   AND a.attrelid = ANY (%s::pg_catalog.oid[])
   AND a.atttypid IN ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype)
"""


def _largest(connection: Connection, table: sql.Identifier, column: sql.Identifier) -> int:
    row = connection.execute(sql.SQL("SELECT coalesce(max({}), 0) FROM {}").format(column, table)).fetchone()
    return int(row[0]) if row is not None else 0


def filled(connection: Connection, tables: Iterable[int]) -> frozenset[int]:
    """Those of some tables that take room on disk: they hold rows, or held some."""
    rows = connection.execute(
        "SELECT oid::pg_catalog.int8 FROM pg_catalog.pg_class "
        "WHERE oid = ANY (%s::pg_catalog.oid[]) AND pg_catalog.pg_relation_size(oid) > 0",
        [list(tables)],
    ).fetchall()
    return frozenset(oid for (oid,) in rows)


def locks(connection: Connection, base: State) -> dict[int, int]:
    """The strongest lock that this session holds on each table of `base`, as a place in STRENGTH, by oid."""
    rows = connection.execute(
        "SELECT l.relation::pg_catalog.int8, l.mode FROM pg_catalog.pg_locks l "
        "WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384"
    ).fetchall()
    found: dict[int, int] = {}
    for oid, mode in rows:
        if oid in base.relations and base.relations[oid].kind in "rpm" and mode in STRENGTH:
            found[oid] = max(found.get(oid, -1), STRENGTH.index(mode))
    return found


def counts(connection: Connection, oids: list[int]) -> dict[int, tuple[int, int]]:
    """Scans from end to end, and rows changed or deleted, in this transaction, by oid."""
    rows = connection.execute(
        "SELECT o, coalesce(pg_catalog.pg_stat_get_xact_numscans(o::pg_catalog.oid), 0), "
        "coalesce(pg_catalog.pg_stat_get_xact_tuples_updated(o::pg_catalog.oid), 0) "
        "+ coalesce(pg_catalog.pg_stat_get_xact_tuples_deleted(o::pg_catalog.oid), 0) "
        "FROM pg_catalog.unnest(%s::pg_catalog.int8[]) AS o",
        [oids],
    ).fetchall()
    return {oid: (scans, tuples) for oid, scans, tuples in rows}


def catalogs(connection: Connection) -> list[int]:
    """The system catalogs, by oid."""
    rows = connection.execute(
        "SELECT oid::pg_catalog.int8 FROM pg_catalog.pg_class "
        "WHERE relnamespace = 'pg_catalog'::pg_catalog.regnamespace AND relkind = 'r'"
    ).fetchall()
    return [oid for (oid,) in rows]


def written(connection: Connection, oids: list[int]) -> int:
    """Rows written to any of some tables in this transaction, those of savepoints taken back included."""
    row = connection.execute(
        "SELECT coalesce(sum(pg_catalog.pg_stat_get_xact_tuples_inserted(o::pg_catalog.oid) "
        "+ pg_catalog.pg_stat_get_xact_tuples_updated(o::pg_catalog.oid) "
        "+ pg_catalog.pg_stat_get_xact_tuples_deleted(o::pg_catalog.oid)), 0)::pg_catalog.int8 "
        "FROM pg_catalog.unnest(%s::pg_catalog.int8[]) AS o",
        [oids],
    ).fetchone()
    return int(row[0]) if row is not None else 0


def sizes(connection: Connection, base: State) -> dict[int, tuple[int, int]]:
    """(rows, bytes) of each table as the server estimates them, indexes included, by oid."""
    rows = connection.execute(
        "SELECT oid::pg_catalog.int8, greatest(reltuples, 0)::pg_catalog.int8, pg_catalog.pg_total_relation_size(oid) "
        "FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'm') AND oid >= 16384"
    ).fetchall()
    return {oid: (count, size) for oid, count, size in rows if oid in base.relations}


def named(sizes: Mapping[str, tuple[int, int]], base: State) -> dict[int, tuple[int, int]]:
    """Sizes by name as sizes by oid."""
    return {oid: sizes[each.name] for oid, each in base.relations.items() if each.name in sizes}
