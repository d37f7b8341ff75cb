"""What a front end needs from the rest of the house; composition supplies it.

A front end is a module with one door, `visit(house, request) -> int` (an exit code). It never reaches an action or a
domain room: all it knows of them comes through `House`.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from ..terms.errors import SenseiError
from ..terms.exit_codes import ExitCode
from ..terms.json import JsonValue
from ..terms.targets import TargetLabel

if TYPE_CHECKING:  # names for the type checker only: the first question must be on screen before the engine is needed
    from ..definitions.library import Library
    from ..engine.events import Event, RunStatus
    from ..engine.executor import RunResult
    from ..engine.ports import Asker, Sink

Standing: TypeAlias = Literal["unread", "current", "behind", "ahead", "drifted", "unreachable", "unconfigured"]
"""unread: not looked at yet; behind: revisions pending; ahead: stamped with a revision this checkout does not have;
drifted: the catalog differs from the migrations; unconfigured: its URL variable is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentState:
    """Where one environment stands; `words` says it in two or three words ("2 pending")."""

    name: str
    standing: Standing
    words: str = ""
    protected: bool = False
    target: TargetLabel | None = None
    heads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One line of the history; times are seconds since the epoch."""

    run: str
    workflow: str
    title: str
    """The workflow's title."""
    subject: str = ""
    """What this run is about in the person's words: its `message` input, or empty."""
    status: "RunStatus" = "running"
    position: str = ""
    """Where it stands, for people: "waiting for approval", "Deploy to dev was interrupted"."""
    started_at: float = 0.0
    updated_at: float = 0.0
    owner: str = ""
    """Who works on it now (user@host); empty when nobody does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A troubleshooting entry that fits a message; `workflow` is the one that fixes it, or None."""

    id: str
    title: str
    means: str
    dangerous: bool
    remedy: str
    workflow: str | None = None


Terminal: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Lends the terminal: inside the context a child process such as $EDITOR owns it. Called on the engine's thread; may
raise `TerminalBusy` when the front end has no terminal to lend just now."""


class TerminalBusy(SenseiError):
    """This front end cannot lend its terminal here (a web driver, a test): edit elsewhere instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"No editor can be opened here: {reason}.", remedy="Try the step again and choose to edit elsewhere."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who a run talks to. `terminal` None means there is no terminal to lend: no editor can be opened."""

    sink: "Sink"
    asker: "Asker"
    terminal: Terminal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGuide:
    """Walk the tree from its root, or from where `answers` (choice keys, root first: a deep link) lead."""

    answers: tuple[str, ...] = ()
    dry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun:
    """Run one workflow; `inputs` by name are not asked for again."""

    workflow: str
    inputs: Mapping[str, JsonValue] = field(default_factory=dict)
    answers: tuple[str, ...] = ()
    dry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRun:
    """Go on with an unfinished run; `take_over` also from an owner on another host (journaled)."""

    run: str
    take_over: bool = False


Request: TypeAlias = OpenGuide | StartRun | ResumeRun


class House(Protocol):
    """One project with its journal and its actions. Every method may be called from any thread.

    Methods raise `terms.errors.SenseiError` subclasses only. Those marked *slow* talk to databases or start
    processes: a front end calls them in a thread of its own, never on the thread that draws.
    """

    @property
    def title(self) -> str:
        """The project's name for the top line: "practice project"."""
        ...

    def library(self) -> "Library":
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

    def record(self, run: str) -> "tuple[Event, ...]":
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
    ) -> "RunResult":
        """Run a workflow on the calling thread until it ends, pauses or fails; *slow*, as long as the run takes.

        `answers` are the walk's choice keys, journaled with the run. Raises HeldError, UsageError (unknown workflow)
        before anything is journaled; `MissingAnswer` from the asker after journaling the pause.
        """
        ...

    def resume(self, run: str, operator: Operator, *, take_over: bool = False) -> "RunResult":
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
