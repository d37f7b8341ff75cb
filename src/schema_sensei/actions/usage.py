"""What rests on a table and when it was last read, from the server's catalog and statistics."""

from dataclasses import dataclass

from ..postgres.session import Connection

_DEPENDENTS = """
SELECT 'foreign key ' || k.conname || ' of ' || k.conrelid::regclass::text FROM pg_catalog.pg_constraint k
 WHERE k.confrelid = %(oid)s AND k.contype = 'f' AND k.conrelid <> k.confrelid
UNION
SELECT CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || c.oid::regclass::text
  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
  JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
 WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
   AND d.refobjid = %(oid)s AND c.oid <> %(oid)s
UNION
SELECT CASE WHEN c.relispartition THEN 'partition ' ELSE 'child table ' END || c.oid::regclass::text
  FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %(oid)s
UNION
SELECT 'function ' || p.oid::regprocedure::text || ' (its text names it)'
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_class t ON t.oid = %(oid)s
 WHERE n.nspname !~ '^(pg_|information_schema)'
   AND p.prosrc ~ ('\\m' || regexp_replace(t.relname, '\\W', '.', 'g') || '\\M')
ORDER BY 1
"""

_USE = """
SELECT greatest(to_jsonb(s) ->> 'last_seq_scan', to_jsonb(s) ->> 'last_idx_scan'),
       coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0),
       coalesce(s.n_tup_ins, 0) + coalesce(s.n_tup_upd, 0) + coalesce(s.n_tup_del, 0),
       (SELECT stats_reset::text FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()),
       pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size(%(oid)s::oid))
  FROM pg_catalog.pg_stat_user_tables s WHERE s.relid = %(oid)s
"""

_REFUSING = ("foreign key ", "view ", "materialized view ", "child table ")


@dataclass(frozen=True, slots=True)
class Usage:
    """`last_read` is empty when the server does not tell it (before PostgreSQL 16) or the table was never read."""

    dependents: tuple[str, ...]
    last_read: str
    reads: int
    writes: int
    since: str
    size: str

    @property
    def in_the_way(self) -> tuple[str, ...]:
        """Those of the dependents because of which PostgreSQL refuses to drop the table."""
        return tuple(each for each in self.dependents if each.startswith(_REFUSING))

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Two cells for each thing worth knowing."""
        since = f" since {self.since[:16]}" if self.since else " as far as statistics go back"
        return (
            ("size", self.size),
            ("last read", self.last_read[:16].replace("T", " ") or "not known"),
            ("read" + since, f"{self.reads} times"),
            ("written" + since, f"{self.writes} rows"),
        )


def usage(connection: Connection, oid: int) -> Usage:
    """Looks at the table with this oid."""
    dependents = tuple(str(text) for (text,) in connection.execute(_DEPENDENTS, {"oid": oid}))
    row = connection.execute(_USE, {"oid": oid}).fetchone()
    if row is None:  # statistics are off
        return Usage(dependents, "", 0, 0, "", "not known")
    last, reads, writes, since, size = row
    return Usage(dependents, str(last or ""), int(reads), int(writes), str(since or ""), str(size))
