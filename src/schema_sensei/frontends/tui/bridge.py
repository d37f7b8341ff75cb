"""Between the engine's thread and the screen: events wait here to be drawn, a prompt waits here to be answered.

The engine never touches a widget and the screen never blocks: `emit` appends and returns, `ask` blocks its own thread
on its own Future, which leaving the program resolves, so that no thread is left waiting for a screen that is gone.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeAlias

from ...engine.events import Event, OutputLine
from ...engine.ports import Reply
from ...engine.prompts import Prompt
from ...terms.json import JsonValue

RING = 5000
"""Output lines kept until the next drain; older ones are counted, not kept: the journal has the full text."""


@dataclass(frozen=True, slots=True)
class Output:
    """Lines of live output of one step, in order; `dropped` lines before them did not fit the ring."""

    step: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=RING))
    dropped: list[int] = field(default_factory=lambda: [0])

    def add(self, text: str) -> None:
        """Append one line; the oldest goes when the ring is full."""
        if len(self.lines) == RING:
            self.dropped[0] += 1
        self.lines.append(text)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A prompt that waits for the person."""

    prompt: Prompt
    reply: "Future[Reply]" = field(default_factory=Future)

    def answer(self, value: JsonValue) -> None:
        """Give the person's answer; a question that was already left ignores it."""
        if not self.reply.done():
            self.reply.set_result(Reply(value))

    def leave(self, how: Exception) -> None:
        """Leave with Back, Paused or Cancelled."""
        if not self.reply.done():
            self.reply.set_exception(how)


Item: TypeAlias = Event | Output | Question


class Bridge:
    """A `Sink` and an `Asker` for the engine's thread. `wake` is called from that thread; it must be thread-safe."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._items: deque[Item] = deque()
        self._open: Question | None = None
        self._leaving: Callable[[], Exception] | None = None

    def emit(self, event: Event) -> None:
        """Queue an event. Output waits for the timer; anything else wakes the screen."""
        with self._lock:
            if isinstance(event, OutputLine):
                last = self._items[-1] if self._items else None
                if not (isinstance(last, Output) and last.step == event.step):
                    last = Output(event.step)
                    self._items.append(last)
                last.add(event.text)
                return
            self._items.append(event)
        self._wake()

    def ask(self, prompt: Prompt) -> Reply:
        """Show a prompt and wait. Raises Back, Paused or Cancelled as the person, or leaving, decides."""
        question = Question(prompt)
        with self._lock:
            if self._leaving is not None:
                raise self._leaving()
            self._open = question
            self._items.append(question)
        self._wake()
        try:
            return question.reply.result()
        finally:
            with self._lock:
                self._open = None

    def drain(self) -> tuple[Item, ...]:
        """Everything since the last drain, in order."""
        with self._lock:
            items = tuple(self._items)
            self._items.clear()
        return items

    def leave(self, how: Callable[[], Exception]) -> None:
        """From now on every question, the open one first, is left with `how()`: the person is going."""
        with self._lock:
            self._leaving = how
            question = self._open
        if question is not None:
            question.leave(how())
