"""What the catalog lost or changed by a statement: objects that were there before the file and code relies on."""

import re
from collections.abc import Iterator

from ...terms.trash import TRASH
from .finding import Finding
from .state import Constraint, State
from .trace import Effect, Trace


def findings(trace: Trace) -> Iterator[Finding]:
    """Every drop, rename and loosening, statement by statement; what a rollback brought back was not lost."""
    if not trace.effects:
        return
    end = trace.end
    for effect in trace.effects:
        if effect.before == effect.after:
            continue
        yield from _relations(trace.base, effect, end)
        yield from _columns(trace.base, effect, end)
        yield from _constraints(trace.base, effect, end)
        yield from _guards(trace.base, effect, end)
        yield from _others(trace.base, effect, end)
        yield from _rights(effect)
    for effect in trace.effects:
        for oid in sorted(effect.lowered & trace.base.relations.keys()):
            name = trace.base.relations[oid].name
            words = "The sequence is put back: it gives numbers that rows may have already, and inserts fail on them."
            yield Finding("identity-changed", effect.statement, name, oid, words=words)


def _relations(base: State, effect: Effect, end: State) -> Iterator[Finding]:
    standing = {(each.name, each.kind) for each in end.relations.values()}
    before, after, statement = effect.before.relations, effect.after.relations, effect.statement
    for oid, old in before.items():
        if oid not in base.relations:
            continue
        names = {"table": old.name, "index": old.name}
        new = after.get(oid)
        if new is None and oid not in end.relations:
            match old.kind:
                case "r" | "p" | "f":
                    kind = "set-aside-dropped" if _aside(old.name) else "drop-table"
                    yield Finding(kind, statement, old.name, oid, effect.held.get(oid, 7), names)
                case "v" | "m" | "c" if (old.name, old.kind) not in standing:
                    yield Finding("drop-object", statement, old.name, oid, names=names)
                case "v" | "m" | "c":
                    yield from _made_anew(effect, oid, end)
                case "S" if "SEQUENCE" in statement.words:
                    yield Finding("drop-object", statement, old.name, names=names)
                case "i" if _index_alone(base, effect, oid):
                    yield from _index(effect, oid, end)
                case _:
                    pass
        elif new is None:
            continue
        elif old.kind == "S" and new.filenode != old.filenode and statement.verb == "ALTER":
            yield Finding("identity-changed", statement, old.name, oid, names=names)
        elif new.name != old.name and old.kind == "S" and not old.owned:
            yield Finding("rename-object", statement, old.name, oid, names=names)
        elif new.name != old.name and old.kind in "rpvmfc":
            if not _aside(old.name) and not _bridged(effect.before, oid, end):  # nothing uses it there
                yield Finding(
                    "table-set-aside" if _aside(new.name) else "rename-table", statement, old.name, oid, 7, names
                )
        elif (old.rls and not new.rls) or (old.force_rls and not new.force_rls):
            yield Finding("rls-disabled", statement, old.name, oid, 7, names)
        elif new.rls and not old.rls and not any(table == oid for table, *_ in end.policies.values()):
            yield Finding("rls-without-policy", statement, old.name, oid, 7, names)


def _aside(name: str) -> bool:
    return name.startswith(f"{TRASH}.")


def _bridged(before: State, oid: int, end: State) -> bool:
    """Whether a view of the old name shows every column at the end, so that code of both releases goes on."""
    name = before.relations[oid].name
    view = next((key for key, each in end.relations.items() if (each.name, each.kind) == (name, "v")), None)
    shown = {each.name for (relation, _), each in end.columns.items() if relation == view}
    return view is not None and {each.name for (table, _), each in before.columns.items() if table == oid} <= shown


def _made_anew(effect: Effect, oid: int, end: State) -> Iterator[Finding]:
    """The columns that a view had and another one of its name at the end has not."""
    old = effect.before.relations[oid]
    new = next(key for key, each in end.relations.items() if (each.name, each.kind) == (old.name, old.kind))
    kept = {each.name for (relation, _), each in end.columns.items() if relation == new}
    for (relation, _), column in effect.before.columns.items():
        if relation == oid and column.name not in kept:
            names = {"table": old.name, "column": column.name}
            yield Finding("drop-column", effect.statement, f"{old.name}.{column.name}", oid, names=names)


