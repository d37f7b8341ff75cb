"""What `sensei rehearse` does: finds the revisions of a range, proves them on a scratch copy, prints the verdict."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..terms.exit_codes import ExitCode
from . import ranges

if TYPE_CHECKING:
    from ..changes.change import Change
    from ..changes.proof import Proof
    from .workbench import Workbench


def rehearse(bench: "Workbench", asked: str, *, environment: str | None, form: str) -> tuple[str, ExitCode]:
    """The verdict on a range, on the pending revisions without one; exit 3 when the way down does not lead back.

    It is rehearsed on a copy of the environment's schema, of the first one's when none is named. Raises
    UsageError for a range that is none, MigrationError, NoScratchCopyError, UnreachableError.
    """
    from ..actions.rehearse import Listener
    from ..actions.rehearse import rehearse as prove
    from ..actions.revisions import drawn, history
    from ..changes.nature import Nature
    from ..changes.proof import Value

    services = bench.equipment.services(None)
    known = history(services)
    first = environment or services.project.environments[0].name
    bench.equipment.serve()
    base, heads = ranges.named(known, asked, verb="rehearse") if asked else ranges.pending(services, known, first)
    if not set(heads) - set(base):
        nothing = f"Nothing is pending on {first}: nothing to rehearse. Name a range: sensei rehearse REVISION"
        return (json.dumps({"revisions": [], "proof": None}) if form == "json" else nothing), ExitCode.DONE
    change = drawn(services, base=base, heads=heads, message=asked, nature=Nature())
    proof = prove(services, change, Listener(), environment)
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
    if proof.irreversible:
        yield f"  its author says: {proof.irreversible}"
    yield from (f"  {each}" for each in (*proof.reasons, *proof.differences))
    yield from (f"  does not come back: {each}" for each in proof.lost)
    yield from (f"  written later, goes with the way down: {each}" for each in proof.since)
    yield from (f"  does not count: {each}" for each in proof.notes)
    ground = proof.ground or "a scratch copy"
    yield f"  {proof.objects} objects compared, {proof.seconds:.1f} s on {ground}; no environment was touched"
