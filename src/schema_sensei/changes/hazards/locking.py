"""What the trace saw: tables written anew, scanned or kept locked while others wait."""

from collections.abc import Iterator

from .counters import STRENGTH
from .finding import Finding
from .trace import Effect, Trace
from .unconditional import whole

_SHARE = STRENGTH.index("ShareLock")
_ROW_EXCLUSIVE = STRENGTH.index("RowExclusiveLock")
_EXCLUSIVE = STRENGTH.index("AccessExclusiveLock")
_READS_ROWS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "COPY", "VALUES", "TABLE", "EXECUTE"})
_ONLY_READS = frozenset({"SELECT", "VALUES", "TABLE"})
_MANY, _MOST, _FEW = 50, 0.5, 3
"""A WHERE that takes at least half of the rows, and more than a handful, is none; nor one that takes each of a few."""
_CODE = frozenset({"DO", "CALL"})


def findings(trace: Trace) -> Iterator[Finding]:
    """Every hazard of locking, statement by statement."""
    for effect in trace.effects:
        for table in sorted(effect.rewritten | effect.scanned | set(effect.taken)):
            name = _what(trace, effect, table)
            if name and table in trace.base.relations:
                relation = trace.base.relations[table]
                lock = effect.held.get(table, _EXCLUSIVE if table in effect.rewritten else -1)
                names = {"table": relation.name, "index": relation.name, **_constraint(effect, table)}
                yield Finding(name, effect.statement, relation.name, table, lock, names)
        yield from _referred_to(trace, effect)
        yield from _held_through(trace, effect)


def _referred_to(trace: Trace, effect: Effect) -> Iterator[Finding]:
    """Tables that were there before, locked while the rows of a table that the file filled are looked up in them."""
    for oid, key in effect.after.constraints.items():
        if (
            oid not in effect.before.constraints
            and key.table in effect.referring
            and key.target in trace.base.relations
        ):
            referring, target = effect.after.relations[key.table].name, effect.after.relations[key.target].name
            lock = effect.held.get(key.target, -1)
            names = {"table": referring, **_constraint(effect, key.table)}
            words = f"Every row of {referring} is looked up in {target} while writes to {target} wait."
            yield Finding("foreign-key-scan", effect.statement, target, key.target, lock, names, words)


def _what(trace: Trace, effect: Effect, table: int) -> str:
    statement, words = effect.statement, effect.statement.words
    lock = effect.held.get(table, -1)
    if table in effect.rewritten:
        return _rewritten(effect, table)
    if statement.verb == "LOCK":
        return "explicit-lock" if effect.taken.get(table, -1) >= _SHARE else ""
    rows, changed = trace.sizes.get(table, (0, 0))[0], effect.written.get(table, 0)
    most = "many-rows" if changed >= max(_MANY, rows * _MOST) or changed >= rows >= _FEW else ""
    for verb, name in whole(statement):
        if name == trace.base.relations[table].name.rpartition(".")[2] and effect.held.get(table, -1) >= _ROW_EXCLUSIVE:
            return f"mass-{verb.lower()}"
    if statement.verb in {"UPDATE", "DELETE"}:
        return f"mass-{statement.verb.lower()}" if changed >= max(_MANY, rows) else most
    if words[-3:] in {("DISABLE", "TRIGGER", "ALL"), ("DISABLE", "TRIGGER", "USER")} and table in effect.taken:
        return "trigger-off"
    if "DETACH" in words and effect.taken.get(table, -1) == _EXCLUSIVE:
        return "detach-blocks"
    if table in effect.touched and statement.verb in _READS_ROWS | _CODE:
        return most
    if statement.verb in _READS_ROWS and effect.taken.get(table, -1) < _SHARE:  # more is taken by a function's DDL
        return ""
    if statement.verb == "REFRESH":
        return ""  # concurrently: the view can be read, and nobody else writes it
    return _scanned(effect, table) if table in effect.scanned and lock >= _SHARE else _foreign_key(effect, table)


def _rewritten(effect: Effect, table: int) -> str:
    kind = effect.before.relations[table].kind
    match effect.statement.verb:
        case "TRUNCATE":
            return "truncate" if kind in "rp" else ""
        case "REFRESH":
            return "refresh-blocks-reads" if kind == "m" else ""
        case "REINDEX":
            return "reindex-blocks" if kind == "i" and "CONCURRENTLY" not in effect.statement.words else ""
        case _:
            return "table-rewrite" if kind in "rm" else ""


