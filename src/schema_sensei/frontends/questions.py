"""Questionary prompts: the same talk with arrow keys, on a terminal that can draw.

Only `unsafe_ask` is used: `ask` swallows Ctrl-C and answers None. Back and why are keys of our own on every question.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import questionary
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent, merge_key_bindings
from prompt_toolkit.validation import ValidationError, Validator

from ..engine.prompts import Option
from ..terms.errors import UsageError
from ..terms.exit_codes import ExitCode
from . import job_control
from .console import Console
from .conversation import Command, Said
from .house import House
from .requests import Request
from .visiting import Visit
from .wording import LEAVE, Line, one_line

_KEYS: dict[Command, tuple[str, ...]] = {
    Command.WHY: ("?",),
    Command.BACK: ("left",),
    Command.SEARCH: ("/",),
    Command.RESUME: ("r",),
    Command.LEAVE: ("q",),
}
_TYPING_KEYS: dict[Command, tuple[str, ...]] = {
    Command.WHY: ("f1",),
    Command.BACK: ("escape", "b"),
    Command.LEAVE: ("escape", "q"),
}
"""While a text is typed, letters are text: F1 is why, Alt-B back, Alt-Q leaves."""


class QuestionsFront:
    """The Questionary front end."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()

    def visit(self, house: House, request: Request) -> int:
        """Do what was asked in prompts; the exit code. Raises UsageError without a terminal."""
        if not sys.stdin.isatty():
            error = UsageError(
                "There is no terminal to ask on.",
                means="Prompts on a pipe would take an empty line for an answer.",
                remedy="Use --answers FILE, or open sensei in a terminal.",
            )
            error.exit_code = ExitCode.ANSWER_MISSING
            raise error
        return Visit(house, QuestionsTalk(self._console)).make(request)


class QuestionsTalk:
    """Select, text and checkbox prompts; what is not a question is printed as plain lines."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @property
    def narrow(self) -> bool:
        """Whether tables are told row by row."""
        return self._console.narrow

    def say(self, lines: Sequence[Line]) -> None:
        """Print lines."""
        self._console.say(lines)

    def pick(
        self, question: str, options: tuple[Option, ...], default: str | None, commands: tuple[Command, ...]
    ) -> Said:
        """A list to move in; nothing is preselected beyond the first line, and digits pick."""
        few = len(options) <= 9
        choices = [
            questionary.Choice(_title(option), value=option.key, shortcut_key=str(at) if few else None)
            for at, option in enumerate(options, 1)
        ]
        said: Said = self._asked(
            questionary.select(
                one_line(question),
                choices=choices,
                default=default,
                use_shortcuts=few,
                use_jk_keys=False,
                instruction=_instruction(commands, _KEYS),
            ),
            commands,
            _KEYS,
        )
        return said

    def enter(
        self, question: str, default: str, complaint: Callable[[str], str], commands: tuple[Command, ...]
    ) -> Said:
        """A line of text, checked while it is typed."""
        said: Said = self._asked(
            questionary.text(
                one_line(question),
                default=default,
                validate=_Fits(complaint),
                instruction=_instruction(commands, _TYPING_KEYS) + " ",
            ),
            commands,
            _TYPING_KEYS,
        )
        return said

    def tick(
        self, question: str, items: tuple[Option, ...], commands: tuple[Command, ...]
    ) -> tuple[str, ...] | Command:
        """Boxes to tick with the space bar."""
        choices = [questionary.Choice(_title(item), value=item.key) for item in items]
        said = self._asked(
            questionary.checkbox(
                one_line(question),
                choices=choices,
                use_jk_keys=False,
                instruction="(space: tick, a: all, enter: done) " + _instruction(commands, _KEYS),
            ),
            commands,
            _KEYS,
        )
        return said if isinstance(said, Command) else tuple(said)

    def _asked(
        self, question: questionary.Question, commands: tuple[Command, ...], keys: dict[Command, tuple[str, ...]]
    ) -> Any:
        bindings = KeyBindings()
        bindings.add("c-z", eager=True)(_suspend)
        for command in commands:
            if command in keys:
                bindings.add(*keys[command], eager=True)(_leaver(command))
        application = question.application
        present = application.key_bindings
        application.key_bindings = merge_key_bindings([present, bindings] if present else [bindings])
        return question.unsafe_ask()


class _Fits(Validator):
    def __init__(self, complaint: Callable[[str], str]) -> None:
        self._complaint = complaint

    def validate(self, document: Document) -> None:
        wrong = self._complaint(document.text)
        if wrong:
            raise ValidationError(message=one_line(wrong), cursor_position=len(document.text))


def _leaver(command: Command) -> Callable[[KeyPressEvent], None]:
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(result=command)

    return leave


def _suspend(event: KeyPressEvent) -> None:
    if job_control.possible():
        event.app.suspend_to_background()


def _title(option: Option) -> str:
    return one_line(option.label) + (f" - {one_line(option.note)}" if option.note else "")


def _instruction(commands: tuple[Command, ...], keys: dict[Command, tuple[str, ...]]) -> str:
    names = {("left",): "←", ("f1",): "F1", ("escape", "b"): "Alt-B", ("escape", "q"): "Alt-Q"}
    words = {Command.LEAVE: LEAVE if Command.SEARCH not in commands else "quit"}
    shown = [
        f"{names.get(keys[each], keys[each][0])} {words.get(each, each.value)}" for each in commands if each in keys
    ]
    return f"({', '.join(shown)})" if shown else ""
