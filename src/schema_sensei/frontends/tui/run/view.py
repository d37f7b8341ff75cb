"""What the Run screen knows: a frozen view folded from events, the same for live runs, resumed ones and history."""

from dataclasses import dataclass, replace
from typing import assert_never

from ....engine.events import (
    Answered,
    Event,
    LifeChanged,
    Noted,
    OutputLine,
    Previewed,
    RunEnded,
    RunStarted,
    Stage,
    StepFailed,
    StepFinished,
    StepOutline,
    StepStarted,
    StepState,
)
from ....engine.prompts import Block
from ....terms.targets import TargetLabel

NOTES_KEPT = 50


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as the list and the details show it. `started` is a monotonic time, None when it is not running."""

    outline: StepOutline
    state: StepState = "waiting"
    visit: int = 0
    seconds: float | None = None
    started: float | None = None
    target: TargetLabel | None = None
    preview: str = ""
    blocks: tuple[Block, ...] = ()
    notes: tuple[Noted, ...] = ()
    answers: tuple[Answered, ...] = ()
    summary: str = ""
    result: tuple[Block, ...] = ()
    failure: StepFailed | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """A whole run. `current` is the index of the step in work, or of the last one."""

    run: str = ""
    workflow: str = ""
    title: str = ""
    steps: tuple[StepView, ...] = ()
    stages: tuple[Stage, ...] = ()
    dry: bool = False
    resumed: bool = False
    current: int | None = None
    ended: RunEnded | None = None
    loose: tuple[Noted | Answered, ...] = ()
    """Notes and answers that belong to no step of the list: the workflow's inputs, for one."""

    @property
    def step(self) -> StepView | None:
        """The step in work, or the last one."""
        return None if self.current is None else self.steps[self.current]

    @property
    def subject(self) -> str:
        """What the run is about in the person's words, once they said it."""
        said = (*self.loose, *(answer for step in self.steps for answer in step.answers))
        texts = (each.answer for each in said if isinstance(each, Answered) and each.key == "inputs.message")
        return next((text for text in texts if isinstance(text, str)), "")


def fold(view: RunView, event: Event, now: float) -> RunView:
    """The view after one more event; `now` is a monotonic time."""
    match event:
        case RunStarted():
            return RunView(
                event.run,
                event.workflow,
                event.title,
                tuple(StepView(outline) for outline in event.steps),
                event.stages,
                event.dry,
                event.resumed,
            )
        case StepStarted():
            index = _index(view, event.step)
            if index is None:
                return view
            step = StepView(view.steps[index].outline, "running", event.visit, None, now, event.target)
            steps = (*view.steps[:index], step, *map(_ahead, view.steps[index + 1 :]))
            return replace(view, steps=steps, current=index, ended=None)
        case LifeChanged():
            return replace(view, stages=event.stages)
        case RunEnded():
            return replace(view, ended=event)
        case Previewed() | Answered() | OutputLine() | Noted() | StepFinished() | StepFailed():
            index = _index(view, event.step)
            if index is None:
                if isinstance(event, Noted | Answered):
                    return replace(view, loose=(*view.loose, event)[-NOTES_KEPT:])
                return view
            return replace(_with(view, index, _step(view.steps[index], event)), current=index)
        case _:
            assert_never(event)


def _ahead(step: StepView) -> StepView:
    """A step after the one that begins: the run went back before it and comes to it again; what was undone stays so."""
    return step if step.state in {"waiting", "undone"} else StepView(step.outline)


def _step(step: StepView, event: Previewed | Answered | OutputLine | Noted | StepFinished | StepFailed) -> StepView:
    match event:
        case Previewed():
            return replace(step, preview=event.summary, blocks=event.blocks)
        case Answered():
            return replace(step, answers=(*step.answers, event))
        case OutputLine():
            return step
        case Noted():
            if step.notes and step.notes[-1] == event:  # said again, for one more press of the same key
                return step
            return replace(step, notes=(*step.notes, event)[-NOTES_KEPT:])
        case StepFinished():
            return replace(
                step,
                state=event.state,
                seconds=event.seconds,
                started=None,
                summary=event.summary,
                result=event.blocks,
                failure=None,
            )
        case StepFailed():
            return replace(step, state="failed", seconds=event.seconds, started=None, failure=event)
        case _:
            assert_never(event)


def _index(view: RunView, step: str) -> int | None:
    return next((index for index, each in enumerate(view.steps) if each.outline.id == step), None)


def _with(view: RunView, index: int, step: StepView) -> RunView:
    return replace(view, steps=(*view.steps[:index], step, *view.steps[index + 1 :]))
