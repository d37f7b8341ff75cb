"""The details of one step: what it would do, what it said, how it ended; scrolls, and can be copied."""

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from ....engine.events import StepFailed
from ....engine.prompts import Block
from ...wording import MARKS, answer_words, seconds
from ..literal import clean, literal
from ..marks import QUIET
from .blocks import block_widgets, copy_text, toned
from .steps import step_style
from .view import StepView


class Details(VerticalScroll, can_focus=True):
    """Blocks and words of the step in work; what has not changed is not drawn again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: object = None
        self._ending = False
        """Whether the end is what is to be seen: a warning stands there, about what is asked now."""
        self._copy: tuple[Block, ...] = ()

    @property
    def copyable(self) -> str:
        """What `y` copies."""
        return copy_text(self._copy)

    async def show(self, step: StepView | None, blocks: tuple[Block, ...] = ()) -> None:
        """Show a step; `blocks`, those of a prompt, stand in for what its preview showed."""
        wanted = (step, blocks)
        if wanted == self._shown:
            return
        before = self._shown[0] if isinstance(self._shown, tuple) else None
        same_step = before is not None and _identity(before) == _identity(step)
        self._ending = same_step and _warned(before, step, already=self._ending)
        self._shown = wanted
        self._copy = blocks or (step.result or step.blocks if step else ())
        where = self.scroll_offset.y if same_step else 0
        async with self.batch():
            await self.remove_children()
            await self.mount_all(_widgets(step, blocks))
        if self._ending:
            self.call_after_refresh(self._show_end)
        else:
            self.scroll_to(y=where, animate=False)

    def on_resize(self) -> None:
        """Keep a warning in sight when the question that follows it takes its room."""
        self._show_end()

    def _show_end(self) -> None:
        if self._ending:
            self.scroll_end(animate=False)  # once more after a refresh: what is new has found its lines then


def _identity(step: object) -> tuple[str, int] | None:
    return (step.outline.id, step.visit) if isinstance(step, StepView) else None


def _warned(before: object, now: object, *, already: bool) -> bool:
    """Whether a warning is the last that was said: it came now, or nobody has answered since it came."""
    if not isinstance(before, StepView) or not isinstance(now, StepView):
        return False
    return _warnings(now) > _warnings(before) or (already and len(now.answers) == len(before.answers))


def _warnings(step: StepView) -> int:
    return sum(note.tone in {"warning", "danger"} for note in step.notes)


def _widgets(step: StepView | None, blocks: tuple[Block, ...]) -> Iterator[Widget]:
    if step is not None and step.preview:
        yield Static(literal(step.preview), classes="prose")
    for block in blocks or (step.blocks if step is not None else ()):
        yield from block_widgets(block)
    if step is None:
        return
    if step.answers:
        yield Static(
            Content("\n").join(
                Content.assemble(
                    (clean(answer.prompt.question), QUIET),
                    "  ",
                    clean(answer_words(answer.prompt, answer.answer)),
                )
                for answer in step.answers
            ),
            classes="answers",
        )
    if step.notes:
        yield Static(Content("\n").join(toned(note.text, note.tone) for note in step.notes), classes="notes")
    for block in step.result:
        if block not in step.blocks:
            yield from block_widgets(block)
    if step.failure is not None:
        yield Static(_failure(step.failure), classes="failure")
    elif step.summary or step.state in {"done", "skipped", "undone"}:
        mark = Content.styled(MARKS[step.state], step_style(step.state))
        took = f"  {seconds(step.seconds)}" if step.seconds is not None else ""
        yield Static(Content.assemble(mark, " ", clean(step.summary or step.state), (took, QUIET)), classes="end")


def _failure(failure: StepFailed) -> Content:
    """What happened, where, what it means, what to do now."""
    return Content("\n").join(
        [
            Content.assemble(("✗ ", "bold $error"), (clean(failure.what), "bold")),
            *([literal(f"At {failure.where}")] if failure.where else []),
            *([literal(failure.means)] if failure.means else []),
            *([Content.assemble(("→ ", "bold $primary"), clean(failure.remedy))] if failure.remedy else []),
        ]
    )
