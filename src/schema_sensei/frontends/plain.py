"""Numbered lines on any terminal: for screen readers, bad terminals and SSH. No cursor moves, nothing is redrawn."""

import re
from collections.abc import Callable, Sequence

from ..engine.prompts import Option
from .console import Console
from .conversation import KEYS, Command, Said
from .house import House
from .requests import Request
from .shortcuts import Picker
from .visiting import Visit
from .wording import LEAVE, WARNING, Line, one_line

_INLINE = 3
"""Up to so many options without notes stand in the question itself: "(y)es, (n)o"."""


class PlainFront:
    """The plain front end."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()

    def visit(self, house: House, request: Request) -> int:
        """Do what was asked in plain lines; the exit code."""
        return Visit(house, PlainTalk(self._console)).make(request)


class PlainTalk:
    """Questions as lines, answers by number, letter or the beginning of a word."""

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
        """Print the options and read until one is meant."""
        picker = Picker.of(options, frozenset(KEYS[command] for command in commands))
        inline = len(options) <= _INLINE and not any(option.note for option in options)
        if not inline:
            self.say((Line(question), *_numbered(picker)))
        marked = (
            [picker.marked(at) for at in range(len(options))]
            if inline
            else [f"1-{len(options)}" if len(options) > 1 else "1"]
        )
        words = ", ".join([*marked, *_command_words(commands)])
        label = next((option.label for option in options if option.key == default), "")
        ending = f" [Enter: {label}]:" if label else ":"
        while True:
            typed = self._console.read((f"{question} {words}" if inline else f"Your choice? {words}") + ending)
            command = _command(typed, commands)
            if command is not None:
                return command
            if not typed.strip() and default is not None:
                return default
            meant = picker.pick(typed)
            if isinstance(meant, Option):
                return meant.key
            self.say((_not_understood(typed, meant, len(options)),))

    def enter(
        self, question: str, default: str, complaint: Callable[[str], str], commands: tuple[Command, ...]
    ) -> Said:
        """Read a line; Enter takes the default, where there is one."""
        words = ", ".join(_command_words(commands))
        offered = f" [Enter: {one_line(default)}]" if default else ""
        while True:
            typed = self._console.read(f"{question}{offered} {words}:" if words else f"{question}{offered}:")
            command = _command(typed, commands)
            if command is not None:
                return command
            text = typed or default
            wrong = complaint(text)
            if not wrong:
                return text
            if len(text) > 1 and text[0] == text[-1] == '"' and not complaint(text[1:-1]):
                return text[1:-1]
            self.say((Line(f"{WARNING} {wrong}", "warning", 1),))

    def tick(
        self, question: str, items: tuple[Option, ...], commands: tuple[Command, ...]
    ) -> tuple[str, ...] | Command:
        """Read the numbers of what is done."""
        self.say((Line(question), *(_item(at, item) for at, item in enumerate(items, 1))))
        words = ", ".join(["the numbers that are done (such as 1 2)", "(a)ll", "(n)one", *_command_words(commands)])
        while True:
            typed = self._console.read(f"Done? {words}:").strip().casefold()
            command = _command(typed, commands)
            if command is not None:
                return command
            if typed in {"a", "all"}:
                return tuple(item.key for item in items)
            if typed in {"n", "none"}:
                return ()
            numbers = re.findall(r"\d+", typed)
            if numbers and re.fullmatch(r"[\d\s,;]+", typed) and all(1 <= int(each) <= len(items) for each in numbers):
                ticked = {int(each) for each in numbers}
                return tuple(item.key for at, item in enumerate(items, 1) if at in ticked)
            self.say((_not_understood(typed, (), len(items)),))


def _numbered(picker: Picker) -> tuple[Line, ...]:
    return tuple(
        Line(
            f"{at + 1}  {picker.marked(at) if picker.letters[at] else option.label}"
            + (f" - {one_line(option.note)}" if option.note else ""),
            option.tone,
            1,
        )
        for at, option in enumerate(picker.options)
    )


def _item(at: int, item: Option) -> Line:
    return Line(f"{at}  {one_line(item.label)}" + (f" - {one_line(item.note)}" if item.note else ""), "plain", 1)


def _command_words(commands: tuple[Command, ...]) -> list[str]:
    words = {
        Command.WHY: "(?) why", Command.BACK: "(b)ack", Command.SEARCH: "(/) search", Command.RESUME: "(r)esume",
        Command.LEAVE: f"(q){LEAVE[1:]}" if Command.SEARCH not in commands else "(q)uit",
    }  # fmt: skip
    return [words[command] for command in commands]


def _command(typed: str, commands: tuple[Command, ...]) -> Command | None:
    word = typed.strip().casefold()
    for command in commands:
        if word in {KEYS[command], command.value}:
            return command
    return None


def _not_understood(typed: str, meant: tuple[Option, ...], count: int) -> Line:
    if meant:
        return Line(f"{WARNING} That could be: {', '.join(option.label for option in meant)}.", "warning", 1)
    number = f"a number from 1 to {count}" if count > 1 else "1"
    said = f"“{one_line(typed)}” is not among them. " if typed.strip() else ""
    return Line(f"{WARNING} {said}Type {number}.", "warning", 1)
