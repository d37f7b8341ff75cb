"""What front ends list: a line of the history, an entry of the troubleshooting that fits a message."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a name for the type checker only: the engine is not needed to show a list
    from ..engine.events import RunStatus


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
