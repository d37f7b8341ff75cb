"""Delivery: one sheet on its way to some databases, with every handle by which it is found again after a crash."""

from dataclasses import dataclass
from typing import Protocol

from .client import sheet_name
from .plans import Plan, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What is to be done, and the names it has on the server before it is there.

    `operation` is chosen by the caller before the first effect and stays the same when the delivery is tried again; it
    is in the plan's spec id and the issue's label. `after` is the highest plan number that was seen before: whatever
    belongs to this delivery has a higher one (the server hides plans without an issue from its list, but answers when
    asked for a number). `environment` is where the databases are (environments/prod).
    """

    project: str
    environment: str
    targets: tuple[str, ...]
    sql: str
    title: str
    description: str
    operation: str
    after: int
    prior_backup: bool = False

    @property
    def sheet(self) -> str:
        """The name of its sheet, which follows from the text."""
        return sheet_name(self.project, self.sql)

    @property
    def spec(self) -> Spec:
        """The one part of its plan."""
        return Spec(f"sensei-{self.operation}", self.sheet, self.targets, self.prior_backup)

    @property
    def label(self) -> str:
        """The label of its issue."""
        return f"sensei-{self.operation}"

    def owns(self, plan: Plan) -> bool:
        """Whether a plan is this delivery's, whatever became of it."""
        return plan.number > self.after and any(
            spec.id == self.spec.id and spec.sheet == self.sheet for spec in plan.specs
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to look, in seconds: a few times after `first`, then half as long again each time, up to `most`.

    A real server needs 0.6 s for one change; now and then a task waits 3 to 5 s for its scheduler.
    """

    first: float = 0.1
    growth: float = 1.5
    most: float = 2.0
    approval_most: float = 15.0
    approval: float = 60.0
    """How long to wait for a person's approval before the run is paused."""
    checks: float = 600.0
    """The server gives up its own checks after ten minutes."""
    settle: float = 3.0
    """How long a call whose answer was lost may still be under way."""
    outage: float = 60.0
    """How long the server may be away while something is awaited, a restart for example."""
    log_after: float = 2.0
    """From when on the log of a running task is shown."""


class Watcher(Protocol):
    """Who listens while a delivery is under way."""

    def note(self, text: str) -> None:
        """Called with what goes on, as far as a person may want to know."""
        ...

    def warn(self, text: str) -> None:
        """Called with what a person should look at."""
        ...

    def checkpoint(self) -> None:
        """Raises when the person cancelled, or the time is up."""
        ...

    def before_submitting(self) -> None:
        """Called right before the issue is made: from then on an environment may run the tasks by itself.

        Raises when it must not.
        """
        ...

    def before_running(self) -> None:
        """Called right before tasks are started; raises when it must not."""
        ...

    def stuck(self, target: str, error: str) -> None:
        """Called once when a task's SQL has failed while the task still runs: the server waits for somebody's lock."""
        ...
