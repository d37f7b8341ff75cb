"""Answers the engine's prompts in a line-by-line talk, whatever draws the lines: plain and questions share it."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Protocol, TypeAlias, assert_never

from ..engine.events import Event
from ..engine.ports import Reply
from ..engine.prompts import (
    Back,
    Cancelled,
    Checklist,
    Choose,
    Confirm,
    EnterText,
    Option,
    Paused,
    Prompt,
    Resolve,
    TypedConfirm,
)
from ..terms.json import JsonValue
from .narration import Narrator
from .shortcuts import answer_of, default_of, options_of
from .wording import WARNING, Line, instruction, one_line, why


class Command(Enum):
    """What a person can say instead of an answer; the value is the word for it."""

    WHY = "why"
    BACK = "back"
    SEARCH = "search"
    RESUME = "resume"
    LEAVE = "quit"


KEYS: dict[Command, str] = {
    Command.WHY: "?", Command.BACK: "b", Command.SEARCH: "/", Command.RESUME: "r", Command.LEAVE: "q",
}  # fmt: skip
IN_A_RUN = (Command.WHY, Command.BACK, Command.LEAVE)

Said: TypeAlias = str | Command


class Talk(Protocol):
    """One way to draw a question and read what is said. All may raise EOFError and KeyboardInterrupt."""

    @property
    def narrow(self) -> bool: ...
    def say(self, lines: Sequence[Line]) -> None: ...
    def pick(
        self, question: str, options: tuple[Option, ...], default: str | None, commands: tuple[Command, ...]
    ) -> Said:
        """The key of an option, or a command."""
        ...

    def enter(
        self, question: str, default: str, complaint: Callable[[str], str], commands: tuple[Command, ...]
    ) -> Said:
        """A text about which `complaint` has nothing to say, or a command."""
        ...

    def tick(
        self, question: str, items: tuple[Option, ...], commands: tuple[Command, ...]
    ) -> tuple[str, ...] | Command:
        """The keys of the ticked items, or a command."""
        ...


class Conversation:
    """A `Sink` and an `Asker` over a talk. `waiting` is true while it waits for the person (see `signals`)."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._narrator = Narrator(narrow=talk.narrow)
        self._lock = threading.RLock()
        self.waiting = False

    def emit(self, event: Event) -> None:
        """Say an event."""
        with self._lock:
            self._talk.say(self._narrator.lines(event))

    def ask(self, prompt: Prompt) -> Reply:
        """Ask until there is an answer. Raises Back, Paused (also at the end of input), Cancelled."""
        with self._lock:
            self._talk.say(self._narrator.asked(prompt))
        while True:
            try:
                with self._listening():
                    said = self._put(prompt)
            except EOFError:
                raise Paused from None
            except KeyboardInterrupt:
                self._interrupted()
                continue
            match said:
                case Command.WHY:
                    self._talk.say(why(prompt))
                case Command.BACK:
                    raise Back
                case Command.LEAVE:
                    raise Paused
                case Command():
                    continue
                case _:
                    return Reply(said)

    def _put(self, prompt: Prompt) -> "JsonValue | Command":
        question = one_line(prompt.question)
        match prompt:
            case Choose() | Confirm() | Resolve():
                said = self._talk.pick(question, options_of(prompt), default_of(prompt), IN_A_RUN)
                return said if isinstance(said, Command) else answer_of(prompt, said)
            case EnterText() | TypedConfirm():
                hint = instruction(prompt)
                default = prompt.default if isinstance(prompt, EnterText) else ""
                full = f"{question} ({hint})" if hint else question
                return self._talk.enter(full, default, lambda text: _complaint(prompt, text), IN_A_RUN)
            case Checklist():
                ticked = self._talk.tick(question, prompt.items, IN_A_RUN)
                return ticked if isinstance(ticked, Command) else list(ticked)
            case _:
                assert_never(prompt)

    def _interrupted(self) -> None:
        """Ctrl-C at a question: leave, cancel, or go on. A second one leaves: nothing is lost by it."""
        options = (
            Option("on", "Go on", "back to the question"),
            Option("leave", "Leave", "keep the run, resume later"),
            Option("cancel", "Cancel the step", "stop what runs"),
        )
        try:
            with self._listening():
                said = self._talk.pick("Interrupted. What now?", options, "on", ())
        except (EOFError, KeyboardInterrupt):
            raise Paused from None
        if said == "leave":
            raise Paused
        if said == "cancel":
            raise Cancelled

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        self.waiting = True
        try:
            yield
        finally:
            self.waiting = False


def _complaint(prompt: Prompt, text: str) -> str:
    from ..engine.questions import unfit

    return unfit(prompt, text)


def stopping_line() -> Line:
    """What is said when a running step is told to stop."""
    return Line(
        f"{WARNING} Stopping at the next safe point. Nothing is lost; once more Ctrl-C leaves at once.", "warning"
    )
