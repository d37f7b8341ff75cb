"""What leaned on a table and went with it: views, policies and keys elsewhere, made again behind it or named.

Each is tried by itself in the transaction that makes the table, so that one that cannot come back costs no other.
"""

import re
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from ...postgres.session import Connection
from . import archive
from .archive import Item
from .manifest import Kept

_MADE = (
    *("VIEW", "MATERIALIZED VIEW", "INDEX", "RULE", "TRIGGER", "POLICY", "FUNCTION", "PROCEDURE"),
    "PUBLICATION TABLE",
)
"""Kinds that can be tried again without touching what somebody made meanwhile."""

_NOT_LEANING = ("FK CONSTRAINT", "TABLE DATA", "MATERIALIZED VIEW DATA", "SEQUENCE SET", "TABLE ATTACH", "INDEX ATTACH")
_SAID = re.compile(r"sensei-leaning (\d+) (made|there|failed):? ?(.*)")


@dataclass(frozen=True, slots=True)
class Leaning:
    """One thing that leaned on a table: what it is, its SQL, and for a foreign key how its rows are checked again.

    `tried` is false for what a person has to put back.
    """

    words: str
    sql: str
    tried: bool = True
    check: str = ""


def leaning(
    every: Sequence[Item], tables: Sequence[Kept], text: Callable[[Sequence[Item]], str]
) -> tuple[Leaning, ...]:
    """What leans on the tables, in the order in which it can be made; `text` gives the SQL of items."""
    ours = {each.number for each in archive.belonging(every, tables)}
    carrying = set(ours)
    groups: dict[int, list[Item]] = {}
    for each in every:
        if each.number in ours or each.of_kind(_NOT_LEANING):
            continue
        if each.of_kind(archive.REMARKS):
            if each.needs and each.needs[0] in groups:
                groups[each.needs[0]].append(each)
        elif carrying.intersection(each.needs):
            groups[each.number] = [each]
            if each.of_kind(_MADE):
                carrying.add(each.number)
    found = [Leaning(_words(group[0]), text(group), group[0].of_kind(_MADE)) for group in groups.values()]
    return (*found, *_keys(tables))


def _words(item: Item) -> str:
    """`view public.adults`, from the line of an archive's list."""
    kind = next(
        (each for each in sorted(_MADE, key=len, reverse=True) if item.of_kind((each,))), item.words.split(" ")[0]
    )
    schema, _, rest = item.words.removeprefix(f"{kind} ").partition(" ")
    return f"{kind.lower()} {schema}.{rest.rpartition(' ')[0]}"


def _keys(tables: Sequence[Kept]) -> Iterator[Leaning]:
    for text in dict.fromkeys(each for table in tables for each in table.pointing):
        head, _, rest = text.partition(" ADD CONSTRAINT ")
        name = rest.partition(" FOREIGN KEY ")[0]
        owner = head.removeprefix("ALTER TABLE ")
        loose = text.endswith(("NOT VALID", "NOT ENFORCED"))
        check = "" if loose else f"{head} VALIDATE CONSTRAINT {name}"
        yield Leaning(f"foreign key {owner}.{name}", text, check=check)


def blocks(connection: Connection, found: Sequence[Leaning]) -> str:
    """SQL that tries each and says what came of it, whatever that is."""
    parts = [_block(connection, number, each) for number, each in enumerate(found) if each.tried]
    if any(each.words.startswith("materialized view ") for each in found):
        parts.append(_refresh(connection))
    return "".join(parts)


def _block(connection: Connection, number: int, each: Leaning) -> str:
    tag = f"$sensei_{secrets.token_hex(4)}$"
    run = f"EXECUTE {sql.Literal(each.sql).as_string(connection)};"
    if each.check:
        # Its rows are checked later, while others write; before PostgreSQL 18 not for partitioned tables.
        loose = sql.Literal(f"{each.sql} NOT VALID").as_string(connection)
        run = f"BEGIN EXECUTE {loose}; EXCEPTION WHEN feature_not_supported OR wrong_object_type THEN {run} END;"
    return (
        f"DO {tag} BEGIN {run} RAISE INFO 'sensei-leaning {number} made';\n"
        f"EXCEPTION WHEN duplicate_object OR duplicate_table OR duplicate_function THEN"
        f" RAISE INFO 'sensei-leaning {number} there';\n"
        f"WHEN OTHERS THEN RAISE INFO 'sensei-leaning {number} failed: %', SQLERRM; END {tag};\n"
    )


def _refresh(connection: Connection) -> str:
    """Materialized views come back empty; those that were empty before stay so."""
    rows = connection.execute("SELECT oid::bigint FROM pg_catalog.pg_class WHERE relkind = 'm' AND NOT relispopulated")
    empty = sql.Literal([int(oid) for (oid,) in rows])
    return sql.SQL(_REFRESH).format(empty=empty).as_string(connection)


_REFRESH = """\
DO $sensei$ DECLARE found text; BEGIN
FOR found IN SELECT oid::regclass::text FROM pg_catalog.pg_class
  WHERE relkind = 'm' AND NOT relispopulated AND oid::bigint <> ALL ({empty}::bigint[]) ORDER BY oid
LOOP BEGIN EXECUTE 'REFRESH MATERIALIZED VIEW ' || found; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $sensei$;
"""


def outcome(connection: Connection, found: Sequence[Leaning], said: str, *, aside: Collection[str] = ()) -> list[str]:
    """What became of each, in words; foreign keys are checked on the rows that are there.

    `said` is what the blocks said; `aside` are the tables that stand in the trash now, with all that leads to them.
    """
    became = {int(match[1]): (match[2], match[3]) for match in _SAID.finditer(said)}
    back, told = [], []
    for number, each in enumerate(found):
        state, why = became.get(number, ("failed", "it is not tried by itself"))
        match state:
            case "made":
                back.append(each.words)
                told += _checked(connection, each)
            case "there" if aside and each.words.startswith(("foreign key", "view", "materialized view")):
                told.append(f"{each.words} still leads to what was moved aside; make it anew with: {each.sql}")
            case "there":
                pass
            case _:
                told.append(f"{each.words} did not come back ({why}); yours to run: {each.sql}")
    return [*([f"came back with it: {', '.join(back)}"] if back else []), *told]


def _checked(connection: Connection, each: Leaning) -> list[str]:
    if not each.check:
        return []
    try:
        connection.execute(each.check.encode())
    except psycopg.Error as error:
        said = error.diag.message_primary or str(error).strip()
        return [f"{each.words} holds for new rows only: {said}; correct the rows, then run: {each.check}"]
    return []
