"""Where a run stands: a fold over its entries, the same for a live run and for one read from the journal."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from ..terms.json import JsonObject, JsonValue
from .records import Entry, RunHeader

INPUTS = "inputs"
"""The name under which input prompts stand where a step's id stands for others."""

AnswerKey: TypeAlias = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Given:
    """One answer as journaled; `during` says whether it was asked before (preview) or inside perform."""

    number: int
    value: JsonValue
    digest: str
    during: str


@dataclass(frozen=True, slots=True)
class Intended:
    """An intent as journaled."""

    number: int
    handle: JsonObject
    answer: JsonValue
    at: float
    answer_digest: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Something to go back over: an answer, or an effect that happened (`intent` is then what it was)."""

    number: int
    step: str
    visit: int
    key: str = ""
    intent: Intended | None = None
    outcome: JsonObject = field(default_factory=dict)


class State:
    """The fold. `step` is None when nothing is left to do (`ending` says why); `entered` that the visit has begun."""

    def __init__(self, header: RunHeader) -> None:
        self.header = header
        self._order = {step.id: index for index, step in enumerate(header.outline)}
        self._reset()

    def _reset(self) -> None:
        self.entries: list[Entry] = []
        self.step: str | None = self.header.outline[0].id if self.header.outline else None
        self.next = "" if self.header.outline else "done"
        self.entered = False
        self.visit = 0
        self.visits: dict[str, int] = {}
        self.inputs: dict[str, JsonValue] = dict(self.header.given)
        self.outputs: dict[str, JsonObject] = {}
        self.answers: dict[AnswerKey, list[Given]] = {}
        self.intent: Intended | None = None
        self.earlier: Intended | None = None
        self.kept: list[JsonObject] = []
        self.failure: JsonObject | None = None
        self.attempts = 0
        self.undoing: Entry | None = None
        self.trail: list[Moment] = []
        self.done: set[str] = set()
        self.ended: JsonObject | None = None

    def apply(self, entry: Entry) -> None:
        """Take one more entry into account."""
        body = entry.body
        if entry.kind == "back":
            self._rewind(_integer(body["to"]))
            return
        self.entries.append(entry)
        match entry.kind:
            case "claimed":
                self.ended = None
            case "entered":
                self._enter(entry)
            case "answered":
                self._answer(entry)
            case "intended":
                handle, answer = _object(body["handle"]), body["answer"]
                self.intent = Intended(entry.number, handle, answer, entry.at, str(body["digest"]))
            case "kept":
                self.kept.append(_object(body["data"]))
            case "failed":
                self.failure = body
            case "retried":
                self._retry()
            case "finished" | "skipped":
                self._finish(entry)
            case "undoing":
                self.undoing = entry
            case "undone":
                self._undone(entry)
            case "not_undone":
                self.undoing = None
            case "ended":
                self.ended = body
                if body["forget"] and self.step is not None:
                    self._forget(self.step, self.visit, None)
            case "previewed" | "noted":
                pass

    def apply_all(self, entries: Iterable[Entry]) -> "State":
        """Take entries into account, in order."""
        for entry in entries:
            self.apply(entry)
        return self

    def answer(self, step: str, visit: int, key: str) -> Given | None:
        """The last answer to a prompt of this step visit."""
        given = self.answers.get((step, visit, key))
        return given[-1] if given else None

    def _enter(self, entry: Entry) -> None:
        self.step, self.visit, self.entered = entry.step, entry.visit, True
        self.visits[entry.step] = entry.visit
        self._start_over()
        self.earlier, self.attempts = None, 1
        here = self._order.get(entry.step, 0)
        self.done = {step for step in self.done if self._order.get(step, 0) < here}

    def _start_over(self) -> None:
        self.intent, self.failure, self.undoing = None, None, None
        self.kept = []

    def _answer(self, entry: Entry) -> None:
        body, key = entry.body, str(entry.body["key"])
        given = Given(entry.number, body["answer"], str(body["digest"]), str(body["during"]))
        self.answers.setdefault((entry.step, entry.visit, key), []).append(given)
        if given.during != "policy":
            self.trail.append(Moment(entry.number, entry.step, entry.visit, key))
        if entry.step == INPUTS:
            self.inputs[key.removeprefix(f"{INPUTS}.")] = given.value

    def _retry(self) -> None:
        self.earlier = self.intent or self.earlier
        self._start_over()
        self.attempts += 1
        if self.step is not None:
            self._forget(self.step, self.visit, "perform")

    def _forget(self, step: str, visit: int, during: str | None) -> None:
        for key, given in self.answers.items():
            if key[:2] == (step, visit):
                given[:] = [item for item in given if during is not None and item.during != during]

    def _finish(self, entry: Entry) -> None:
        body = entry.body
        if entry.kind == "finished":
            self.outputs[entry.step] = _object(body["outputs"])
            if body["outcome"] == "ok":
                self.done.add(entry.step)
            if self.intent is not None:
                self.trail.append(Moment(entry.number, entry.step, entry.visit, "", self.intent, body))
        else:
            self.outputs.pop(entry.step, None)
        self._start_over()
        self.entered = False
        self.next = str(body["next"])
        self.step = None if self.next in {"done", "stop"} or self.next.startswith("workflow:") else self.next

    def _undone(self, entry: Entry) -> None:
        self.trail = [m for m in self.trail if not (m.intent and (m.step, m.visit) == (entry.step, entry.visit))]
        self.outputs.pop(entry.step, None)
        self.done.discard(entry.step)
        self.undoing = None
        if self.entered and (entry.step, entry.visit) == (self.step, self.visit):
            self._start_over()
            self._forget(entry.step, entry.visit, None)
            self.earlier = None
            self.attempts += 1
        else:
            self.step, self.entered = entry.step, False

    def _rewind(self, number: int) -> None:
        kept = [entry for entry in self.entries if entry.number < number]
        self._reset()
        self.apply_all(kept)


def _object(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):
        raise TypeError(f"the journal holds {type(value).__name__} where an object belongs")
    return value


def _integer(value: JsonValue) -> int:
    if not isinstance(value, int):
        raise TypeError(f"the journal holds {type(value).__name__} where a number belongs")
    return value