def _index(effect: Effect, oid: int, end: State) -> Iterator[Finding]:
    """An index that is dropped under a lock; a unique one is a rule on the data, too, unless another one has it."""
    index = effect.before.indexes[oid]
    names = {"table": effect.after.relations[index.table].name, "index": index.name, "constraint": index.name}
    lock = effect.held.get(index.table, -1)
    if "CONCURRENTLY" not in effect.statement.words:
        yield Finding("index-drop-blocks", effect.statement, index.name, index.table, max(lock, 7), names)
    same = (index.table, index.columns, index.partial)
    kept = any(each.unique and (each.table, each.columns, each.partial) == same for each in end.indexes.values())
    if index.unique and index.valid and not kept:
        yield Finding("drop-constraint", effect.statement, index.name, index.table, lock, names)


def _index_alone(base: State, effect: Effect, oid: int) -> bool:
    index = effect.before.indexes.get(oid)
    words = effect.statement.words
    return (
        index is not None
        and (words[:2] == ("DROP", "INDEX") or words[:1] in {("DO",), ("CALL",)})
        and index.table in base.relations
        and index.table in effect.after.relations
        and all((index.table, number) in effect.after.columns for number in index.columns if number)
    )


def _columns(base: State, effect: Effect, end: State) -> Iterator[Finding]:
    before, after, statement = effect.before.columns, effect.after.columns, effect.statement
    relations, tables = effect.after.relations, base.tables()
    for key, new in after.items():
        if not (new.not_null and new.default is None and key[0] in tables):
            continue
        if key not in before and key not in base.columns:
            yield _column("required-column", effect, key[0], new.name)
        elif key in before and before[key].default is not None and before[key].not_null and _unfilled(end, key):
            yield _column("required-column", effect, key[0], new.name, words=_NO_MORE_FILLED)
    for key, old in before.items():
        if key not in base.columns or key[0] not in relations:
            continue
        changed = after.get(key)
        if changed is None and key in end.columns:
            continue
        if changed is None:
            yield _column("drop-column", effect, key[0], old.name)
            continue
        if changed.name != old.name:
            yield _column("rename-column", effect, key[0], old.name)
        if changed.type != old.type and key[0] not in effect.rewritten and not _widened(old.type, changed.type):
            yield _column("type-changed", effect, key[0], old.name)
        if old.not_null and not changed.not_null:
            yield _column("drop-not-null", effect, key[0], old.name)
        if old.default is not None and changed.default is None and _unfilled(end, key):
            if len(old.default) == 1 or "IDENTITY" in statement.words:
                yield _column("identity-changed", effect, key[0], old.name)
            elif not changed.not_null:
                yield _column("drop-default", effect, key[0], old.name)


def _unfilled(end: State, key: tuple[int, int]) -> bool:
    """Whether nothing fills a column at the end that an insert leaves out."""
    return key not in end.columns or end.columns[key].default is None


def _widened(old: str, new: str) -> bool:
    """Text stays text, however long; what only gained digits stays what it was; a network is an address."""
    text = ("character varying", "text")
    plain = [re.sub(r"\([^)]*\)", "", each) for each in (old, new)]
    return (old.startswith(text) and new.startswith(text)) or plain[0] == plain[1] or plain == ["cidr", "inet"]


_NO_MORE_FILLED = "Nothing fills it any more, and it must not be NULL: running code that leaves it out cannot insert."


def _column(name: str, effect: Effect, table: int, column: str, *, words: str = "") -> Finding:
    relation = effect.after.relations[table].name
    names = {"table": relation, "column": column}
    return Finding(name, effect.statement, f"{relation}.{column}", table, effect.held.get(table, -1), names, words)


def _constraints(base: State, effect: Effect, end: State) -> Iterator[Finding]:
    standing = {(each.table, each.name, each.definition) for each in effect.after.constraints.values()}
    for oid, old in effect.before.constraints.items():
        if oid not in base.constraints:
            continue
        now = effect.after.constraints.get(oid)
        gone = now is None and oid not in end.constraints and (old.table, old.name, old.definition) not in standing
        gone |= now is not None and now.definition.endswith(_LOOSE) and not old.definition.endswith(_LOOSE)
        there = all((old.table, number) in effect.after.columns for number in old.columns)
        if gone and there and old.table in effect.after.relations and not proof_no_more_needed(effect.after, old):
            relation = effect.after.relations[old.table].name
            names = {"table": relation, "constraint": old.name}
            lock = effect.held.get(old.table, -1)
            yield Finding("drop-constraint", effect.statement, f"{relation}.{old.name}", old.table, lock, names)


_LOOSE = "NOT ENFORCED"


