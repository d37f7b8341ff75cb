"""Answers instead of a person: for scripts and CI. Never reads standard input, never waits, fails closed."""

import sys
import threading
from collections import Counter
from typing import TextIO

from ..engine.errors import MissingAnswer
from ..engine.events import Answered, Event, StepFailed
from ..engine.ports import Reply
from ..engine.prompts import Prompt
from ..terms.errors import UsageError
from ..terms.exit_codes import ExitCode
from .answers_file import Answers, could_be, example_line, facts_words
from .house import House, OpenGuide, Operator, Request, ResumeRun, StartRun
from .narration import Narrator
from .wording import WARNING, Line, one_line


class AnswersFront:
    """A front end whose person is an answers file. `out` gets plain lines; nothing is wrapped or coloured."""

    def __init__(self, answers: Answers, out: TextIO | None = None) -> None:
        self._answers = answers
        self._out = out or sys.stdout
        self._lock = threading.Lock()
        self._narrator = Narrator()
        self._asked: Counter[str] = Counter()
        self._missing: Prompt | None = None
        self._told = ""

    def visit(self, house: House, request: Request) -> int:
        """Run or resume; the exit code of the run. Opening the guide needs answers that lead to a workflow."""
        operator = Operator(sink=self, asker=self)
        match request:
            case OpenGuide():
                result = house.start(
                    _leaf(house, request.answers), operator, answers=request.answers, dry=request.dry
                )  # fmt: skip
            case StartRun():
                result = house.start(
                    request.workflow, operator, inputs=request.inputs, answers=request.answers, dry=request.dry
                )
            case ResumeRun():
                result = house.resume(request.run, operator, take_over=request.take_over)
        if self._missing is not None:
            self._say(missing_lines(self._missing, self._answers.file))
        elif result.error is not None and result.error.what != self._told:
            error = result.error
            self._say(
                tuple(Line(one_line(text), "plain", 1) for text in (error.where, error.means, error.remedy) if text)
            )
        for key, where in self._answers.unused(frozenset(self._asked)):
            self._say((Line(f"{WARNING} The answer `{key}` was not used ({where}): nothing asked for it.", "warning"),))
        return result.exit_code

    def emit(self, event: Event) -> None:
        """Print an event as lines, and count answers that a resumed run was given before."""
        with self._lock:
            if isinstance(event, Answered) and event.by == "recorded":
                self._asked[event.key] += 1
            self._print(self._narrator.lines(event))
            if isinstance(event, StepFailed):
                self._told = event.what

    def ask(self, prompt: Prompt) -> Reply:
        """The answer from the file. Raises MissingAnswer, Declined, UnfitAnswer."""
        turn = self._asked[prompt.key]
        reply = self._answers.reply(prompt, turn)
        with self._lock:
            self._print(self._narrator.asked(prompt))
        if reply is None:
            if not prompt.key.endswith(".failed"):
                self._missing = prompt
            raise MissingAnswer(prompt.key, question=one_line(prompt.question))
        self._asked[prompt.key] += 1
        return reply

    def _say(self, lines: tuple[Line, ...]) -> None:
        with self._lock:
            self._print(lines)

    def _print(self, lines: tuple[Line, ...]) -> None:
        for line in lines:
            self._out.write("  " * line.depth + line.text + "\n")
        self._out.flush()


def missing_lines(prompt: Prompt, file: str) -> tuple[Line, ...]:
    """What a missing answer could be, and the line to add."""
    return (
        Line(f"`{prompt.key}` asks: {one_line(prompt.question)}", "warning"),
        *(Line(one_line(each), "plain", 2) for each in could_be(prompt)),
        *((Line(facts_words(prompt), "quiet", 1),) if prompt.binding else ()),
        Line(f"Add to {file or 'an answers file (--answers FILE)'}:", "plain", 1),
        Line(example_line(prompt), "plain", 2, literal=True),
    )


def _leaf(house: House, answers: tuple[str, ...]) -> str:
    from ..guide.walk import Walk

    walk = Walk.follow(house.library().tree, answers)
    if walk.workflow is not None:
        return walk.workflow
    question = walk.question
    choices = ", ".join(choice.key for choice in question.choices) if question else ""
    error = UsageError(
        f"There is no terminal here to ask: {question.ask if question else ''} ({choices})",
        means="Without a terminal nothing is asked, so that a script never hangs.",
        remedy="Name the workflow: sensei run WORKFLOW --answers FILE. Or open sensei in a terminal.",
    )
    error.exit_code = ExitCode.ANSWER_MISSING
    raise error
