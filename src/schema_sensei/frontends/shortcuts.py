"""How a typed word picks an option: by its number, its letter, its key, or the unique beginning of its label."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..engine.prompts import Choose, Confirm, Option, Resolve
from ..terms.json import JsonValue

RESERVED = frozenset("bdqr?/")
"""Letters the front ends keep for themselves: back, dry run, quit, resume, why, search."""


def options_of(prompt: Choose | Confirm | Resolve) -> tuple[Option, ...]:
    """The options of a prompt that picks one; a Confirm has the keys "yes" and "no"."""
    if isinstance(prompt, Confirm):
        return (Option("yes", prompt.yes), Option("no", prompt.no))
    return prompt.options


def default_of(prompt: Choose | Confirm | Resolve) -> str | None:
    """The key under the cursor, or None when nothing is safe to suggest."""
    if isinstance(prompt, Confirm):
        return None if prompt.default is None else ("yes" if prompt.default else "no")
    return prompt.default


def answer_of(prompt: Choose | Confirm | Resolve, key: str) -> JsonValue:
    """The answer that stands for a picked key: true or false for a Confirm."""
    return key == "yes" if isinstance(prompt, Confirm) else key


@dataclass(frozen=True, slots=True)
class Picker:
    """Options with a letter each where one is free; digits always work."""

    options: tuple[Option, ...]
    letters: tuple[str, ...]
    """One per option, in order; empty where no letter of the label is free."""

    @classmethod
    def of(cls, options: Sequence[Option], reserved: frozenset[str] = RESERVED) -> "Picker":
        """Give every option the first free letter of its label, beginnings of words first."""
        taken = set(reserved)
        letters: list[str] = []
        for option in options:
            letter = next((each for each in _candidates(option.label) if each not in taken), "")
            taken.add(letter)
            letters.append(letter)
        return cls(tuple(options), tuple(letters))

    def marked(self, index: int) -> str:
        """The label with its letter in brackets: "(a)pprove this text"; the number when there is no letter."""
        label, letter = self.options[index].label, self.letters[index]
        if not letter:
            return f"({index + 1}) {label}"
        at = _position(label, letter)
        return f"{label[:at]}({label[at]}){label[at + 1 :]}"

    def pick(self, typed: str) -> "Option | tuple[Option, ...]":
        """The one option meant, or all that could be meant (none, or several)."""
        word = typed.strip().casefold()
        if not word:
            return ()
        if word.isdecimal() and 1 <= int(word) <= len(self.options):
            return self.options[int(word) - 1]
        for option, letter in zip(self.options, self.letters, strict=True):
            if word in {letter, option.key.casefold(), option.label.casefold()}:
                return option
        meant = tuple(
            option
            for option in self.options
            if option.key.casefold().startswith(word) or option.label.casefold().startswith(word)
        )
        return meant[0] if len(meant) == 1 else meant


def _candidates(label: str) -> list[str]:
    starts = [word[0].lower() for word in label.split()]
    return [each for each in [*starts, *(char.lower() for char in label)] if each.isascii() and each.isalpha()]


def _position(label: str, letter: str) -> int:
    places = [at for at, char in enumerate(label) if char.lower() == letter]
    starts = [at for at in places if at == 0 or label[at - 1].isspace()]
    return (starts or places)[0]
