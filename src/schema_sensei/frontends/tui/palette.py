"""The command palette: jump to a workflow, resume a run, keep a transcript, change the look, leave."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from .literal import literal, one_line
from .marks import QUIET

if TYPE_CHECKING:
    from .app import SenseiApp

SHOWN = 30
"""Commands shown before anything is typed, and found at most."""


class SenseiCommands(Provider):
    """Everything that can be done from anywhere. Titles come from files and journals: they are shown literally."""

    async def discover(self) -> Hits:
        for at, (title, note, run) in enumerate(self._commands()):
            if at == SHOWN:
                break
            yield DiscoveryHit(_display(title, note), run, text=one_line(title))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        scored = ((matcher.match(one_line(title)), title, note, run) for title, note, run in self._commands())
        best = sorted((each for each in scored if each[0] > 0), key=lambda each: -each[0])[:SHOWN]
        for score, title, note, run in best:
            yield Hit(score, _display(title, note), run, text=one_line(title))

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        app = cast("SenseiApp", self.app)
        if app.running:
            yield "Go to the run in progress", "", partial(app.switch_mode, "run")
        for run in app.waiting:
            yield f"Resume {run.subject or run.title}", run.position, partial(app.resume, (run,))
        yield "Guide", "what are you trying to do?", partial(app.switch_mode, "guide")
        yield "History", "earlier runs", partial(app.switch_mode, "history")
        if app.last_run:
            yield "Save the transcript", app.last_run, partial(app.save_transcript, app.last_run)
        for workflow in app.house.library().workflows.values():
            yield workflow.title, f"go to {workflow.id}", partial(app.jump, workflow.id)
        for theme in sorted(app.available_themes):
            yield f"Theme {theme}", "", partial(setattr, app, "theme", theme)
        yield "Quit", "", app.action_leave


def _display(title: str, note: str) -> Content:
    return Content.assemble(literal(one_line(title)), "  ", literal(one_line(note), QUIET))
