"""The server's world: its memory, its accounts, its pace, and the work that goes on behind the calls."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .accounts import Accounts
from .store import Document, Store

VERSION = "3.22.0"
WORKSPACE = "practice"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the server takes, in seconds; a real one needs about 0.13 for checks, 0.33 for an approval finding."""

    queued: float = 0.02
    """Until a plan check that was asked for begins, and until the approval finding begins."""
    scheduled: float = 0.02
    """Until a pending task run begins."""
    full_sync: float = 0.5
    """Until a sync of an instance begins to read its databases."""
    abandoned: float = 60.0
    """Until a restarted server gives up a task run that its predecessor left running."""


@dataclass(frozen=True, slots=True)
class Review:
    """Who approves: `after` so many seconds the reviewer does; None leaves it to a person."""

    after: float | None = None


class World:
    """Everything that outlives a call."""

    def __init__(self, file: Path | None = None, *, pace: Pace | None = None, review: Review | None = None) -> None:
        self.store = Store(file)
        self.accounts = Accounts(self.store, WORKSPACE)
        self.pace = pace or Pace()
        self.review = review or Review()
        self.cancelled: dict[str, Callable[[], None]] = {}
        """How to stop the statement of a running task run, by the run's name."""
        self.address = ""
        """The server's own URL, once it has one."""
        self.stopping = threading.Event()
        self._working: set[threading.Thread] = set()

    @property
    def licence(self) -> str:
        """The plan of the subscription: FREE or ENTERPRISE."""
        return str((self.store.get("setting", "licence") or {"plan": "FREE"})["plan"])

    def environments(self) -> list[Document]:
        """The environments in rollout order."""
        setting = self.store.get("setting", "ENVIRONMENT") or {"environments": []}
        return list(setting["environments"])

    def later(self, seconds: float, work: Callable[[], object]) -> None:
        """Do the work on a thread of its own, after so many seconds, unless the server stops before."""

        def run() -> None:
            try:
                if not self.stopping.wait(seconds):
                    work()
            finally:
                self._working.discard(thread)

        thread = threading.Thread(target=run, daemon=True)
        self._working.add(thread)
        thread.start()

    def close(self) -> None:
        """Stop the work behind the calls and let go of the file; statements that run are cancelled."""
        self.stopping.set()
        for cancel in list(self.cancelled.values()):
            cancel()
        deadline = time.monotonic() + 5.0
        for thread in list(self._working):
            thread.join(max(0.0, deadline - time.monotonic()))
        self.store.close()
