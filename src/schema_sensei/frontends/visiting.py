"""A visit in lines: from the question through the run to the exit code; plain and questions share it."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, assert_never

from ..engine.prompts import Cancelled, Option, Paused
from ..guide.explain import why_question, why_workflow
from ..guide.walk import Walk
from ..terms.exit_codes import ExitCode
from .conversation import Command, Conversation, Said, Talk, stopping_line
from .entries import RunSummary
from .house import House
from .line_signals import listening
from .offers import (
    choice_options,
    crumb_line,
    environment_lines,
    recommendation,
    standing_line,
    unfinished_line,
)
from .operator import Operator
from .requests import EnvironmentState, OpenGuide, Request, ResumeRun, StartRun
from .wording import Line, clean

if TYPE_CHECKING:
    from ..engine.executor import RunResult

_FOUND = 9
"""Search results shown at once: as many as there are digits."""
_MOMENT = 1.0
"""Seconds that a recommendation waits for what is being read of the databases."""


class Visit:
    """One person in one house. `talk` draws and reads."""

    def __init__(self, house: House, talk: Talk, *, now: Callable[[], float] = time.time) -> None:
        self._house = house
        self._talk = talk
        self._now = now
        self._conversation = Conversation(talk)
        self._operator = Operator(sink=self._conversation, asker=self._conversation, terminal=self._lend)
        self._unfinished: tuple[RunSummary, ...] | None = None
        self._environments: tuple[EnvironmentState, ...] = ()
        self._told: tuple[EnvironmentState, ...] = ()
        self._looking = threading.Thread(target=self._look_around, daemon=True, name="look around")
        self._terminated = False
        self._running = False
        self._presses = 0
        self._lent = False

    def make(self, request: Request) -> int:
        """Do what was asked; the exit code. Ctrl-C stops a running step softly, SIGTERM and SIGHUP leave with 143."""
        with listening(interrupt=self._interrupt, terminate=self._terminate):
            try:
                code = self._answer(request)
            except KeyboardInterrupt:
                code = ExitCode.INTERRUPTED
            except (EOFError, Paused):
                code = ExitCode.DONE
        return ExitCode.TERMINATED if self._terminated else code

    def _answer(self, request: Request) -> int:
        match request:
            case OpenGuide():
                return self._guide(Walk.follow(self._house.library().tree, request.answers), dry=request.dry)
            case StartRun():
                return self._start(request)
            case ResumeRun():
                return self._resume(request)
            case _:
                assert_never(request)

    def _guide(self, walk: Walk, *, dry: bool) -> int:
        self._talk.say((standing_line(self._house),))
        self._looking.start()
        while True:
            workflow = walk.workflow
            if workflow is not None:
                choice = self._offer(walk, workflow, dry=dry)
                if choice in {"start", "dry"}:
                    rehearsal = choice == "dry"
                    code = self._start(StartRun(workflow=workflow, answers=walk.answers, dry=rehearsal))
                    if rehearsal:
                        continue
                    return code
                if choice is Command.LEAVE:
                    return ExitCode.DONE
                found = self._search() if choice is Command.SEARCH else None
                walk = walk.jump(found) if found else walk.back() if choice is Command.BACK else walk
                continue
            said = self._question(walk)
            match said:
                case Command.LEAVE:
                    return ExitCode.DONE
                case Command.BACK:
                    walk = walk.back()
                case Command.WHY:
                    question = walk.question
                    self._talk.say(_paragraph(why_question(question) if question else ""))
                case Command.SEARCH:
                    found = self._search()
                    walk = walk.jump(found) if found else walk
                case Command.RESUME:
                    run = self._pick_unfinished()
                    if run:
                        return self._resume(ResumeRun(run=run))
                case str():
                    walk = walk.choose(said)

    def _question(self, walk: Walk) -> Said:
        question = walk.question
        assert question is not None  # noqa: S101 - the caller asks only while there is a question
        commands = [Command.WHY, Command.SEARCH]
        if walk.crumbs:
            commands.append(Command.BACK)
        if self._unfinished is None or self._unfinished:
            commands.append(Command.RESUME)
        self._talk.say((Line(""), *self._news(), *crumb_line(walk)))
        return self._talk.pick(question.ask, choice_options(question), None, (*commands, Command.LEAVE))

    def _offer(self, walk: Walk, workflow_id: str, *, dry: bool) -> Said:
        workflow = self._house.library().workflow(workflow_id)
        self._talk.say((Line(""), *recommendation(workflow, walk, self._typical(workflow_id), self._known())))
        start, rehearse = Option("start", "Start"), Option("dry", "Dry run", "show every step, do nothing")
        while True:
            said = self._talk.pick(
                "Start this workflow?",
                (rehearse, start) if dry else (start, rehearse),
                "dry" if dry else "start",
                (Command.WHY, Command.SEARCH, Command.BACK, Command.LEAVE),
            )
            if said is not Command.WHY:
                return said
            self._talk.say(_paragraph(why_workflow(workflow, walk)))

    def _search(self) -> str | None:
        from ..guide.search import Index

        library = self._house.library()
        text = self._talk.enter("What are you looking for?", "", lambda _: "", (Command.BACK,))
        if isinstance(text, Command) or not text.strip():
            return None
        hits = Index(library.tree, library.workflows.values()).search(text, _FOUND)
        if not hits:
            self._talk.say((Line("Nothing fits these words.", "warning"),))
            return None
        options = tuple(Option(hit.workflow.id, hit.workflow.title, " > ".join(hit.path)) for hit in hits)
        said = self._talk.pick("Which one?", options, None, (Command.BACK,))
        return said if isinstance(said, str) else None

    def _pick_unfinished(self) -> str | None:
        self._unfinished = self._house.unfinished()
        if not self._unfinished:
            self._talk.say((Line("No run is unfinished."),))
            return None
        options = tuple(
            Option(each.run, each.subject or each.title, f"{each.run} {each.position}".strip())
            for each in self._unfinished
        )
        said = self._talk.pick("Which run do you resume?", options, options[0].key, (Command.BACK,))
        return said if isinstance(said, str) else None

    def _typical(self, workflow: str) -> float | None:
        return self._house.typical_seconds(workflow) if self._unfinished is not None else None

    def _look_around(self) -> None:
        """In a thread: neither opening the journal nor asking databases may delay the first question."""
        with contextlib.suppress(Exception):  # the run itself tells what is wrong with the journal
            self._unfinished = self._house.unfinished()
        with contextlib.suppress(Exception):
            self._environments = self._house.environments()

    def _known(self) -> tuple[EnvironmentState, ...]:
        """Where the environments stand, waiting a moment for it."""
        self._looking.join(_MOMENT)
        self._told = self._environments
        return self._environments

    def _news(self) -> tuple[Line, ...]:
        states = () if self._told else self._environments
        self._told = self._environments
        waiting = (unfinished_line(each, self._now()) for each in (self._unfinished or ())[:1])
        return (*environment_lines(states), *waiting)

    def _start(self, request: StartRun) -> int:
        with self._run():
            result = self._house.start(
                request.workflow, self._operator, inputs=request.inputs, answers=request.answers, dry=request.dry
            )
        return self._ending(result)

    def _resume(self, request: ResumeRun) -> int:
        with self._run():
            result = self._house.resume(request.run, self._operator, take_over=request.take_over)
        return self._ending(result)

    @contextlib.contextmanager
    def _run(self) -> Iterator[None]:
        self._running = True
        try:
            yield
        finally:
            self._running = False

    def _ending(self, result: "RunResult") -> int:
        error = result.error
        if error is not None and result.status != "failed":
            self._talk.say(tuple(Line(clean(text), "plain", 1) for text in (error.means, error.remedy) if text))
        return result.exit_code

    @contextlib.contextmanager
    def _lend(self) -> Iterator[None]:
        """The terminal is an editor's for a while, and its ^C is not meant for us."""
        self._lent = True
        try:
            yield
        finally:
            self._lent = False

    def _interrupt(self) -> None:
        """Stop a running step softly; leave where nothing runs, or when pressed again."""
        if self._lent:
            return
        self._presses += 1
        if self._conversation.waiting or not self._running or self._presses > 1:
            self._presses = 0
            raise KeyboardInterrupt
        self._talk.say((stopping_line(),))
        self._house.cancel()

    def _terminate(self) -> None:
        """Leave: the run writes down that it was told to."""
        self._terminated = True
        self._house.cancel(ExitCode.TERMINATED)
        if not self._running:
            raise Paused
        if self._conversation.waiting:
            raise Cancelled


def _paragraph(text: str) -> tuple[Line, ...]:
    return tuple(Line(clean(each).strip(), "quiet", 1) for each in text.splitlines() if each.strip())
