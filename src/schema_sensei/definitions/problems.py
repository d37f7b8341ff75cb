"""What is wrong in a definition, where, and what to do about it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from ..terms.errors import UsageError


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one place; `line` and `column` are 1-based. `code` is stable: scripts may rely on it."""

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


SHOWN = 10
"""An error shows so many problems; `sensei lint` shows all."""


class DefinitionError(UsageError):
    """Definitions that cannot be used; `problems` holds every one of them."""

    def __init__(self, what: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        listed = [line for problem in self.problems[:SHOWN] for line in _lines(problem)]
        if len(self.problems) > SHOWN:
            listed.append("...")
        super().__init__(
            what,
            means="\n".join(listed),
            remedy="Correct the definition; `sensei lint` shows every problem in its place.",
            where=f"{self.problems[0].file}:{self.problems[0].line}" if self.problems else "",
        )


def _lines(problem: Problem) -> tuple[str, ...]:
    return (str(problem), f"  {problem.hint}") if problem.hint else (str(problem),)


def did_you_mean(word: str, known: Iterable[str], what: str = "") -> str:
    """A hint: the known word that is closest; else the known words; else that there are none of `what`."""
    words = sorted(known)
    close = difflib.get_close_matches(word[:100], words, n=1, cutoff=0.6)
    if close:
        return f"Did you mean `{close[0]}`?"
    if not words:
        return f"There is no {what} here." if what else ""
    shown = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
    return f"Known: {shown}."
