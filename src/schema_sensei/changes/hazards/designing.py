"""What the file leaves behind: keys, indexes, types and names of the objects it added or changed."""

import re
from collections.abc import Iterator, Sequence

from .finding import Finding
from .state import Constraint, State
from .statements import Statement
from .trace import Trace

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_WIDTH = {"smallint": 2, "integer": 4, "bigint": 8}
_WIDE = 3
"""Columns of an index beyond which strong_migrations asks for a second thought."""


def findings(trace: Trace) -> Iterator[Finding]:
    """Every design hazard of what is new at the end, at the statement that brought it."""
    if not trace.effects:
        return
    base, end = trace.base, trace.end
    yield from _exchanged(trace, base, end)
    yield from _tables(trace, base, end)
    yield from _columns(trace, base, end)
    yield from _behind(trace, end)
    yield from _constraints(trace, base, end)
    yield from _indexes(trace, base, end)


def _exchanged(trace: Trace, base: State, end: State) -> Iterator[Finding]:
    """A column that goes while one of the same type comes: Alembic and ORMs write a rename so."""
    for key, old in base.columns.items():
        if key in end.columns or key[0] not in end.tables():
            continue
        table = end.relations[key[0]].name
        for other, new in end.columns.items():
            if other[0] == key[0] and other not in base.columns and new.type == old.type:
                statement = next(each.statement for each in trace.effects if key not in each.after.columns)
                names = {"table": table, "column": old.name, "other": new.name}
                words = f"{old.name} goes and {new.name} of the same type comes: is this a rename? Its values would go."
                yield Finding("drop-and-add", statement, f"{table}.{old.name}", key[0], names=names, words=words)
                break


def _since(trace: Trace, there: Sequence[bool]) -> Statement:
    """The first statement after which it was there, given that for every effect."""
    return next(each.statement for each, now in zip(trace.effects, there, strict=True) if now)


def _typed(state: State, key: tuple[int, int], kind: str) -> bool:
    return key in state.columns and state.columns[key].type == kind


def _tables(trace: Trace, base: State, end: State) -> Iterator[Finding]:
    keyed = {each.table for each in end.constraints.values() if each.kind == "p"}
    for oid, table in end.tables().items():
        if table.persistence == "u" and (oid not in base.relations or base.relations[oid].persistence != "u"):
            unlogged = [
                oid in step.after.relations and step.after.relations[oid].persistence == "u" for step in trace.effects
            ]
            yield Finding("unlogged-table", _since(trace, unlogged), table.name, oid, names={"table": table.name})
        if oid in base.relations or table.partition:
            continue
        statement = _since(trace, [oid in each.after.relations for each in trace.effects])
        if oid not in keyed:
            yield Finding("missing-primary-key", statement, table.name, names={"table": table.name})
        if not _PLAIN.fullmatch(table.name.rpartition(".")[2]):
            yield Finding("naming", statement, table.name)


def _columns(trace: Trace, base: State, end: State) -> Iterator[Finding]:
    keys = {(each.table, number) for each in end.constraints.values() if each.kind == "p" for number in each.columns}
    for key, column in end.columns.items():
        old = base.columns.get(key)
        if (old is not None and old.type == column.type) or key[0] not in end.tables():
            continue
        relation = end.relations[key[0]].name
        names = {"table": relation, "column": column.name}
        found = _type(column.type, key=key in keys)
        if old is None and (column.default or "").startswith("nextval("):
            found = (*found, "serial-column")
        if old is None and not _PLAIN.fullmatch(column.name):
            found = (*found, "naming")
        for each in found:
            statement = _since(trace, [_typed(step.after, key, column.type) for step in trace.effects])
            yield Finding(each, statement, f"{relation}.{column.name}", names=names)


