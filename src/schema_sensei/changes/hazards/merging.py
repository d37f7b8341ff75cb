"""One list out of two judges: what the copy confirms is told once, what it refutes is cleared, what it saw is added."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .allowing import Allowance
from .counters import STRENGTH
from .finding import Finding
from .linting import HAZARD_OF, SEEN_BY_CATALOG, SEEN_BY_DESIGN, SEEN_BY_LOCKS
from .model import Hazard, ordered
from .pages import page
from .plan import Plan
from .sizing import duration, small
from .squawk import Doubt
from .trace import Effect, Trace

_STOPS = {4: "writes", 5: "writes", 6: "writes", 7: "reads and writes"}
"""What waits for a lock, by its place in STRENGTH."""

_SAME_SCAN = frozenset({*SEEN_BY_LOCKS, "scan-under-lock", "required-column", "fails-on-data"})

_SAID_BETTER = {
    "rename-object": frozenset({"rename-table"}),
    "rename-table": frozenset({"table-set-aside"}),
    "drop-table": frozenset({"set-aside-dropped"}),
    "table-rewrite": frozenset({"type-changed"}),
}
"""What the linter calls by a wider name than the catalog does."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The hazards, the worst first, and the allowances that nothing called for."""

    hazards: tuple[Hazard, ...]
    unused: tuple[Allowance, ...]


def merge(own: Sequence[Finding], warnings: Sequence[Doubt], trace: Trace, plan: Plan, *, real: str = "") -> Judgement:
    """The hazards of both, each once per statement and object; those that the plan's author allows are accepted.

    `real` names the target whose rows and bytes the trace knows; empty when they are only those of a copy.
    """
    effects = {each.statement.offset: each for each in trace.effects}
    findings = [(each, "") for each in own]
    findings += _from_linter(warnings, own, effects, trace)
    unique: dict[tuple[object, ...], Hazard] = {}
    used: set[Allowance] = set()
    for each, refuted in findings:
        allowed = next((one for one in plan.allowances if one.covers(each, plan.origin(each.statement).revision)), None)
        used |= {allowed} if allowed else set()
        reason = refuted or (small(each.id, trace.sizes.get(each.table), real) if real else "")
        hazard = _hazard(each, trace, plan, reason=reason, accepted=allowed.reason if allowed else "", real=real)
        unique[hazard.id, each.statement.offset, hazard.object, hazard.cleared] = hazard
    unused = tuple(each for each in plan.allowances if each not in used)
    return Judgement(ordered(tuple(unique.values())), unused)


def _from_linter(
    warnings: Sequence[Doubt], own: Sequence[Finding], effects: dict[int, Effect], trace: Trace
) -> Iterator[tuple[Finding, str]]:
    """The linter's findings that ours do not tell already, each with the reason why the copy refutes it, if it does."""
    seen: dict[int, set[str]] = {}
    for finding in own:
        seen.setdefault(finding.statement.offset, set()).add(finding.id)
    for warning in warnings:
        name = HAZARD_OF.get(warning.rule, "questionable")
        place = warning.statement.offset
        found, effect = seen.get(place, set()), effects.get(place)
        if name in found or (name in SEEN_BY_LOCKS and found & _SAME_SCAN):
            continue
        if warning.rule == "transaction-nesting" and "TO" in warning.statement.words:
            continue  # back to a savepoint: the transaction goes on
        if _SAID_BETTER.get(name, frozenset()) & found:
            continue
        if name in SEEN_BY_DESIGN and effect is not None:
            continue
        words = f"squawk: {warning.message}" if name == "questionable" else ""
        finding = Finding(name, warning.statement, _object(effect), words=words)
        yield finding, _reason(name, effect, trace)


def _reason(name: str, effect: Effect | None, trace: Trace) -> str:
    """Why the copy refutes the linter; empty when it does not."""
    if effect is None:
        return ""
    if name in SEEN_BY_LOCKS and effect.watched:
        locks = ", ".join(
            f"{_lock(lock)} on {trace.base.relations[oid].name}"
            for oid, lock in sorted(effect.held.items())
            if lock in _STOPS
        )
        return (
            "Run on the scratch copy, it neither read a table from end to end nor wrote one anew "
            f"({f'for a moment it has {locks}' if locks else 'it stops nobody on a table that was there before'})."
        )
    if name in SEEN_BY_CATALOG:
        return (
            "Run on the scratch copy, nothing that was there before the file is gone, renamed or loosened at its end."
        )
    return ""


def _object(effect: Effect | None) -> str:
    """The table that a statement is about: the one it makes, or of those it locked the one it names first."""
    if effect is None:
        return ""
    made = [each for oid, each in effect.after.relations.items() if oid not in effect.before.relations]
    tables = [each.name for each in made if each.kind in "rp"]
    words = [each.lower() for each in re.findall(r'"[^"]+"|[^\W\d][\w$]*', effect.statement.bare)]
    locked = [each.name for oid, each in effect.before.relations.items() if oid in (effect.taken or effect.held)]
    places = [(_place(name, words), name) for name in locked]
    return tables[0] if tables else min(places)[1] if places else ""


def _place(name: str, words: list[str]) -> int:
    last = name.rpartition(".")[2].lower()
    return next((at for at, word in enumerate(words) if word.strip('"') == last), len(words))


def _hazard(
    finding: Finding, trace: Trace, plan: Plan, *, reason: str = "", accepted: str = "", real: str = ""
) -> Hazard:
    about = page(finding.id)
    rows, size = trace.sizes.get(finding.table, (None, None))
    origin = plan.origin(finding.statement)
    return Hazard(
        id=finding.id,
        level=about.level,
        statement=finding.statement.text,
        line=origin.line,
        object=finding.object,
        why=finding.words or about.why,
        safer=about.safer(finding.names),
        rows=rows,
        size=size,
        lock=_lock(finding.lock),
        stops=_STOPS.get(finding.lock, ""),
        cleared=bool(reason),
        reason=reason,
        accepted="" if reason else accepted,
        lasts=duration(finding.id, size) if real and size is not None else "",
        real=real,
        file=origin.file,
        revision=origin.revision,
    )


def _lock(strength: int) -> str:
    """PostgreSQL's words for a lock: ACCESS EXCLUSIVE for AccessExclusiveLock."""
    if strength < 0:
        return ""
    name = STRENGTH[strength].removesuffix("Lock")
    return "".join(f" {each}" if each.isupper() and at else each for at, each in enumerate(name)).upper()
