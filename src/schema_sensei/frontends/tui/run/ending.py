"""How a run ended: what was done, what to do next."""

from textual.content import Content
from textual.widgets import Static

from ....engine.events import RunEnded
from ....terms.errors import SenseiError
from ...entries import Remedy
from ...wording import MARKS
from ..literal import clean, literal, one_line
from ..marks import QUIET, run_mark
from .steps import step_style
from .view import RunView


class Ending(Static):
    """The last page of a run, or of one that could not begin."""

    def __init__(self, view: RunView, error: SenseiError | None, remedies: tuple[Remedy, ...]) -> None:
        parts = []
        if view.ended is not None:
            parts.append(_summary(view, view.ended))
        if error is not None:
            parts.append(_error(error))
        parts += [_remedy(each) for each in remedies]
        if view.ended is not None:
            parts.append(_next(view, view.ended))
        super().__init__(Content("\n\n").join(parts), id="ending")


def _summary(view: RunView, ended: RunEnded) -> Content:
    mark, style = run_mark(ended.status)
    words = one_line(ended.summary) or ended.status.capitalize()
    lines = [Content.assemble((f"{mark} ", style), (words, "bold")), Content("")]
    for step in view.steps:
        if step.state == "waiting":
            continue
        said = f"  {one_line(step.summary)}" if step.summary else ""
        lines.append(
            Content.assemble(
                (f"{MARKS[step.state]} ", step_style(step.state)), one_line(step.outline.title), (said, QUIET)
            )
        )
    return Content("\n").join(lines)


def _next(view: RunView, ended: RunEnded) -> Content:
    run = ended.run or view.run
    lines = []
    match ended.status:
        case "done" if view.dry:
            lines.append(Content("This was a dry run: nothing was changed."))
        case "done" | "stopped":
            lines.append(_command("Keep the transcript", f"sensei show {run} > {run}.md"))
        case "paused" | "interrupted" | "failed":
            lines.append(Content("Nothing is lost."))
            lines.append(_command("Go on later", f"sensei resume {run}"))
        case "running":
            pass
    return Content("\n").join(lines)


def _command(words: str, command: str) -> Content:
    return Content.assemble((f"{words}: ", QUIET), (clean(command), "bold"))


def _error(error: SenseiError) -> Content:
    place = f"{error.where}: " if error.where else ""
    lines = [Content.assemble(("✗ ", "bold $error"), (clean(place + error.what), "bold"))]
    if error.means:
        lines.append(literal(error.means))
    lines.append(Content.assemble(("→ ", "bold $primary"), clean(error.remedy)))
    return Content("\n").join(lines)


def _remedy(remedy: Remedy) -> Content:
    mark = Content.styled("! dangerous  ", "bold $error") if remedy.dangerous else Content("")
    return Content.assemble(
        ("Known trouble  ", QUIET), mark, (clean(remedy.title), "bold"), "\n",
        clean(remedy.means), "\n", ("→ ", "bold $primary"), clean(remedy.remedy),
    )  # fmt: skip
