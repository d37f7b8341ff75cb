"""Picks the front end before anything heavy is imported: only the standard library is touched here.

No terminal, or answers given: answers. `--plain`, SENSEI_PLAIN, a terminal that cannot draw or says no size: plain.
`--prompts`: questions. Else the full screen (facts: a full screen on a pipe hangs, on TERM=dumb it draws garbage).
"""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TextIO, TypeAlias, assert_never

if TYPE_CHECKING:
    from .answers_file import Answers
    from .house import FrontEnd

Face: TypeAlias = Literal["answers", "plain", "questions", "tui"]

LEAST_COLUMNS, LEAST_LINES = 60, 16
"""Below this a full screen hides what a prompt has to say; plain lines work at 40 columns."""
_CANNOT_DRAW = frozenset({"", "dumb", "unknown"})


def choose(
    asked: str | None = None,
    *,
    answers: bool = False,
    environ: Mapping[str, str] | None = None,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
) -> Face:
    """The front end for these circumstances. `asked` is what the command line names ("plain", "questions", "tui")."""
    environ = os.environ if environ is None else environ
    stdin, stdout = stdin or sys.stdin, stdout or sys.stdout
    if answers or not (_is_terminal(stdin) and _is_terminal(stdout)):
        return "answers"
    if asked == "plain" or environ.get("SENSEI_PLAIN"):
        return "plain"
    size = _size(stdout)
    can_draw = environ.get("TERM", "") not in _CANNOT_DRAW and size is not None
    match asked:
        case "tui":
            return "tui"
        case "questions":
            return "questions" if can_draw else "plain"
        case _:
            roomy = size is not None and size[0] >= LEAST_COLUMNS and size[1] >= LEAST_LINES
            return "tui" if can_draw and roomy else "plain"


def front_end(face: Face, answers: "Answers | None" = None) -> "FrontEnd":
    """The front end itself, imported only now."""
    match face:
        case "answers":
            from .answers import AnswersFront
            from .answers_file import Answers

            return AnswersFront(answers or Answers({}))
        case "plain":
            from .plain import PlainFront

            return PlainFront()
        case "questions":
            from .questions import QuestionsFront

            return QuestionsFront()
        case "tui":
            from .tui import app

            return app
        case _:
            assert_never(face)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _size(stream: TextIO) -> tuple[int, int] | None:
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return None
    return (size.columns, size.lines) if size.columns > 0 and size.lines > 0 else None
