"""What a sync learns of a database: its tables with columns and keys, the text of its schema, whether it can back up.

Reading the size of a table needs a lock on it: like the real server's, this waits for whoever holds the table.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .store import Document

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

ARCHIVE = "bbdataarchive"
"""The schema that prior backups go to; nothing makes it but a person."""

_HEAD = """
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

"""

_OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_NOT_OF_EXTENSIONS = "NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = {0}.oid AND e.deptype = 'e')"

_SCHEMAS = f"""
SELECT n.nspname, n.nspowner::regrole::text, obj_description(n.oid, 'pg_namespace')
  FROM pg_namespace n WHERE {_OURS} ORDER BY 1"""

_TABLES = f"""
SELECT n.nspname, c.relname, c.relkind::text, pg_total_relation_size(c.oid)::text, greatest(c.reltuples, 0)::bigint,
       obj_description(c.oid, 'pg_class'),
       (SELECT coalesce(json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                                  pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated,
                                                  pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname),
                                                                         a.attname))
                                 ORDER BY a.attnum), '[]')
          FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT coalesce(json_agg(json_build_array(k.conname, pg_get_constraintdef(k.oid), k.contype,
                                                  (SELECT array_agg(a.attname) FROM pg_attribute a
                                                    WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)))
                                 ORDER BY k.conname), '[]')
          FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'f', 'x')),
       (SELECT coalesce(json_agg(json_build_array(i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid))
                                 ORDER BY 1), '[]')
          FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid
           AND NOT EXISTS (SELECT FROM pg_constraint k
                            WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))),
       (SELECT coalesce(json_agg(pg_get_triggerdef(t.oid) ORDER BY t.tgname), '[]')
          FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {_OURS} AND c.relkind IN ('r', 'p') AND {_NOT_OF_EXTENSIONS.format("c")} ORDER BY 1, 2"""

_ENUMS = f"""
SELECT n.nspname, t.typname, obj_description(t.oid, 'pg_type'),
       (SELECT json_agg(quote_literal(e.enumlabel) ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype = 'e' AND {_OURS} AND {_NOT_OF_EXTENSIONS.format("t")} ORDER BY 1, 2"""

_VIEWS = f"""
SELECT n.nspname, c.relname, c.relkind::text, pg_get_viewdef(c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm') AND {_OURS} AND {_NOT_OF_EXTENSIONS.format("c")} ORDER BY 1, 2"""

_FUNCTIONS = f"""
SELECT n.nspname, p.proname, pg_get_functiondef(p.oid)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE p.prokind IN ('f', 'p') AND {_OURS} AND {_NOT_OF_EXTENSIONS.format("p")} ORDER BY 1, 2, 3"""

_DATABASE = """
SELECT pg_encoding_to_char(encoding), datcollate, datdba::regrole::text FROM pg_database
 WHERE datname = current_database()"""


def take(connection: "psycopg.Connection[TupleRow]") -> Document:
    """Everything that a sync stores of the database. Raises psycopg.Error."""

    def rows(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query.encode()).fetchall()

    schemas, tables = rows(_SCHEMAS), [_table(row) for row in rows(_TABLES)]
    encoding, collation, owner = rows(_DATABASE)[0]
    return {
        "schemas": [list(row) for row in schemas],
        "tables": tables,
        "characterSet": encoding,
        "collation": collation,
        "owner": owner,
        "backup": any(name == ARCHIVE for name, _, _ in schemas),
        "schema": _HEAD + "".join(_text(schemas, tables, rows)),
    }


def _table(row: tuple[Any, ...]) -> Document:
    names = ("schema", "name", "kind", "size", "rows", "comment", "columns", "constraints", "indexes", "triggers")
    return dict(zip(names, row, strict=True))


def _text(
    schemas: list[tuple[Any, ...]], tables: list[Document], rows: Callable[[str], list[tuple[Any, ...]]]
) -> Iterator[str]:
    for name, _, _ in schemas:
        if name != "public":
            yield f'CREATE SCHEMA IF NOT EXISTS "{name}";\n\n'
    for schema, name, comment, labels in rows(_ENUMS):
        listed = ",\n    ".join(labels or ())
        yield f'CREATE TYPE "{schema}"."{name}" AS ENUM (\n    {listed}\n);\n\n'
        if comment:
            yield f'COMMENT ON TYPE "{schema}"."{name}" IS {_literal(comment)};\n\n'
    yield "SET default_tablespace = '';\n\n"
    for table in tables:
        yield from _table_text(table)
    for _, _, definition in rows(_FUNCTIONS):
        yield f"{definition.rstrip()};\n\n"
    for schema, name, kind, definition in rows(_VIEWS):
        what = "MATERIALIZED VIEW" if kind == "m" else "VIEW"
        yield f'CREATE {what} "{schema}"."{name}" AS\n{definition}\n\n'
    for table in tables:
        where = f'"{table["schema"]}"."{table["name"]}"'
        for name, definition, kind, _ in table["constraints"]:
            if kind == "f":
                yield f'ALTER TABLE {where} ADD CONSTRAINT "{name}" {definition};\n\n'
        for definition in table["triggers"]:
            yield f"{definition};\n\n"


def _table_text(table: Document) -> Iterator[str]:
    where = f'"{table["schema"]}"."{table["name"]}"'
    columns = []
    for name, kind, mandatory, default, _, generated, _ in table["columns"]:
        line = f'    "{name}" {kind}'
        if generated:
            line += f" GENERATED ALWAYS AS ({default}) STORED"
        elif default is not None:
            line += f" DEFAULT {default}"
        columns.append(line + (" NOT NULL" if mandatory else ""))
    listed = ",\n".join(columns)
    yield f"CREATE TABLE {where} (\n{listed}\n);\n\n"
    if table["comment"]:
        yield f"COMMENT ON TABLE {where} IS {_literal(table['comment'])};\n\n"
    for name, _, _, _, identity, _, sequence in table["columns"]:
        if identity:
            when = "ALWAYS" if identity == "a" else "BY DEFAULT"
            yield (
                f'ALTER TABLE {where} ALTER COLUMN "{name}" ADD GENERATED {when} AS IDENTITY (\n'
                f"    SEQUENCE NAME {sequence}\n    START WITH 1\n    INCREMENT BY 1\n    CACHE 1\n);\n\n"
            )
    for name, definition, kind, _ in table["constraints"]:
        if kind != "f":
            yield f'ALTER TABLE ONLY {where} ADD CONSTRAINT "{name}" {definition};\n\n'
    for _, definition in table["indexes"]:
        yield f"{definition};\n\n"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
