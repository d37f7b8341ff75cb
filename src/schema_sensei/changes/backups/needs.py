"""What has to be kept of which table, from what a change takes; and every other table that goes along with it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...postgres.session import Connection
from ..losses import Loss, short

_DELETES = re.compile(r"\b(DELETE\s+FROM|MERGE\s+INTO)\b", re.IGNORECASE)
_EMPTIES = re.compile(r"\bTRUNCATE\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Need:
    """A table (schema.table) of which something goes: these columns, all of it when there are none.

    `shape` says that the table itself goes, so that its definition must be kept, too.
    """

    table: str
    columns: tuple[str, ...] = ()
    shape: bool = False


@dataclass(frozen=True, slots=True)
class Cascade:
    """Whether rows of other tables go along with those that a change takes, through foreign keys."""

    deletes: bool = False
    empties: bool = False

    @classmethod
    def of(cls, statements: Iterable[str]) -> "Cascade":
        """What the statements may set off; a word in a comment counts as well, which only keeps more."""
        text = "\n".join(statements)
        return cls(bool(_DELETES.search(text)), bool(_EMPTIES.search(text)))


def needs(losses: Sequence[Loss]) -> tuple[Need, ...]:
    """One need for each table; who loses all of a table needs no columns named."""
    found: dict[str, Need] = {}
    for loss in losses:
        label = short(loss.table)
        before = found.get(loss.table)
        verb, _, what = loss.what.partition(" ")
        shape = bool(before and before.shape)
        if verb not in {"drop", "convert"} or not what.startswith(f"{label}."):
            found[loss.table] = Need(loss.table, (), shape or (verb == "drop" and what == label))
        elif before is None or before.columns:
            columns = before.columns if before else ()
            found[loss.table] = Need(loss.table, (*columns, what.removeprefix(f"{label}.")), shape)
    return tuple(found.values())


def reached(connection: Connection, wanted: Sequence[Need], cascade: Cascade) -> Mapping[int, Need]:
    """The tables by number: the wanted ones, their partitions and children, and those that lose rows with them."""
    by_name = {each.table: each for each in wanted}
    rows = connection.execute(_REACHED, (list(by_name), cascade.deletes, cascade.empties)).fetchall()
    found: dict[int, Need] = {}
    for oid, name, origin in rows:
        need = by_name[str(origin)]
        if str(name) == need.table:
            found[int(oid)] = need
        elif int(oid) not in found:
            found[int(oid)] = Need(str(name), need.columns, need.shape)
    return found


# Only rows that go take others along: a dropped table drops foreign keys, not the rows behind them.
_REACHED = """
WITH RECURSIVE wanted (oid, origin) AS (
  SELECT c.oid, n.nspname || '.' || c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p') AND n.nspname || '.' || c.relname = ANY (%s)
  UNION
  SELECT x.oid, w.origin FROM wanted w CROSS JOIN LATERAL (
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = w.oid AND c.relkind IN ('r', 'p')
    UNION ALL
    SELECT f.conrelid FROM pg_catalog.pg_constraint f
     WHERE f.confrelid = w.oid AND f.contype = 'f'
       AND ((%s AND f.confdeltype IN ('c', 'n', 'd')) OR %s)) x (oid)
)
SELECT w.oid::bigint, n.nspname || '.' || c.relname, w.origin
  FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
"""
