"""What a front end needs from the rest of the house; composition supplies it.

A front end is a module with one door, `visit(house, request) -> int` (an exit code). It never reaches an action or a
domain room: all it knows of them comes through `House`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from ..terms.exit_codes import ExitCode

if TYPE_CHECKING:  # names for the type checker only: the first question must be on screen before the engine is needed
    from ..definitions.library import Library
    from ..engine.events import Event
    from ..engine.executor import RunResult
    from ..terms.json import JsonValue
    from .entries import Remedy, RunSummary
    from .operator import Operator
    from .requests import EnvironmentState, Request


class House(Protocol):
    """One project with its journal and its actions. Every method may be called from any thread.

    Methods raise `terms.errors.SenseiError` subclasses only. Those marked *slow* talk to databases or start
    processes: a front end calls them in a thread of its own, never on the thread that draws.
    """

    @property
    def title(self) -> str:
        """The project's name for the top line: "practice project"."""
        ...

    def library(self) -> Library:
        """The tree and every workflow; light, from the compiled cache."""
        ...

    def known_environments(self) -> tuple[EnvironmentState, ...]:
        """The environments in order, from configuration alone: standing "unread"; light."""
        ...

    def environments(self) -> tuple[EnvironmentState, ...]:
        """Where each environment stands; *slow*; an unreachable one is a standing, never an error."""
        ...

    def unfinished(self) -> tuple[RunSummary, ...]:
        """Runs that can be resumed, newest first; *slow* the first time (opens the journal)."""
        ...

    def runs(self, limit: int = 200) -> tuple[RunSummary, ...]:
        """All runs, newest first; *slow*."""
        ...

    def record(self, run: str) -> tuple[Event, ...]:
        """The events of a run rebuilt from the journal, as they were shown; *slow*. Raises UsageError: no such run."""
        ...

    def transcript(self, run: str) -> str:
        """The run as Markdown to keep; *slow*. Raises UsageError when there is no such run."""
        ...

    def typical_seconds(self, workflow: str) -> float | None:
        """The median duration of finished runs, waiting for answers left out; None before the first; *slow*."""
        ...

    def start(
        self,
        workflow: str,
        operator: Operator,
        *,
        inputs: Mapping[str, JsonValue] | None = None,
        answers: tuple[str, ...] = (),
        dry: bool = False,
    ) -> RunResult:
        """Run a workflow on the calling thread until it ends, pauses or fails; *slow*, as long as the run takes.

        `answers` are the walk's choice keys, journaled with the run. Raises HeldError, UsageError (unknown workflow)
        before anything is journaled; `MissingAnswer` from the asker after journaling the pause.
        """
        ...

    def resume(self, run: str, operator: Operator, *, take_over: bool = False) -> RunResult:
        """Go on with a run, like `start`. Raises HeldError while its owner lives."""
        ...

    def cancel(self, exit_code: ExitCode = ExitCode.INTERRUPTED) -> None:
        """Ask the run in progress to stop at its next checkpoint; returns at once; nothing happens without a run.

        `exit_code` is journaled as the reason: TERMINATED for a signal from outside. The first call decides it.
        """
        ...

    def troubleshoot(self, text: str) -> tuple[Remedy, ...]:
        """Entries that fit a message, best first; light; searches title and message patterns."""
        ...


class FrontEnd(Protocol):
    """The one door of a front end module."""

    def visit(self, house: House, request: Request) -> int:
        """Do what was asked and return the exit code; blocks until the person leaves."""
        ...
