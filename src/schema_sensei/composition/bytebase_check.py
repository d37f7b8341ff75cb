"""What `sensei bytebase check` prints: whether the way through Bytebase is free, and what to do where it is not."""

import json
from typing import TYPE_CHECKING

from ..terms.exit_codes import ExitCode

if TYPE_CHECKING:
    from ..gates.readiness import Finding
    from .workbench import Workbench

_MARKS = {"ok": "ok  ", "warning": "note", "blocking": "STOP"}


def check(bench: "Workbench", *, form: str) -> tuple[str, ExitCode]:
    """Every finding as text or JSON; exit 3 when something blocks, 7 when a server cannot be reached."""
    from ..gates import readiness

    equipment = bench.equipment
    equipment.serve()
    found = readiness.look(equipment.project.environments, equipment.bytebase)
    if form == "json":
        return json.dumps(found.to_json(), indent=2, ensure_ascii=False), found.code
    lines = [line for each in found.findings for line in _lines(each)]
    ready = found.code is ExitCode.DONE
    return "\n".join([*lines, "", "Ready." if ready else "Not ready: see STOP above."]), found.code


def _lines(finding: "Finding") -> list[str]:
    first, *rest = finding.what.splitlines() or [""]
    lines = [f"{_MARKS[finding.grade.value]}  {finding.about}: {first}", *(f"      {line}" for line in rest)]
    return [*lines, *(f"      {line}" for line in finding.remedy.splitlines())]
