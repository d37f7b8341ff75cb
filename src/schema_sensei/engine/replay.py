"""Entries become events: what a live run, `resume`, `show` and `watch` tell a front end comes from here.

`Replay(header).opening()` then `.events(entry)` for each entry. A resuming run replays the past with `past=True`:
recorded answers and finished steps are marked as such, and where it ended before is not told as an end.
Live output is not in the entries (a file holds it); everything else is.
"""

from collections.abc import Iterable, Sequence

from ..terms.json import JsonObject, JsonValue
from .codec import decode_blocks, decode_label, decode_prompt
from .events import (
    Answered,
    Event,
    LifeChanged,
    Noted,
    Previewed,
    RunEnded,
    RunStarted,
    Stage,
    StepFailed,
    StepFinished,
    StepStarted,
)
from .life import stages
from .prompts import Tone
from .records import Entry, RunHeader, run_status
from .state import State


class Replay:
    """Folds entries into a `State` and says what each of them means to a person."""

    def __init__(self, header: RunHeader) -> None:
        self.state = State(header)
        self._stages: tuple[Stage, ...] = stages(self.state)

    def opening(self, *, resumed: bool = False, dry: bool = False) -> RunStarted:
        """The event that begins every telling of the run."""
        header = self.state.header
        return RunStarted(
            header.id, header.workflow, header.title, header.outline, stages(self.state), resumed=resumed, dry=dry
        )

    def events(self, entry: Entry, *, past: bool = False) -> tuple[Event, ...]:
        """Take one entry into account and tell it."""
        self.state.apply(entry)
        told = _told(entry, self.state, past=past)
        now = stages(self.state)
        if now == self._stages:
            return told
        self._stages = now
        changed = LifeChanged(now)
        return (changed, *told) if entry.kind == "ended" else (*told, changed)


def told(header: RunHeader, entries: Iterable[Entry]) -> tuple[Event, ...]:
    """All events of a run, as they were shown when it happened."""
    replay = Replay(header)
    return (replay.opening(), *(event for entry in entries for event in replay.events(entry)))


def _told(entry: Entry, state: State, *, past: bool) -> tuple[Event, ...]:
    body, step = entry.body, entry.step
    match entry.kind:
        case "claimed":
            return _claimed(body)
        case "entered":
            return (StepStarted(step, entry.visit, decode_label(body["target"])),)
        case "previewed":
            return (
                Previewed(step, _text(body["summary"]), decode_blocks(body["blocks"]), decode_label(body["target"])),
            )
        case "answered":
            by = "recorded" if past else _text(body["by"])
            return (Answered(step, _text(body["key"]), body["answer"], by, decode_prompt(body["prompt"])),)
        case "noted":
            return (Noted(step, _text(body["text"]), _tone(body["tone"])),)
        case "failed":
            what, means, remedy, where = (_text(body[key]) for key in ("what", "means", "remedy", "where"))
            return (StepFailed(step, what, means, remedy, _number(body["seconds"]), where),)
        case "retried":
            return (StepStarted(step, entry.visit, decode_label(body["target"])),)
        case "finished":
            return (_finished(entry, past=past),)
        case "skipped":
            return (StepFinished(step, "skipped", "skipped", _text(body["reason"]), 0.0, {}, replayed=past),)
        case "undone":
            blocks = decode_blocks(body["blocks"])
            return (StepFinished(step, "undone", "undone", _text(body["summary"]), 0.0, {}, blocks, replayed=past),)
        case "not_undone":
            return (Noted(step, _text(body["text"]), "warning"),)
        case "back":
            return _back(state)
        case "ended":
            status, code = run_status(body["status"]), int(_number(body["exit_code"]))
            return () if past else (RunEnded(entry.run, status, _text(body["summary"]), code),)
        case "intended" | "kept" | "undoing":
            return ()


def _claimed(body: JsonObject) -> tuple[Event, ...]:
    owner, before = _text(body["owner"]), _text(body["previous"])
    match body["how"]:
        case "created":
            return ()
        case "released":
            return (Noted("", f"Resumed by {owner}."),)
        case "forced":
            return (Noted("", f"Taken over by {owner} from {before}, which may still be alive.", "warning"),)
        case _:
            return (Noted("", f"Taken over by {owner} from {before}, which is gone."),)


def _finished(entry: Entry, *, past: bool) -> StepFinished:
    body = entry.body
    outputs = body["outputs"]
    return StepFinished(
        entry.step,
        "done",
        _text(body["outcome"]),
        _text(body["summary"]),
        _number(body["seconds"]),
        outputs if isinstance(outputs, dict) else {},
        decode_blocks(body["blocks"]),
        replayed=past,
    )


def _back(state: State) -> tuple[Event, ...]:
    started = (StepStarted(state.step, state.visit),) if state.step is not None and state.entered else ()
    return (Noted(state.step or "", "Back to an earlier answer."), *started)


def _text(value: JsonValue) -> str:
    return str(value)


def _number(value: JsonValue) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _tone(value: JsonValue) -> Tone:
    return value if value in _TONES else "quiet"  # type: ignore[return-value]  # membership proves the literal


_TONES: Sequence[JsonValue] = ("plain", "good", "warning", "danger", "quiet")
