"""How a run ended: what was done, what to do next."""

from collections.abc import Iterator
from typing import Final

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from ....engine.events import RunEnded
from ....terms.errors import SenseiError
from ...entries import Remedy
from ...wording import MARKS
from ..literal import clean, one_line
from ..marks import QUIET, run_mark
from .blocks import Fact, Facts
from .steps import step_style
from .view import RunView

NOTHING: Final[Fact] = (Content(""), Content(""))


class Ending(VerticalScroll):
    """The last page of a run, or of one that could not begin: how it ended, how to go on, then what was done."""

    def __init__(self, view: RunView, error: SenseiError | None, remedies: tuple[Remedy, ...]) -> None:
        super().__init__(id="ending")
        self._facts: list[Fact] = []
        if view.ended is not None:
            self._facts += _summary(view.ended)
        if error is not None:
            self._facts += _error(error)
        for each in remedies:
            self._facts += _remedy(each)
        if view.ended is not None:
            self._facts += [*_next(view, view.ended), *_done(view)]

    def compose(self) -> ComposeResult:
        yield Facts(self._facts)


def _summary(ended: RunEnded) -> Iterator[Fact]:
    mark, style = run_mark(ended.status)
    words = one_line(ended.summary) or ended.status.capitalize()
    yield Content.styled(f"{mark} ", style), Content.styled(words, "bold")
    yield NOTHING


def _done(view: RunView) -> Iterator[Fact]:
    for step in view.steps:
        if step.state == "waiting":
            continue
        said = f"  {one_line(step.summary)}" if step.summary else ""
        mark = Content.styled(f"{MARKS[step.state]} ", step_style(step.state))
        yield mark, Content.assemble(one_line(step.outline.title), (said, QUIET))


def _next(view: RunView, ended: RunEnded) -> Iterator[Fact]:
    run = ended.run or view.run
    match ended.status:
        case "done" if view.dry:
            yield Content("  "), Content("This was a dry run: nothing was changed.")
        case "done" | "stopped":
            yield _command("Keep the transcript: ", f"sensei show {run} > {run}.md")
        case "paused" | "interrupted" | "failed":
            yield _command("Nothing is lost. Go on later: ", f"sensei resume {run}")
        case "running":
            return
    yield NOTHING


def _command(words: str, command: str) -> Fact:
    return Content("  "), Content.assemble((words, QUIET), (clean(command), "bold"))


def _error(error: SenseiError) -> Iterator[Fact]:
    place = f"{error.where}: " if error.where else ""
    yield Content.styled("✗ ", "bold $error"), Content.styled(clean(place + error.what), "bold")
    for line in clean(error.means).splitlines():
        yield Content("  "), Content(line)
    for at, line in enumerate(clean(error.remedy).splitlines()):
        yield Content.styled("  " if at else "→ ", "bold $primary"), Content(line)
    yield NOTHING


def _remedy(remedy: Remedy) -> Iterator[Fact]:
    mark = Content.styled("! dangerous  ", "bold $error") if remedy.dangerous else Content("")
    yield Content("  "), Content.assemble(("Known trouble  ", QUIET), mark, (clean(remedy.title), "bold"))
    for line in clean(remedy.means).splitlines():
        yield Content("  "), Content(line)
    for at, line in enumerate(clean(remedy.remedy).splitlines()):
        yield Content.styled("  " if at else "→ ", "bold $primary"), Content(line)
    yield NOTHING
