"""What `sensei rehearse` does: finds the revisions of a range, proves them on a scratch copy, prints the verdict."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from ..terms.errors import UsageError
from ..terms.exit_codes import ExitCode

if TYPE_CHECKING:
    from ..actions.services import Services
    from ..changes.change import Change
    from ..changes.proof import Proof
    from ..migrations.history import History
    from .workbench import Workbench

Range: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]


def rehearse(bench: "Workbench", asked: str, *, form: str) -> tuple[str, ExitCode]:
    """The verdict on a range, on the pending revisions without one; exit 3 when the way down does not lead back.

    Raises UsageError for a range that is none, MigrationError, NoScratchCopyError, UnreachableError.
    """
    from ..actions.rehearse import Listener
    from ..actions.rehearse import rehearse as prove
    from ..actions.revisions import drawn, history
    from ..changes.nature import Nature
    from ..changes.proof import Value

    services = bench.equipment.services(None)
    known = history(services)
    base, heads = _range(known, asked) if asked else _pending(bench, services, known)
    if not set(heads) - set(base):
        first = services.project.environments[0].name
        nothing = f"Nothing is pending on {first}: nothing to rehearse. Name a range: sensei rehearse REVISION"
        return (json.dumps({"revisions": [], "proof": None}) if form == "json" else nothing), ExitCode.DONE
    change = drawn(services, base=base, heads=heads, message=asked, nature=Nature())
    proof = prove(services, change, Listener())
    code = ExitCode.DECLINED if proof.value is Value.FAILED else ExitCode.DONE
    if form == "json":
        found = {
            "revisions": list(change.revisions),
            "base": list(base),
            "heads": list(heads),
            "proof": proof.to_json(),
        }
        return json.dumps(found, indent=2, ensure_ascii=False), code
    return "\n".join(_lines(change, proof)), code


def _lines(change: "Change", proof: "Proof") -> Iterator[str]:
    from ..gates.position import shown

    yield f"{shown(change.base)} → {shown(change.heads)}: {', '.join(change.revisions)}"
    yield f"{proof.value.value}  {proof.value.words}"
    yield from (f"  {each}" for each in (*proof.reasons, *proof.differences))
    yield from (f"  does not come back: {each}" for each in proof.lost)
    yield from (f"  written later, goes with the way down: {each}" for each in proof.since)
    yield from (f"  does not count: {each}" for each in proof.notes)
    yield f"  {proof.objects} objects compared, {proof.seconds:.1f} s on a scratch copy; no environment was touched"


def _pending(bench: "Workbench", services: "Services", known: "History") -> Range:
    from ..actions.revisions import settings
    from ..actions.whereabouts import heads_of, refuse_unknown

    bench.equipment.serve()
    target = services.project.target(services.project.environments[0].name, services.environ)
    here = heads_of(target, settings(services))
    refuse_unknown(known, here, target)
    return here, known.heads


def _range(known: "History", asked: str) -> Range:
    """From `A..B`, or from the parents of one revision to it; names may be shortened, `base` and `heads` are known."""
    start, dots, end = asked.partition("..")
    if not dots:
        revision = _one(known, start)
        found = known.get(revision)
        parents = (*found.down_revisions, *found.dependencies) if found else ()
        return _tips(known, parents), (revision,)
    base = () if start in {"", "base"} else (_one(known, start),)
    heads = known.heads if end in {"", "head", "heads"} else (_one(known, end),)
    beyond = [each for each in base if each not in known.ancestors(heads)]
    if beyond or not set(heads) - set(base):
        raise UsageError(
            f"No revision lies between {start} and {end or 'the heads'}.",
            remedy=f"Name the older one first: sensei rehearse {end or 'NEWER'}..{start}",
            where=asked,
        )
    return base, heads


def _one(known: "History", name: str) -> str:
    if name in {"head", "heads"} and len(known.heads) == 1:
        return known.heads[0]
    fitting = [each.revision for each in known.revisions if each.revision == name]
    fitting = fitting or [each.revision for each in known.revisions if name and each.revision.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    newest = ", ".join(each.revision for each in reversed(known.revisions[-5:])) or "none"
    raise UsageError(
        f"{len(fitting)} revisions are called {name!r}." if fitting else f"There is no revision {name!r}.",
        remedy=f"Write more of its id. The newest are: {newest}",
        where=name,
    )


def _tips(known: "History", revisions: tuple[str, ...]) -> tuple[str, ...]:
    """Those that no other of them rests on: where a database stands that has them all."""
    return tuple(
        sorted(
            each
            for each in revisions
            if not any(each in known.ancestors((other,)) for other in revisions if other != each)
        )
    )
