"""The guard: the first statement of a transactional unit, with which the database itself refuses a wrong moment.

It locks the version table against other writers until the transaction ends, so that of two who start at once one
waits and then fails, and raises unless the table stands where the unit starts. Rows of other branches are allowed.
A revision with autocommit blocks has several transactional units between which the version table does not move: the
table's comment counts them, so that none of them can run twice either; the last one clears it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

SQLSTATE = "55000"
"""object_not_in_prerequisite_state: what a guard raises."""

_COMMENT = "schema-sensei: part {part} of revision {revision} is done"


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the version table must stand when a unit starts.

    `heads` are all heads there as far as the emission knows, for the message. `present` are rows that must be there,
    `absent` rows that must not. Each set in `covered` needs at least one row out of it: a parent that may have moved on
    along its branch. `empty`: there must be no row at all, and there need not be a table.
    `part` of `parts` says which of the revision's transactional units it is.
    """

    revision: str
    heads: tuple[str, ...]
    present: frozenset[str]
    absent: frozenset[str]
    covered: tuple[frozenset[str], ...] = ()
    empty: bool = False
    part: int = 1
    parts: int = 1


def guard(moment: Moment, table: str) -> str:
    """The DO block; `table` is the version table's name, schema-qualified where it has a schema, and quoted."""
    conditions = [f"not here @> {_array(moment.present)}"] if moment.present else []
    conditions += [f"here && {_array(moment.absent)}"] if moment.absent else []
    conditions += [f"not here && {_array(covered)}" for covered in moment.covered]
    if moment.empty:
        conditions = ["here <> '{}'"]
    if moment.parts > 1:
        done = _COMMENT.format(part=moment.part - 1, revision=moment.revision)
        begun = _COMMENT.format(part="%", revision=moment.revision)
        conditions.append(f"mark like {literal(begun)}" if moment.part == 1 else f"mark <> {literal(done)}")
    start = " + ".join(moment.heads) or "an empty version table"
    return _BLOCK.format(
        table=table,
        name=literal(table),
        refused="\n     or ".join(conditions),
        message=literal(f"this script starts from {start.replace('%', '%%')}, the database is at %"),
        hint=literal(
            f"Revision {moment.revision} was applied before, or by someone else, or this is not its database. "
            "Nothing was changed. Read where the database stands before you go on."
        ),
        state=SQLSTATE,
    )


def in_one_line(statement: str) -> str:
    """A statement as it is told while it runs; a guard as the question that it asks."""
    if statement.startswith(_BLOCK.partition("\n")[0]):
        return "guard: does the database stand where this unit starts?"
    return " ".join(statement.split())


def mark(moment: Moment, table: str) -> str | None:
    """The last statement of the unit, None for a revision of one part: counts the part, or clears the count."""
    if moment.parts == 1:
        return None
    last = moment.part == moment.parts
    comment = "NULL" if last else literal(_COMMENT.format(part=moment.part, revision=moment.revision))
    return f"COMMENT ON TABLE {table} IS {comment}"


def parts_done(comment: str, revision: str) -> int:
    """How many transactional units of this revision the version table's comment counts; 0 when it counts none."""
    begun = re.fullmatch(r"schema-sensei: part (\d+) of revision (.+) is done", comment)
    return int(begun[1]) if begun and begun[2] == revision else 0


def literal(text: str) -> str:
    """The text as an SQL literal, right with either setting of standard_conforming_strings."""
    quoted = "'" + text.replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def _array(revisions: Iterable[str]) -> str:
    return f"array[{', '.join(literal(revision) for revision in sorted(revisions))}]::text[]"


_BLOCK = """\
DO $guard$
DECLARE
  here text[] := '{{}}';
  mark text := '';
BEGIN
  IF to_regclass({name}) IS NOT NULL THEN
    LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;
    SELECT coalesce(array_agg(version_num::text ORDER BY version_num), '{{}}') INTO here FROM {table};
    mark := coalesce(obj_description(to_regclass({name}), 'pg_class'), '');
  END IF;
  IF {refused} THEN
    RAISE EXCEPTION {message}, coalesce(nullif(array_to_string(here, ' + '), ''), 'no revision')
      USING ERRCODE = '{state}', HINT = {hint};
  END IF;
END
$guard$"""