def proof_no_more_needed(after: State, constraint: Constraint) -> bool:
    """A CHECK (column IS NOT NULL) whose column is NOT NULL by now says nothing."""
    if constraint.kind != "c" or len(constraint.columns) != 1 or not constraint.definition.endswith(" IS NOT NULL))"):
        return False
    column = after.columns.get((constraint.table, constraint.columns[0]))
    return column is not None and column.not_null


_FOR_ALL = re.compile(r"\S t \{0\} true( true)?")
"""A permissive policy for PUBLIC without a condition, as state.sql prints it."""


def _guards(base: State, effect: Effect, end: State) -> Iterator[Finding]:
    """Policies and triggers; one that stands again under its name at the end was replaced, not lost."""
    for oid, (table, name, words) in effect.after.policies.items():
        opened = oid not in effect.before.policies and oid not in base.policies and _FOR_ALL.fullmatch(words)
        if opened and table in base.relations and base.relations[table].rls:
            relation = effect.after.relations[table].name
            names = {"table": relation, "policy": name}
            text = (
                "It lets every role through to every row, whatever the other policies say: one that agrees is enough."
            )
            yield Finding("policy-changed", effect.statement, f"{relation}.{name}", table, names=names, words=text)
    policies = {(table, name) for table, name, _ in end.policies.values()}
    for oid, (table, name, words) in effect.before.policies.items():
        if oid not in base.policies or table not in effect.after.relations:
            continue
        relation = effect.after.relations[table].name
        names = {"table": relation, "policy": name}
        now = effect.after.policies.get(oid)
        if now is None:
            kind = "policy-changed" if (table, name) in policies else "policy-dropped"
            yield Finding(kind, effect.statement, f"{relation}.{name}", table, effect.held.get(table, -1), names)
        elif now[2] != words:
            yield Finding("policy-changed", effect.statement, f"{relation}.{name}", table, names=names)
    triggers = {(table, name) for table, name, enabled in end.triggers.values() if enabled != "D"}
    for oid, (table, name, enabled) in effect.before.triggers.items():
        if oid not in base.triggers or table not in effect.after.relations or (table, name) in triggers:
            continue
        now = effect.after.triggers.get(oid)
        if now is None or (now[2] == "D" and enabled != "D"):
            relation = effect.after.relations[table].name
            yield Finding("trigger-off", effect.statement, f"{relation}.{name}", table, names={"table": relation})


def _others(base: State, effect: Effect, end: State) -> Iterator[Finding]:
    standing = set(end.others.values())
    gone = {name for key, name in effect.before.others.items() if key[0] == "schema" and key not in effect.after.others}
    for key, name in effect.before.others.items():
        if key not in base.others:
            continue
        now = effect.after.others.get(key)
        if key[0] == "schema" and name == TRASH:
            continue  # what was in it is judged by itself
        if now is None and name not in standing and name.partition(".")[0] not in gone - {name}:
            yield Finding("drop-object", effect.statement, name)
        if now is not None and now != name and "RENAME" in effect.statement.words:
            yield Finding("rename-object", effect.statement, name)
    for oid, (name, labels) in effect.before.enums.items():
        values = effect.after.enums.get(oid)
        if oid not in base.enums or values is None or values[1] == labels:
            continue
        lost = set(labels) - set(values[1])
        yield Finding("rename-object" if lost else "enum-value-added", effect.statement, name)
    if "RENAME" in effect.statement.words:
        return  # grants keep their objects, under new names
    for name, privilege in sorted(effect.after.public - effect.before.public):
        names = {"table": name}
        yield Finding("granted-to-public", effect.statement, name, names=names, words=f"{privilege} for every role.")
        break


def _rights(effect: Effect) -> Iterator[Finding]:
    """Rights taken away from objects that stay."""
    after = effect.after
    lost: dict[tuple[str, str], list[str]] = {}
    for each in sorted(effect.before.granted - after.granted):
        same = (each.kind, each.oid, each.part, each.grantee, each.privilege)
        renamed = any((now.kind, now.oid, now.part, now.grantee, now.privilege) == same for now in after.granted)
        match each.kind:
            case "relation":
                stays = each.oid in after.relations
            case "column":
                stays = (each.oid, each.part) in after.columns
            case _:
                stays = (each.kind, each.oid) in after.others
        if stays and not renamed:
            lost.setdefault((each.name, each.grantee), []).append(each.privilege)
    for (name, grantee), privileges in lost.items():
        names = {"table": name, "role": grantee, "privilege": ", ".join(privileges)}
        words = f"{grantee} loses {names['privilege']} on {name}: what runs as that role fails from now on."
        yield Finding("privilege-revoked", effect.statement, name, names=names, words=words)
