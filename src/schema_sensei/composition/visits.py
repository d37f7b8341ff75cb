"""Brings a person and a project together: picks the front end, opens the workbench, and lets one visit the other."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..frontends.choose import choose, front_end
from ..frontends.requests import OpenGuide, Request, ResumeRun, StartRun
from ..project.place import find
from ..terms.secrets import Redactor

if TYPE_CHECKING:
    from ..frontends.answers_file import Answers
    from ..frontends.house import House
    from .workbench import Workbench


def guide(directory: Path, redactor: Redactor, *, face: str | None) -> int:
    """Ask what the person wants to do, in the project of the directory; outside any project say how to get one."""
    from .workbench import Workbench

    if find(directory) is None:
        from .outside import outside

        return outside(directory, redactor, face=face)
    with Workbench.open(directory, redactor) as bench:
        return _visit(bench, OpenGuide(), face=face)


def practise(
    directory: Path, redactor: Redactor, *, fresh: bool, face: str | None, person_reviews: bool | None = None
) -> int:
    """Make or open the practice project, visit it, and stop its servers on leaving."""
    from ..practice.project import opened
    from .workbench import Workbench

    with opened(directory, fresh=fresh, person_reviews=person_reviews, say=_say) as practice:
        for note in practice.notes:
            _say(note)
        with Workbench.open(practice.root, redactor) as bench:
            if choose(face) == "answers":
                _say(f"The practice project is in {practice.root}.")
                _say(f"Go there and type `sensei`, or: sensei -C {practice.root} run new-table --answers FILE")
                return 0
            return _visit(bench, OpenGuide(), face=face)


def run(
    bench: "Workbench",
    workflow: str,
    *,
    answers: Path | None,
    pairs: tuple[str, ...],
    record: Path | None,
    dry: bool,
    face: str | None,
) -> int:
    """Run a workflow; with answers nothing is asked."""
    bench.equipment.warm()
    bench.library().workflow(workflow)
    return _visit(
        _recorded(bench, record), StartRun(workflow=workflow, dry=dry), face=face, answers=_load(answers, pairs)
    )


def resume(
    bench: "Workbench",
    run: str,
    *,
    answers: Path | None,
    pairs: tuple[str, ...],
    record: Path | None,
    take_over: bool,
    face: str | None,
) -> int:
    """Go on with a run; without an id, with the newest that is unfinished."""
    bench.equipment.warm()
    chosen = bench.journal.record(run).header.id if run else bench.newest_run(unfinished=True)
    request = ResumeRun(run=chosen, take_over=take_over)
    return _visit(_recorded(bench, record), request, face=face, answers=_load(answers, pairs))


def watch(bench: "Workbench", run: str) -> int:
    """Tell a run as it goes on, on standard output, until it ends; the exit code it ended with."""
    from ..engine.events import RunEnded
    from ..frontends.console import Console
    from ..frontends.narration import Narrator
    from ..journal.watching import watch as events

    console = Console()
    narrator = Narrator(narrow=console.narrow)
    code = 0
    for event in events(bench.journal, run or bench.newest_run()):
        console.say(narrator.lines(event))
        if isinstance(event, RunEnded):
            code = event.exit_code
    return code


def _recorded(bench: "Workbench", file: Path | None) -> "House":
    if file is None:
        return bench
    from ..frontends.recording import recording

    return recording(bench, file)


def _load(answers: Path | None, pairs: tuple[str, ...]) -> "Answers | None":
    if answers is None and not pairs:
        return None
    from ..frontends.answers_file import Answers

    return Answers.load(answers, pairs)


def _visit(house: "House", request: Request, *, face: str | None, answers: "Answers | None" = None) -> int:
    chosen = choose(face, answers=answers is not None)
    return front_end(chosen, answers).visit(house, request)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
