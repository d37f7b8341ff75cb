"""One list out of two judges: what the copy confirms is told once, what it refutes is cleared, what it saw is added."""

from collections.abc import Iterator, Sequence

from .finding import Finding
from .linting import HAZARD_OF, SEEN_BY_CATALOG, SEEN_BY_DESIGN, SEEN_BY_LOCKS
from .model import Hazard, ordered
from .pages import page
from .squawk import Doubt
from .trace import STRENGTH, Effect, Trace

_STOPS = {4: "writes", 5: "writes", 6: "writes", 7: "reads and writes"}
"""What waits for a lock, by its place in STRENGTH."""

_SAME_SCAN = frozenset({*SEEN_BY_LOCKS, "scan-under-lock", "required-column", "fails-on-data"})


def merge(own: Sequence[Finding], warnings: Sequence[Doubt], trace: Trace) -> tuple[Hazard, ...]:
    """The hazards of both, each once per statement and object, the worst first."""
    effects = {each.statement.offset: each for each in trace.effects}
    hazards = [_hazard(each, trace) for each in own]
    hazards += _from_linter(warnings, own, effects, trace)
    unique = {(each.id, each.line, each.object, each.cleared): each for each in hazards}
    return ordered(tuple(unique.values()))


def _from_linter(
    warnings: Sequence[Doubt], own: Sequence[Finding], effects: dict[int, Effect], trace: Trace
) -> Iterator[Hazard]:
    seen: dict[int, set[str]] = {}
    for finding in own:
        seen.setdefault(finding.statement.offset, set()).add(finding.id)
    for warning in warnings:
        name = HAZARD_OF.get(warning.rule, "questionable")
        place = warning.statement.offset
        found, effect = seen.get(place, set()), effects.get(place)
        if name in found or (name in SEEN_BY_LOCKS and found & _SAME_SCAN):
            continue
        if name == "rename-object" and "rename-table" in found:
            continue
        if name == "table-rewrite" and "type-changed" in found:
            continue
        if name in SEEN_BY_DESIGN and effect is not None:
            continue
        words = f"squawk: {warning.message}" if name == "questionable" else ""
        finding = Finding(name, warning.statement, _object(effect, trace), words=words)
        reason = _reason(name, effect, trace)
        yield _hazard(finding, trace, reason=reason)


def _reason(name: str, effect: Effect | None, trace: Trace) -> str:
    """Why the copy refutes the linter; empty when it does not."""
    if effect is None:
        return ""
    if name in SEEN_BY_LOCKS and effect.watched:
        locks = ", ".join(
            f"{_lock(lock)} on {trace.base.relations[oid].name}" for oid, lock in sorted(effect.taken.items())
        )
        return (
            "Run on the scratch copy, it neither read a table from end to end nor wrote one anew "
            f"({f'it took {locks} for a moment' if locks else 'it took no lock on a table that was there before'})."
        )
    if name in SEEN_BY_CATALOG:
        return (
            "Run on the scratch copy, nothing that was there before the file is gone, renamed or loosened at its end."
        )
    return ""


def _object(effect: Effect | None, trace: Trace) -> str:
    if effect is None or not effect.taken:
        return ""
    return trace.base.relations[max(effect.taken, key=lambda oid: effect.taken[oid])].name


def _hazard(finding: Finding, trace: Trace, *, reason: str = "") -> Hazard:
    about = page(finding.id)
    rows, size = trace.sizes.get(finding.table, (None, None))
    return Hazard(
        id=finding.id,
        level=about.level,
        statement=finding.statement.text,
        line=finding.statement.line,
        object=finding.object,
        why=finding.words or about.why,
        safer=about.safer(finding.names),
        rows=rows,
        size=size,
        lock=_lock(finding.lock),
        stops=_STOPS.get(finding.lock, ""),
        cleared=bool(reason),
        reason=reason,
    )


def _lock(strength: int) -> str:
    """PostgreSQL's words for a lock: ACCESS EXCLUSIVE for AccessExclusiveLock."""
    if strength < 0:
        return ""
    name = STRENGTH[strength].removesuffix("Lock")
    return "".join(f" {each}" if each.isupper() and at else each for at, each in enumerate(name)).upper()
