"""One question at a time, from the root of the tree to a workflow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from ....definitions.tree import Choice, Question
from ....guide.walk import Walk, offered
from ...requests import EnvironmentState, OpenGuide
from ..bars import EdgeLine, environments_line
from ..choices import Choices, Row
from ..frame import Frame
from ..literal import clean, literal, one_line
from ..marks import QUIET

if TYPE_CHECKING:
    from ...entries import RunSummary


class GuideScreen(Frame):
    """The question the walk has come to, why it is asked, and the run that waits to be finished."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search"),
        Binding("question_mark", "why", "why"),
        Binding("left,escape,backspace", "back", "back"),
        Binding("r", "resume", "resume"),
        Binding("h", "app.switch_mode('history')", "history"),
    ]

    def __init__(self, request: OpenGuide) -> None:
        super().__init__()
        self._request = request
        self.walk: Walk | None = None
        self.waiting: tuple[RunSummary, ...] = ()
        self._left = False

    def body(self) -> Iterable[Widget]:
        """The first question stands in the widgets from the start: filled later, it would miss the first frame."""
        self.walk = Walk.follow(self.sensei.house.library().tree, self._request.answers)
        question = self.walk.question
        yield Static(self._path(), id="crumbs")
        yield Static(literal(question.ask, "bold") if question else "", id="ask")
        yield Choices(choice_rows(offered(question)) if question else (), id="choices")
        yield VerticalScroll(
            Static(literal(_why(question)) if question else "", id="why-text"), id="why", can_focus=False
        )
        yield EdgeLine(id="waiting")

    def on_mount(self) -> None:
        self.query_one("#why").border_title = "why we ask"
        self.query_one("#crumbs").display = bool(self.walk and self.walk.crumbs)
        self.show_environments(self.sensei.house.known_environments())
        if self.walk is not None and self.walk.question is None:
            self._recommend(self.walk)

    def on_screen_suspend(self) -> None:
        self._left = True

    def on_screen_resume(self) -> None:
        """Whoever comes back reads where things stand now: somebody else may have run something meanwhile."""
        if self._left:
            self._left = False
            self.sensei.look_around()

    def show(self) -> None:
        """Show where the walk stands: a question, or the workflow it led to."""
        if self.walk is None:
            return
        question = self.walk.question
        if question is None:
            self._recommend(self.walk)
            return
        self.query_one("#crumbs", Static).update(self._path())
        self.query_one("#crumbs").display = bool(self.walk.crumbs)
        self.query_one("#ask", Static).update(literal(question.ask, "bold"))
        self.query_one("#why-text", Static).update(literal(_why(question)))
        choices = self.query_one(Choices)
        choices.show_rows(choice_rows(offered(question)))
        choices.focus()
        self.refresh_bindings()

    def _path(self) -> Content:
        """The answers given so far."""
        crumbs = self.walk.crumbs if self.walk else ()
        return literal(" › ".join(one_line(crumb.choice.label) for crumb in crumbs), QUIET)

    def show_environments(self, states: tuple[EnvironmentState, ...]) -> None:
        """The top line: this project, and where its environments stand."""
        top = self.query_one("#top", EdgeLine)
        top.left = Content.assemble(("sensei", "bold $primary"), " · ", one_line(self.sensei.house.title))
        top.right = environments_line(states, words=self.size.width >= 110)

    def show_waiting(self, runs: tuple[RunSummary, ...], now: float) -> None:
        """The line that says a run waits to be finished."""
        self.waiting = runs
        line = self.query_one("#waiting", EdgeLine)
        line.display = bool(runs)
        if runs:
            from ...wording import ago

            newest = runs[0]
            many = f"{len(runs)} runs are unfinished, the newest" if len(runs) > 1 else "One run is unfinished"
            words = f'{many}: "{newest.subject or newest.title}"'
            tail = f", {newest.position}, {ago(newest.updated_at, now)}" if newest.position else ""
            line.left = Content.assemble(("! ", "bold $warning"), clean(words + tail))
            line.right = Content.assemble(("r", "bold $primary"), (" resume", QUIET))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing are not offered."""
        if action == "back":
            return self.walk is not None and bool(self.walk.crumbs)
        if action == "resume":
            return bool(self.waiting) or self.sensei.running
        return True

    @on(Choices.Taken)
    def _taken(self, event: Choices.Taken) -> None:
        if self.walk is not None:
            self.walk = self.walk.choose(event.row.key)
            self.show()

    def action_back(self) -> None:
        if self.walk is not None:
            self.walk = self.walk.back()
            self.show()

    def action_why(self) -> None:
        panel = self.query_one("#why")
        panel.display = not panel.display

    def action_search(self) -> None:
        from .search import SearchScreen

        self.app.push_screen(SearchScreen(self.sensei.house.library()), self._jump)

    def action_resume(self) -> None:
        self.sensei.resume(self.waiting)

    def restart(self) -> None:
        """Begin again at the first question."""
        if self.walk is not None:
            self.walk = self.walk.back_to(0)
            self.show()

    def jump(self, workflow: str) -> None:
        """Go to a workflow as if its answers had been given."""
        self._jump(workflow)

    def _jump(self, workflow: str | None) -> None:
        from ....guide.walk import NoSuchAnswer

        if workflow is None or self.walk is None:
            return
        try:
            self.walk = self.walk.jump(workflow)
        except NoSuchAnswer:  # no answers lead there: it is started directly
            self._recommend(self.walk, workflow)
        else:
            self.show()

    def _recommend(self, walk: Walk, workflow: str | None = None) -> None:
        from .recommendation import RecommendationScreen

        screen = RecommendationScreen(walk, workflow or str(walk.workflow), dry=self._request.dry)
        self.app.push_screen(screen, self._recommended)

    def _recommended(self, _result: None) -> None:
        if self.walk is not None and self.walk.question is None:
            self.walk = self.walk.back()
        self.show()


def choice_rows(choices: Iterable[Choice]) -> list[Row]:
    """Choices as numbered rows; the ways out of an emergency stand apart, at the end."""
    calm = [choice for choice in choices if not choice.emergency]
    urgent = [choice for choice in choices if choice.emergency]
    rows = [
        Row(choice.key, choice.label, choice.note, mark=str(number) if number < 10 else "")
        for number, choice in enumerate(calm, 1)
    ]
    return rows + [
        Row(choice.key, choice.label, choice.note, mark="!", style="bold $error", set_apart=at == 0)
        for at, choice in enumerate(urgent)
    ]


def _why(question: Question) -> str:
    from ....guide.explain import why_question

    return why_question(question)