def _behind(trace: Trace, end: State) -> Iterator[Finding]:
    """Numbers given by hand to the rows of a new table; told where rows were written to it last."""
    for table, number in sorted(trace.behind):
        name, column = end.relations[table].name, end.columns[table, number].name
        bare = name.rpartition(".")[2].upper()
        writes = [each.statement for each in trace.effects if each.statement.verb in _WRITES]
        named = [each for each in writes if bare in each.bare.upper()]
        statement = (named or writes or [trace.effects[-1].statement])[-1]
        yield Finding("sequence-behind", statement, f"{name}.{column}", names={"table": name, "column": column})


_WRITES = frozenset({"INSERT", "WITH", "MERGE", "COPY", "DO", "CALL", "SELECT", "CREATE", "UPDATE"})


def _type(kind: str, *, key: bool) -> tuple[str, ...]:
    if kind.startswith("json") and not kind.startswith("jsonb"):
        return ("json-column",)
    if kind.startswith("timestamp") and "without time zone" in kind:
        return ("timestamp-without-zone",)
    if kind.startswith("character("):
        return ("char-column",)
    if kind.startswith("character varying("):
        return ("length-limit",)
    if kind in {"integer", "smallint"}:
        return ("narrow-integer-key",) if key else ("narrow-integer",)
    return ()


def _constraints(trace: Trace, base: State, end: State) -> Iterator[Finding]:
    for oid, each in end.constraints.items():
        if oid in base.constraints or each.table not in end.relations:
            continue
        statement = _since(trace, [oid in step.after.constraints for step in trace.effects])
        relation = end.relations[each.table].name
        columns = ", ".join(end.columns[each.table, number].name for number in each.columns)
        names = {"table": relation, "constraint": each.name, "column": columns}
        if not each.valid:
            yield Finding("not-valid-left", statement, f"{relation}.{each.name}", each.table, names=names)
        if each.kind == "f":
            if not _indexed(end, each):
                yield Finding("foreign-key-without-index", statement, f"{relation}.{columns}", names=names)
            if _narrower(end, each):
                yield Finding("foreign-key-type", statement, f"{relation}.{columns}", names=names)


def _indexed(end: State, key: Constraint) -> bool:
    wanted = set(key.columns)
    return any(
        index.table == key.table and index.valid and not index.partial and set(index.columns[: len(wanted)]) == wanted
        for index in end.indexes.values()
    )


def _narrower(end: State, key: Constraint) -> bool:
    pairs = zip(key.columns, key.target_columns, strict=False)
    for own, other in pairs:
        left, right = end.columns.get((key.table, own)), end.columns.get((key.target, other))
        if left and right and _WIDTH.get(left.type, 8) < _WIDTH.get(right.type, 0):
            return True
    return False


def _indexes(trace: Trace, base: State, end: State) -> Iterator[Finding]:
    owned = {(each.table, each.name) for each in end.constraints.values()}
    for oid, index in end.indexes.items():
        if oid in base.indexes or index.table not in end.relations:
            continue
        statement = _since(trace, [oid in each.after.indexes for each in trace.effects])
        name = index.name.rpartition(".")[2]
        names = {"table": end.relations[index.table].name, "index": index.name}
        # Of a partitioned table an index stays invalid until every partition has one.
        if not index.valid and end.relations[index.table].kind != "p":
            yield Finding("invalid-index", statement, index.name, index.table, names=names)
        if (index.table, name) in owned:
            continue
        if len(index.columns) > _WIDE and not index.unique:
            yield Finding("wide-index", statement, index.name, index.table, names=names)
        if _covered(end, oid):
            yield Finding("duplicate-index", statement, index.name, index.table, names=names)


def _covered(end: State, oid: int) -> bool:
    index = end.indexes[oid]
    if index.unique or index.partial or 0 in index.columns or index.method != "btree":
        return False
    return any(
        other != oid
        and each.table == index.table
        and each.valid
        and not each.partial
        and each.method == "btree"
        and each.columns[: len(index.columns)] == index.columns
        for other, each in end.indexes.items()
    )
