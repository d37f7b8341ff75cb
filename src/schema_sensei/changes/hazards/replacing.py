"""What behaves in another way from now on though its name stays: routines, views, rules, sequences, replication."""

from collections.abc import Iterator

from .finding import Finding
from .state import State, Trait
from .trace import Effect, Trace


def findings(trace: Trace) -> Iterator[Finding]:
    """Every change of behaviour that stands at the end, at the statement that brought it."""
    for effect in trace.effects:
        if effect.before.traits == effect.after.traits:
            continue
        for key, new in effect.after.traits.items():
            old = effect.before.traits.get(key)
            if new != old and key in trace.end.traits:
                yield from _changed(trace.base, effect, key, old, new)
        for key in effect.before.traits.keys() - effect.after.traits.keys():
            if key[0] == "heir" and key in trace.base.traits and key[1] in effect.after.relations:
                yield from _left_its_parent(trace.base, effect, key)


def _changed(base: State, effect: Effect, key: tuple[str, int], old: Trait | None, new: Trait) -> Iterator[Finding]:
    kind, oid = key
    there = base.traits.get(key)
    match kind:
        case "routine":
            if new.noted == "definer" and (old is None or old.noted != "definer"):
                yield Finding("security-definer", effect.statement, new.name, names={"function": new.name})
            elif there is not None and old is not None and new.words != old.words:
                hazard = "stored-by-old-code" if new.noted == "stored" else "definition-replaced"
                yield Finding(hazard, effect.statement, new.name, names={"function": new.name})
        case "view":
            if there is not None and old is not None and not _same(old, new):
                yield Finding("definition-replaced", effect.statement, new.name, oid)
        case "rule":
            table = new.name.rpartition(".")[0]
            if there is None and old is None and table in {each.name for each in base.relations.values()}:
                yield Finding("rule-added", effect.statement, new.name, names={"table": table})
        case "sequence":
            if there is not None and old is not None and new.words != old.words:
                yield Finding("identity-changed", effect.statement, new.name, words=_OF_SEQUENCE)
        case "replica identity":
            if there is not None and old is not None and new.words != old.words:
                yield Finding("replica-identity", effect.statement, new.name, oid, names={"table": new.name})
        case _:
            if there is not None and old is not None and new.words != old.words:
                yield from _left_its_parent(base, effect, key)


def _left_its_parent(base: State, effect: Effect, key: tuple[str, int]) -> Iterator[Finding]:
    name = base.traits[key].name
    words = "Queries on the parent no longer see its rows, and no longer find them to change."
    yield Finding("detach-blocks", effect.statement, name, key[1], effect.held.get(key[1], -1), {"table": name}, words)


def _same(old: Trait, new: Trait) -> bool:
    """Whether a view gives the same rows, with columns added at most."""
    if old.noted != new.noted:
        return False
    columns, _, rows = old.words.partition(_FROM)
    more, _, now = new.words.partition(_FROM)
    return rows == now and more.startswith(columns)


_FROM = "\n   FROM "
"""As pg_get_viewdef breaks a query's lines."""
_OF_SEQUENCE = "Its next numbers are others: they may meet rows that are there, or end sooner."
