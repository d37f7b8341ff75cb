"""Writes the SQL that brings back the rows which a Bytebase server kept before a sheet changed them.

The server's own proposal covers a whole sheet or nothing: it gives up when an UPDATE changes a table's only key, which
the one of Alembic's version table always does.
"""

import re
from collections.abc import Sequence

from psycopg import sql

from ..bytebase.tasks import Kept
from ..postgres.session import Connection
from . import sheets

_COLUMNS = """
SELECT a.attname, a.attidentity = 'a', coalesce(a.attnum = ANY (k.conkey), false)
  FROM pg_catalog.pg_attribute a
  LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'p'
 WHERE a.attrelid = pg_catalog.to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 ORDER BY a.attnum
"""
_SET = re.compile(r"\bSET\b(.*?)(?:\bWHERE\b|\bFROM\b|\bRETURNING\b|\Z)", re.IGNORECASE | re.DOTALL)


def bring_back(connection: Connection, kept: Kept, statements: Sequence[str]) -> str | None:
    """The statement that makes a table's rows what they were, later changes of the same rows included; None where no
    key tells which they are. `statements` are those that changed them.
    """
    table = sql.Identifier(*kept.table)
    columns = connection.execute(_COLUMNS, (table.as_string(connection),)).fetchall()
    key = [name for name, _, keyed in columns if keyed]
    if not key or any(_changes(each, kept.table[1], key) for each in statements):
        return None
    names = sql.SQL(", ").join(sql.Identifier(name) for name, *_ in columns)
    news = [
        sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name)) for name, always, keyed in columns
        if not (always or keyed)
    ]  # fmt: skip
    return (
        sql.SQL("INSERT INTO {} ({}){} SELECT {} FROM {} ON CONFLICT ({}) {};")
        .format(
            table,
            names,
            sql.SQL(" OVERRIDING SYSTEM VALUE" if any(always for _, always, _ in columns) else ""),
            names,
            sql.Identifier(*kept.copy),
            sql.SQL(", ").join(map(sql.Identifier, key)),
            sql.SQL("DO UPDATE SET ") + sql.SQL(", ").join(news) if news else sql.SQL("DO NOTHING"),
        )
        .as_string(connection)
    )


def _changes(statement: str, table: str, key: Sequence[str]) -> bool:
    """Whether an UPDATE of this table gives a column of its key a new value."""
    if sheets.updated(statement).rpartition(".")[2] != table:
        return False
    assigned = " ".join(_SET.findall(sheets.bare(statement)))
    return any(re.search(rf'(?<![\w"])"?{re.escape(name)}"?\s*[=,)]', assigned) for name in key)
