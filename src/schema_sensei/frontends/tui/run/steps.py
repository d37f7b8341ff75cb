"""Where the run is: the list of steps, the same in one line for narrow screens, and the life of the change."""

from collections.abc import Sequence
from typing import assert_never

from textual.content import Content
from textual.widget import Widget

from ....engine.events import Stage, StepState
from ...wording import MARKS, seconds
from ..literal import one_line
from ..marks import QUIET
from .view import RunView, StepView


def step_style(state: StepState) -> str:
    """The style of a step's mark."""
    match state:
        case "waiting" | "skipped":
            return QUIET
        case "running":
            return "bold $primary"
        case "done":
            return "$success"
        case "failed":
            return "bold $error"
        case "undone" | "interrupted":
            return "bold $warning"
        case _:
            assert_never(state)


class StepsList(Widget):
    """One line per step with its mark and duration; scrolls by itself so that the step in work is in sight."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view = RunView()
        self._now = 0.0

    def show(self, view: RunView, now: float) -> None:
        """Draw this view; `now` is a monotonic time."""
        self._view, self._now = view, now
        self.refresh()

    def render(self) -> Content:
        """As many steps as there are lines, around the current one."""
        width, height = self.content_size
        view = self._view
        start = max(0, min((view.current or 0) - height // 2, len(view.steps) - height))
        lines = [
            _line(step, index == view.current, width, self._now)
            for index, step in enumerate(view.steps[start : start + height], start)
        ]
        return Content("\n").join(lines)


def fold_line(view: RunView, now: float) -> Content:
    """ "3 of 10 · Review" with its mark and time."""
    step = view.step
    if step is None or view.current is None:
        return Content.styled(f"{len(view.steps)} steps", QUIET) if view.steps else Content("")
    return Content.assemble(
        (MARKS[step.state], step_style(step.state)),
        (f" {view.current + 1} of {len(view.steps)} · ", QUIET),
        (one_line(step.outline.title), "bold"),
        (f"  {_duration(step, now)}", QUIET),
    )


def life_line(stages: Sequence[Stage], width: int) -> Content:
    """The life of the change; what does not fit is left out far from where the change stands now."""
    if not stages:
        return Content("")
    current = next((index for index, stage in enumerate(stages) if stage.state == "current"), None)
    for in_words in (True, False):
        line = _stations(stages, protection=in_words)
        if line.cell_length <= width:
            return line
    first, last = 0, len(stages)
    middle = current if current is not None else sum(stage.state == "reached" for stage in stages)
    while last - first > 1:
        if middle - first > last - 1 - middle:
            first += 1
        else:
            last -= 1
        line = _stations(stages[first:last], more_before=first > 0, more_after=last < len(stages))
        if line.cell_length <= width:
            return line
    return _stations(stages[first:last]).truncate(max(width, 1), ellipsis=True)


def _stations(
    stages: Sequence[Stage], *, protection: bool = False, more_before: bool = False, more_after: bool = False
) -> Content:
    parts: list[Content | tuple[str, str] | str] = [("… ", QUIET)] if more_before else []
    for index, stage in enumerate(stages):
        if index or more_before:
            parts.append(("─▸ " if stage.state == "current" else "── ", QUIET))
        name = one_line(stage.name) + (" (protected)" if protection and stage.protected else "")
        parts += [(name, _stage_style(stage)), " "]
    if more_after:
        parts.append(("…", QUIET))
    return Content.assemble(*parts).rstrip()


def _stage_style(stage: Stage) -> str:
    match stage.state:
        case "reached":
            return "$success"
        case "current":
            return "bold $primary underline"
        case "ahead":
            return QUIET
        case _:
            assert_never(stage.state)


def _line(step: StepView, current: bool, width: int, now: float) -> Content:
    head = Content.assemble((MARKS[step.state], step_style(step.state)), " ")
    title = Content.styled(one_line(step.outline.title), "bold" if current else "")
    if step.state == "waiting":
        title = Content.styled(title.plain, QUIET)
    protected = step.target is not None and step.target.protected
    tail = Content.styled("PROTECTED" if protected else "", "bold $warning")
    took = _duration(step, now)
    if took:
        tail = Content.assemble(tail, " " if protected else "", (took, QUIET))
    room = max(width - head.cell_length - tail.cell_length - 1, 1)
    title = title.truncate(room, ellipsis=True)
    gap = " " * max(width - head.cell_length - title.cell_length - tail.cell_length, 1)
    return Content.assemble(head, title, gap, tail)


def _duration(step: StepView, now: float) -> str:
    if step.started is not None:
        return seconds(now - step.started)
    return "" if step.seconds is None else seconds(step.seconds)
