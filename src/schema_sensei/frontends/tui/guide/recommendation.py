"""The workflow that fits: why, what it does, what it puts at stake, what it will ask, how long it took before."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from ....definitions.workflow import Workflow
from ....guide.explain import because, risk_words
from ....guide.walk import Walk
from ...requests import EnvironmentState, StartRun
from ..bars import EdgeLine, environments_line
from ..frame import Frame
from ..literal import hanging, literal, one_line
from ..marks import QUIET, standing_mark

_DRY = "dry run: nothing is changed"


class RecommendationScreen(Frame):
    """⏎ starts it, `d` walks it dry, ← changes an answer."""

    CSS_PATH = "recommendation.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "start"),
        Binding("d", "dry", "dry run"),
        Binding("left,escape,backspace", "back", "change an answer"),
        Binding("question_mark", "why", "why each step"),
        Binding("y", "copy", "copy command"),
    ]

    def __init__(self, walk: Walk, workflow: str, *, dry: bool) -> None:
        super().__init__()
        self._walk = walk
        self._workflow = workflow
        self._dry = dry
        self._reasons = False
        self._typical: float | None = None

    def body(self) -> Iterable[Widget]:
        yield VerticalScroll(Static(id="text"), id="recommendation")

    def on_mount(self) -> None:
        top = self.query_one(EdgeLine)
        top.left = Content.assemble(("sensei", "bold $primary"), " · ", one_line(self.sensei.house.title))
        self.query_one("#recommendation").focus()
        self.show_environments(self.sensei.environments)
        self.sensei.look_up(lambda: self.sensei.house.typical_seconds(self._workflow), self._took)

    def on_resize(self) -> None:
        self._draw()

    def show_environments(self, states: tuple[EnvironmentState, ...]) -> None:
        """In the top line in short, in the page in words."""
        line = environments_line(states, words=False)
        self.query_one(EdgeLine).right = Content.styled(_DRY, "bold $warning") if self._dry else line
        self._draw()

    def _took(self, typical: float | None) -> None:
        self._typical = typical
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        workflow = self.sensei.house.library().workflows[self._workflow]
        self.query_one("#text", Static).update(
            recommendation(
                workflow,
                self._walk,
                typical=self._typical,
                reasons=self._reasons,
                environments=self.sensei.environments,
                width=self.query_one("#recommendation").scrollable_content_region.width,
            )
        )

    def action_why(self) -> None:
        self._reasons = not self._reasons
        self._draw()

    def action_start(self) -> None:
        self._begin(dry=self._dry)

    def action_dry(self) -> None:
        self._begin(dry=True)

    def action_back(self) -> None:
        self.dismiss()

    def action_copy(self) -> None:
        self.sensei.copy(f"sensei run {self._workflow}")

    def _begin(self, *, dry: bool) -> None:
        answers = self._walk.answers if self._walk.workflow == self._workflow else ()
        self.sensei.begin(StartRun(workflow=self._workflow, answers=answers, dry=dry))


def recommendation(
    workflow: Workflow,
    walk: Walk,
    *,
    typical: float | None,
    reasons: bool,
    environments: tuple[EnvironmentState, ...] = (),
    width: int = 78,
) -> Content:
    """The whole page in so many columns; `reasons` adds to each step why it is there."""

    def fact(name: str, content: Content) -> Content:
        return hanging(Content.styled(f"{name:<9}", QUIET), content, width)

    lines = [literal(workflow.title, "bold $primary"), literal(workflow.when), Content("")]
    if walk.workflow == workflow.id:
        lines.append(Content.styled("Because", QUIET))
        lines += [hanging(Content.assemble(("  ✓ ", "$success")), literal(each), width) for each in because(walk)]
        lines.append(Content(""))
    known = [state for state in environments if state.words]
    for at, state in enumerate(known):
        mark, style = standing_mark(state.standing)
        said = Content.assemble((mark, style), literal(f" {state.name}: {one_line(state.words)}"))
        lines.append(fact("" if at else "Now", said))
    lines.append(fact("Risk", literal(risk_words(workflow.risk))))
    asks = [given.ask for given in workflow.inputs] + [step.confirm for step in workflow.steps if step.confirm]
    for at, ask in enumerate(asks):
        lines.append(fact("" if at else "It asks", literal(ask)))
    if typical is not None:
        lines.append(fact("It took", Content(f"{_duration(typical)} in earlier runs, waiting not counted")))
    lines += [fact("Command", Content(f"sensei run {workflow.id}")), Content("")]
    lines.append(Content.styled(f"{len(workflow.steps)} steps", QUIET))
    for number, step in enumerate(workflow.steps, 1):
        head = Content.styled(f" {number:>2}  ", QUIET)
        lines.append(hanging(head, literal(one_line(step.title)), width))
        if reasons and step.why:
            lines.append(hanging(Content("     "), literal(one_line(step.why), QUIET), width))
    return Content("\n").join(lines)


def _duration(value: float) -> str:
    from ...wording import seconds

    return seconds(value)
