"""What `sensei runs`, `show` and `status` print."""

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..terms.exit_codes import ExitCode

if TYPE_CHECKING:
    from .workbench import Workbench


def runs(bench: "Workbench", *, as_json: bool) -> str:
    """The runs of the project, newest first."""
    found = bench.runs()
    if as_json:
        return json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False)
    if not found:
        return "No runs yet. `sensei` asks what you want to do."
    rows = [("run", "status", "started", "workflow", "about", "where it stands")]
    for each in found:
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.started_at))
        rows.append((each.run, each.status, started, each.workflow, each.subject, each.position))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def show(bench: "Workbench", run: str, *, as_json: bool) -> str:
    """The transcript of a run, of the newest without an id."""
    chosen = run or bench.newest_run()
    if as_json:
        from ..journal import transcript

        return json.dumps(transcript.as_json(bench.journal, chosen), indent=2, ensure_ascii=False)
    return bench.transcript(chosen).rstrip("\n")


def status(bench: "Workbench", *, as_json: bool, drift: bool) -> tuple[str, ExitCode]:
    """Where every environment stands; exit 7 when one cannot be reached, 3 when one is ahead or has drifted."""
    from ..project import status as standing

    statuses = bench.statuses(drift=drift)
    standings = {each.standing for each in statuses}
    code = ExitCode.DONE
    if standings & {"ahead", "drifted"}:
        code = ExitCode.DECLINED
    if "unreachable" in standings:
        code = ExitCode.UNREACHABLE
    if as_json:
        return json.dumps([each.to_json() for each in statuses], indent=2, ensure_ascii=False), code
    return "\n".join(standing.lines(statuses, bench.equipment.migrations().history())), code
