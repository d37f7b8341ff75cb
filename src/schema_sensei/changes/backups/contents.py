"""Tables as a backup sees them: columns, key, size, what belongs to them; and a count and a hash of their rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from psycopg import sql

from ...postgres.session import Connection

Method: TypeAlias = Literal["text", "md5"]
"""PostgreSQL's own hash of a text; or, where the server does not keep text as UTF-8, the md5 of what it is in UTF-8."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that holds something; `foreign` when its type is not PostgreSQL's own and may go with the change."""

    name: str
    type: str
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A table of the database. `key` identifies a row (primary key, or a unique index without NULL), or is empty.

    `bytes` are those of its rows, `total` those with its indexes; `parts` are the objects (class:oid, as pg_dump's
    list names them) that belong to it; `pointing` are foreign keys of other tables that lead to it, as SQL; `outward`
    its own (class:oid) with the tables they lead to. `unreadable` says why not all rows can be read, if so.
    """

    oid: int
    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: int
    bytes: int
    total: int
    owner: str
    parts: tuple[str, ...]
    sequences: tuple[str, ...]
    pointing: tuple[str, ...]
    outward: tuple[tuple[str, str], ...]
    unreadable: str = ""

    @property
    def ident(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows, and the sum of their hashes: equal for equal rows in any order; `method` says which hash."""

    rows: int
    sum: str
    method: Method = "text"


def shapes(connection: Connection, oids: Collection[int] | None = None) -> tuple[Shape, ...]:
    """The tables with these numbers, or every table with rows of its own that a person made, by name."""
    found = connection.execute(_SHAPES, {"oids": None if oids is None else list(oids)})
    return tuple(_shape(*row) for row in found)


def _shape(oid: Any, schema: Any, name: Any, columns: Any, key: Any, rows: Any, size: Any, *rest: Any) -> Shape:
    total, owner, parts, sequences, pointing, outward, unreadable = rest
    return Shape(
        oid=int(oid),
        schema=str(schema),
        name=str(name),
        columns=tuple(Column(*each) for each in columns or ()),
        key=tuple(key or ()),
        rows=int(rows),
        bytes=int(size),
        total=int(total),
        owner=str(owner),
        parts=tuple(parts),
        sequences=tuple(sequences),
        pointing=tuple(pointing),
        outward=tuple((str(part), str(table)) for part, table in outward or ()),
        unreadable=str(unreadable),
    )


def method_of(connection: Connection) -> Method:
    """The hash that another server computes alike."""
    return "text" if connection.info.parameter_status("server_encoding") == "UTF8" else "md5"


def content(
    connection: Connection, table: sql.Composable, columns: Sequence[sql.Composable], method: Method
) -> Content:
    """Count and hash of what these columns of a table hold, as the session sees it."""
    row = connection.execute(content_query(table, columns, method)).fetchone()
    return Content(int(row[0]), str(row[1]), method) if row else Content(0, "0", method)


def content_query(table: sql.Composable, columns: Sequence[sql.Composable], method: Method) -> sql.Composed:
    """The query of `content`; rows are hashed as text, so that neither their order nor their place counts."""
    return sql.SQL(
        "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum({hashed}::numeric), 0)::text FROM ONLY {table} AS t"
    ).format(hashed=_HASHES[method].format(sql.SQL(", ").join(columns)), table=table)


_HASHES: Mapping[Method, sql.SQL] = {
    "text": sql.SQL("pg_catalog.hashtextextended(ROW({})::text, 0)"),
    "md5": sql.SQL("('x' || substr(md5(convert_to(ROW({})::text, 'UTF8')), 1, 16))::bit(64)::bigint"),
}


def spelled(column: Column) -> sql.Composable:
    """The type with which a copy keeps a column: another's type as text, since it may go with the change."""
    return sql.SQL("text") if column.foreign else sql.SQL(column.type)


def plain(columns: Sequence[Column]) -> list[sql.Composable]:
    """Columns as they stand."""
    return [sql.SQL("t.") + sql.Identifier(each.name) for each in columns]


# The session's search_path is empty, so that pg_catalog comes first. A partitioned table has no rows of its
# own, but its definition is dumped. Tables of an extension belong to it.
_SHAPES = """
SELECT c.oid::bigint, n.nspname, c.relname,
       (SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
                                   t.typnamespace <> 'pg_catalog'::regnamespace) ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.place)
          FROM (SELECT i.indkey FROM pg_catalog.pg_index i
                 WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                   AND i.indpred IS NULL AND i.indexprs IS NULL
                   AND (i.indisprimary OR NOT EXISTS (
                         SELECT 1 FROM pg_catalog.pg_attribute o
                          WHERE o.attrelid = c.oid AND o.attnum = ANY (i.indkey) AND NOT o.attnotnull))
                 ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1) key
         CROSS JOIN LATERAL pg_catalog.unnest(key.indkey) WITH ORDINALITY AS k (number, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number),
       greatest(c.reltuples, 0)::bigint,
       CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_catalog.pg_table_size(c.oid) END,
       CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_catalog.pg_total_relation_size(c.oid) END,
       pg_catalog.pg_get_userbyid(c.relowner),
       ARRAY(SELECT '1259:' || c.oid
             UNION ALL SELECT '1259:' || i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
             UNION ALL SELECT '1259:' || s.oid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid
                        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND s.relkind = 'S'
                          AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')
             UNION ALL SELECT '2606:' || x.oid FROM pg_catalog.pg_constraint x WHERE x.conrelid = c.oid
             UNION ALL SELECT '2620:' || x.oid FROM pg_catalog.pg_trigger x
                        WHERE x.tgrelid = c.oid AND NOT x.tgisinternal
             UNION ALL SELECT '3256:' || x.oid FROM pg_catalog.pg_policy x WHERE x.polrelid = c.oid
             UNION ALL SELECT '2604:' || x.oid FROM pg_catalog.pg_attrdef x WHERE x.adrelid = c.oid
             UNION ALL SELECT '2618:' || x.oid FROM pg_catalog.pg_rewrite x WHERE x.ev_class = c.oid
             UNION ALL SELECT '3381:' || x.oid FROM pg_catalog.pg_statistic_ext x WHERE x.stxrelid = c.oid),
       ARRAY(SELECT sn.nspname || '.' || s.relname FROM pg_catalog.pg_depend d
               JOIN pg_catalog.pg_class s ON s.oid = d.objid JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
              WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND s.relkind = 'S'
                AND d.refobjid = c.oid AND d.deptype IN ('a', 'i') ORDER BY 1),
       ARRAY(SELECT format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', x.conrelid::regclass, x.conname,
                    pg_catalog.pg_get_constraintdef(x.oid))
               FROM pg_catalog.pg_constraint x
              WHERE x.contype = 'f' AND x.confrelid = c.oid AND x.conrelid <> c.oid AND x.conparentid = 0 ORDER BY 1),
       (SELECT json_agg(json_build_array('2606:' || x.oid, pn.nspname || '.' || p.relname))
          FROM pg_catalog.pg_constraint x JOIN pg_catalog.pg_class p ON p.oid = x.confrelid
          JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace WHERE x.contype = 'f' AND x.conrelid = c.oid),
       CASE WHEN NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') THEN 'the schema may not be used'
            WHEN NOT pg_catalog.has_table_privilege(c.oid, 'SELECT') THEN 'SELECT is not granted'
            WHEN pg_catalog.row_security_active(c.oid) THEN 'row security hides rows from this login'
            WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid
                          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND s.relkind = 'S'
                            AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')
                            AND NOT pg_catalog.has_table_privilege(s.oid, 'SELECT'))
            THEN 'SELECT is not granted on its sequence' ELSE '' END
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   AND CASE WHEN %(oids)s::bigint[] IS NULL
            THEN n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'sensei_backup')
                 AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                                  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                    AND d.objid = c.oid AND d.deptype = 'e')
            ELSE c.oid::bigint = ANY (%(oids)s::bigint[]) END
 ORDER BY n.nspname, c.relname
"""