def _scanned(effect: Effect, table: int) -> str:
    words = effect.statement.words
    if (effect.statement.verb == "CREATE" and "INDEX" in words[:3]) or _built_by_code(effect, table):
        return "index-blocks-writes"
    if effect.statement.verb == "REINDEX":
        return "reindex-blocks"
    if "VALIDATE" in words and effect.taken.get(table, -1) < _SHARE:
        return "validate-in-same-transaction"
    added = {
        each.kind
        for oid, each in effect.after.constraints.items()
        if each.table == table and oid not in effect.before.constraints and each.valid
    }
    if any(words[at : at + 3] == ("SET", "NOT", "NULL") for at in range(len(words))) or _required(effect, table):
        return "not-null-scan"
    if _foreign_key(effect, table):
        return "foreign-key-scan"
    if added & {"u", "p"} and not any(words[at : at + 2] == ("USING", "INDEX") for at in range(len(words))):
        return "unique-constraint-build"
    if any(
        each.kind == "f" and each.target == table and oid not in effect.before.constraints
        for oid, each in effect.after.constraints.items()
    ):
        return ""  # told at the table that refers
    return "constraint-scan" if "c" in added or "DOMAIN" in words[:2] else "scan-under-lock"


def _required(effect: Effect, table: int) -> bool:
    """Whether a column became NOT NULL, by whatever way, and no constraint came with it."""
    if effect.statement.verb == "ALTER" and "KEY" in effect.statement.words:
        return False
    before = effect.before.columns
    return any(
        key[0] == table and now.not_null and key in before and not before[key].not_null
        for key, now in effect.after.columns.items()
    )


def _foreign_key(effect: Effect, table: int) -> str:
    """A foreign key that is valid at once was checked, whichever way the planner took."""
    added = any(
        each.kind == "f" and each.table == table and each.valid and oid not in effect.before.constraints
        for oid, each in effect.after.constraints.items()
    )
    return "foreign-key-scan" if added else ""


def _built_by_code(effect: Effect, table: int) -> bool:
    """Whether a function or a DO block built an index that no constraint asked for."""
    if effect.statement.verb not in _READS_ROWS | _CODE:
        return False
    owned = {each.name for each in effect.after.constraints.values() if each.table == table}
    return any(
        each.table == table and oid not in effect.before.indexes and each.name.rpartition(".")[2] not in owned
        for oid, each in effect.after.indexes.items()
    )


def _held_through(trace: Trace, effect: Effect) -> Iterator[Finding]:
    """Rows are read or written from end to end while a lock of an earlier statement lasts."""
    verb = effect.statement.verb
    rows_only, code = verb in _READS_ROWS - _ONLY_READS, verb in _CODE
    if verb in _ONLY_READS:
        return  # on a small copy it reads from end to end what has an index
    written = {table for table, rows in effect.written.items() if code or rows >= _MANY}
    busy = written if code else written | effect.scanned | effect.rewritten
    for table, lock in sorted(effect.held.items()):
        earlier = lock >= _SHARE and (effect.taken.get(table, -1) < _SHARE or code)
        if busy and earlier and (rows_only or code or table not in busy):
            name = trace.base.relations[table].name
            yield Finding("lock-held-through-backfill", effect.statement, name, table, lock, {"table": name})


def _parts(definition: str) -> dict[str, str]:
    """What stands in a constraint's parentheses, and what a foreign key refers to, as PostgreSQL prints it."""
    _, _, rest = definition.partition(" (")
    inside, refers, target = rest.partition(" REFERENCES ")
    return {"(...)": f"({inside}"} | ({"target": target.removesuffix(" NOT VALID")} if refers else {})


def _constraint(effect: Effect, table: int) -> dict[str, str]:
    names: dict[str, str] = {}
    for oid, constraint in effect.after.constraints.items():
        if constraint.table == table and oid not in effect.before.constraints:
            names |= {"constraint": constraint.name} | _parts(constraint.definition)
    for oid, index in effect.after.indexes.items():
        if index.table == table and oid not in effect.before.indexes:
            unique, _, keys = index.definition.partition(" ON ")
            keys = keys.partition(" USING ")[2]
            names |= {"index": index.name.rpartition(".")[2], "(...)": f"USING {keys}"}
            names |= {"unique": "UNIQUE "} if unique.startswith("CREATE UNIQUE") else {}
    columns = [
        after.name
        for key, after in effect.after.columns.items()
        if after.table == table and effect.before.columns.get(key, after) != after
    ]
    return names | ({"column": columns[0]} if columns else {})
