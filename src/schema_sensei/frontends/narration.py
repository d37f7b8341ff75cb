"""Tells a run as lines of text, event by event: plain, questions and answers print these, and the TUI borrows them."""

from typing import assert_never

from ..engine.events import (
    Answered,
    Event,
    LifeChanged,
    Noted,
    OutputLine,
    Previewed,
    RunEnded,
    RunStarted,
    StepFailed,
    StepFinished,
    StepStarted,
)
from ..engine.prompts import Block, Prompt, Table, Tone
from ..terms.targets import TargetLabel
from .wording import (
    AGAIN,
    MARKS,
    WARNING,
    Line,
    answer_words,
    block_lines,
    clean,
    heading,
    life,
    one_line,
    records,
    seconds,
    where,
)


class Narrator:
    """Remembers the steps and what was already shown, so that nothing is said twice.

    `narrow` says whether tables are told row by row. Not thread-safe: the front end that prints holds the lock.
    """

    def __init__(self, *, narrow: bool = False) -> None:
        self.narrow = narrow
        self._steps: dict[str, tuple[int, str]] = {}
        self._shown: tuple[Block, ...] = ()
        self._life: Line | None = None
        self._target: TargetLabel | None = None

    def lines(self, event: Event) -> tuple[Line, ...]:
        """What to print for an event; empty when it needs no words."""
        match event:
            case RunStarted():
                return self._run_started(event)
            case StepStarted():
                self._shown = ()
                self._target = event.target
                return (Line(""), self._step_line(event))
            case Previewed():
                self._shown = event.blocks
                fresh = event.target if event.target != self._target else None
                place = (Line(where(fresh), "danger" if fresh.protected else "plain", 1),) if fresh else ()
                self._target = event.target or self._target
                return (*place, *_text(event.summary), *self._blocks(event.blocks))
            case Answered():
                return _answered(event)
            case OutputLine():
                return (Line(f"| {clean(event.text)}", "quiet", 1, literal=True),)
            case Noted():
                mark = f"{WARNING} " if event.tone in {"warning", "danger"} else ""
                return (Line(mark + clean(event.text), event.tone, 1),)
            case LifeChanged():
                return self._life_changed(life(event.stages))
            case StepFinished():
                return self._step_finished(event)
            case StepFailed():
                return (
                    Line(f"{MARKS['failed']} {clean(event.what)} ({seconds(event.seconds)})", "danger", 1),
                    *_text(f"At {event.where}" if event.where else ""),
                    *_text(event.means),
                    *_text(event.remedy),
                )
            case RunEnded():
                return _run_ended(event)
            case _:
                assert_never(event)

    def asked(self, prompt: Prompt) -> tuple[Line, ...]:
        """What stands above a prompt's question; blocks that the step has just shown are not repeated."""
        fresh = tuple(block for block in prompt.blocks if block not in self._shown)
        self._shown = (*self._shown, *fresh)
        return (*self._blocks(fresh), *heading(prompt))

    def _blocks(self, blocks: tuple[Block, ...]) -> tuple[Line, ...]:
        return tuple(
            line
            for block in blocks
            for line in (records(block) if self.narrow and isinstance(block, Table) else block_lines(block))
        )

    def _run_started(self, event: RunStarted) -> tuple[Line, ...]:
        self._steps = {step.id: (at, step.title) for at, step in enumerate(event.steps, 1)}
        self._life = life(event.stages)
        mode = " · dry run, nothing is changed" if event.dry else " · going on" if event.resumed else ""
        return (
            Line(f"{one_line(event.title)}{mode}", "good"),
            Line(f"Run {event.run} · {len(event.steps)} steps", "quiet"),
            self._life,
        )

    def _step_line(self, event: StepStarted) -> Line:
        at, title = self._steps.get(event.step, (0, event.step))
        parts = [f"[{at}/{len(self._steps)}] {one_line(title)}"]
        if event.visit > 1:
            parts.append(f"{AGAIN} time {event.visit}")
        if event.target:
            parts.append(where(event.target))
        return Line(" · ".join(parts), "danger" if event.target and event.target.protected else "good")

    def _life_changed(self, line: Line) -> tuple[Line, ...]:
        if line == self._life:
            return ()
        self._life = line
        return (line,)

    def _step_finished(self, event: StepFinished) -> tuple[Line, ...]:
        _, title = self._steps.get(event.step, (0, event.step))
        word = event.state if event.outcome in {"ok", ""} else event.outcome
        text = one_line(event.summary)
        if event.state == "waiting":  # a dry run shows a step and leaves it
            return (Line(f"{MARKS[event.state]} {text or word}", "quiet", 1),)
        head = f"{MARKS[event.state]} {word}{': ' + text if text else ''}"
        if event.replayed:
            return (Line(f"{MARKS[event.state]} {one_line(title)}: {text or word} (before)", "quiet", 1),)
        tone: Tone = "good" if event.state == "done" and event.outcome == "ok" else "plain"
        fresh = tuple(block for block in event.blocks if block not in self._shown)
        return (*self._blocks(fresh), Line(f"{head} ({seconds(event.seconds)})", tone, 1))


def _answered(event: Answered) -> tuple[Line, ...]:
    if event.by == "person":
        return ()
    source = {"answers": "from the answers", "recorded": "answered before"}.get(event.by, event.by)
    return (
        Line(f"{one_line(event.prompt.question)} {answer_words(event.prompt, event.answer)} ({source})", "quiet", 1),
    )


def _run_ended(event: RunEnded) -> tuple[Line, ...]:
    resume = Line(f"Nothing is lost. Go on with: sensei resume {event.run}", "plain")
    summary = one_line(event.summary)
    match event.status:
        case "done":
            return (Line(""), Line(f"{MARKS['done']} {summary or 'Done'}", "good"))
        case "paused":
            return (Line(""), Line(summary or "Paused", "warning"), resume)
        case "interrupted":
            return (Line(""), Line(f"{MARKS['interrupted']} {summary or 'Interrupted'}", "warning"), resume)
        case "stopped":
            return (Line(""), Line(summary or "Stopped here", "warning"))
        case "failed":
            return (Line(""), Line(f"{MARKS['failed']} {summary or 'Failed'}", "danger"), resume)
        case "running":
            return ()
        case _:
            assert_never(event.status)


def _text(text: str) -> tuple[Line, ...]:
    return tuple(Line(each, "plain", 1) for each in clean(text).splitlines() if each.strip())
