"""Answers instead of a person: for scripts and CI. Never reads standard input, never waits, fails closed."""

import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, TextIO, assert_never

from ..engine.errors import Declined, MissingAnswer
from ..engine.events import Answered, Event, RunStarted, StepFailed
from ..engine.ports import Reply
from ..engine.prompts import Prompt
from ..terms.errors import UsageError
from ..terms.exit_codes import ExitCode
from .answers_file import Answers, could_be, example_line, facts_words
from .house import House
from .line_signals import listening
from .narration import Narrator
from .operator import Operator
from .requests import OpenGuide, Request, ResumeRun, StartRun
from .wording import WARNING, Line, one_line

if TYPE_CHECKING:
    from ..engine.executor import RunResult


class AnswersFront:
    """A front end whose person is an answers file. `out` gets plain lines; nothing is wrapped or coloured."""

    def __init__(self, answers: Answers, out: TextIO | None = None) -> None:
        self._answers = answers
        self._out = out or sys.stdout
        self._lock = threading.Lock()
        self._narrator = Narrator()
        self._asked: Counter[str] = Counter()
        self._missing: Prompt | None = None
        self._rehearsed: list[Prompt] = []
        """What a dry run had no answer for: nothing is wrong with that."""
        self._told = ""
        self._running = self._dry = False
        self._signals = 0

    def visit(self, house: House, request: Request) -> int:
        """Run or resume; the exit code of the run. Opening the guide needs answers that lead to a workflow."""
        with listening(interrupt=lambda: self._stop(house), terminate=lambda: self._stop(house, ExitCode.TERMINATED)):
            result = self._run(house, request)
        if self._rehearsed:
            self._say(rehearsed_lines(tuple(self._rehearsed), self._answers.file))
        elif self._missing is not None:
            self._say(missing_lines(self._missing, self._answers.file))
        elif result.error is not None and result.error.what != self._told:
            error = result.error
            self._say(
                tuple(Line(one_line(text), "plain", 1) for text in (error.where, error.means, error.remedy) if text)
            )
        # A run that stopped early, or a dry one, asks for less than it would: only a misspelt key is worth a word.
        early = self._dry or (result.status != "done" and self._missing is None)
        unused = () if early else self._answers.unused(frozenset(self._asked))
        for key, where in unused:
            self._say((Line(f"{WARNING} The answer `{key}` was not used ({where}): nothing asked for it.", "warning"),))
        return result.exit_code

    def _run(self, house: House, request: Request) -> "RunResult":
        operator = Operator(sink=self, asker=self)
        match request:
            case OpenGuide():
                leaf = _leaf(house, request.answers)
                return house.start(leaf, operator, answers=request.answers, dry=request.dry)
            case StartRun():
                return house.start(
                    request.workflow, operator, inputs=request.inputs, answers=request.answers, dry=request.dry
                )
            case ResumeRun():
                return house.resume(request.run, operator, take_over=request.take_over)
            case _:
                assert_never(request)

    def _stop(self, house: House, code: ExitCode = ExitCode.INTERRUPTED) -> None:
        """A signal: the running step stops at its next checkpoint; where none runs, or at the second, at once."""
        self._signals += 1
        house.cancel(code)
        if not self._running or self._signals > 1:
            raise SystemExit(int(code))

    def emit(self, event: Event) -> None:
        """Print an event as lines, and count answers that a resumed run was given before."""
        with self._lock:
            if isinstance(event, Answered) and event.by == "recorded":
                self._asked[event.key] += 1
            self._print(self._narrator.lines(event))
            match event:
                case RunStarted():
                    self._running, self._dry = True, event.dry
                case StepFailed():
                    self._told = event.what
                case _:
                    pass

    def ask(self, prompt: Prompt) -> Reply:
        """The answer from the file. Raises MissingAnswer, Declined, UnfitAnswer."""
        if prompt.key.endswith(".failed") and prompt.key not in self._answers.turns:
            raise MissingAnswer(prompt.key, question=one_line(prompt.question))  # the failure has just been told
        with self._lock:  # first: whoever reads the log of a rule that declined must see what it declined
            self._print(self._narrator.asked(prompt))
        reply = self._answers.reply(prompt, self._asked[prompt.key])
        if reply is None:
            if self._dry:
                self._rehearsed.append(prompt)
            elif not prompt.key.endswith(".failed"):
                self._missing = prompt
            if prompt.check and not self._dry:
                raise Declined(
                    prompt.key, "a check has found something, and no answer says what is to be done about it"
                )
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
        *((Line(facts_words(prompt), "quiet", 1),) if prompt.binding or prompt.check else ()),
        Line(f"Add to {file or 'an answers file (--answers FILE)'}:", "plain", 1),
        Line(example_line(prompt), "plain", 2, literal=True),
    )


def rehearsed_lines(prompts: tuple[Prompt, ...], file: str) -> tuple[Line, ...]:
    """What a real run would ask beside the steps' own questions, and the lines to add."""
    return (
        Line("A real run also asks:"),
        *(Line(f"`{each.key}`: {one_line(each.question)}", "plain", 1) for each in prompts),
        Line(f"Answer in {file or 'an answers file (--answers FILE)'}:", "plain"),
        *(Line(example_line(each), "plain", 1, literal=True) for each in prompts),
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
