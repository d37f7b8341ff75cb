"""When a run may be taken: nobody holds it, its owner is dead, its lease has expired, or a person insists."""

import logging
import threading
from collections.abc import Callable
from typing import Self

from .errors import LeaseLost, RunHeld
from .owner import alive
from .records import Claim, Owner, RunRecord

_log = logging.getLogger(__name__)


def claim_of(record: RunRecord, *, now: float, here: Owner, take_over: bool) -> Claim:
    """How this run may be claimed now; `take_over` is for owners that cannot be seen from here. Raises RunHeld.

    A living process on this machine keeps its run whatever a person insists on: it can be asked to stop.
    """
    if record.owner is None:
        return "released"
    match alive(record.owner, here):
        case False:
            return "dead"
        case True:
            raise RunHeld(record.header.id, str(record.owner), elsewhere=False)
        case None:
            if record.expires_at <= now:
                return "expired"
            if take_over:
                return "forced"
            raise RunHeld(record.header.id, str(record.owner), elsewhere=True)


class Heartbeat:
    """Calls `beat` every third of a lease's life from a daemon thread, so that a long step or thought keeps the run.

    It ends when the lease is lost (`beat` has told so); other failures are tried again: writes find them anyway.
    """

    def __init__(self, beat: Callable[[], None], *, every: float, run: str) -> None:
        self._beat = beat
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"lease-{run}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=self._every)

    def _work(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self._beat()
            except LeaseLost:
                return
            except Exception:
                _log.warning("renewing a lease failed", exc_info=True)
