"""One run on a thread of its own: started, asked to stop, and what became of it."""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ....engine.prompts import Cancelled, Paused
from ....terms.errors import SenseiError
from ....terms.exit_codes import ExitCode
from ...house import House
from ...operator import Operator, Terminal
from ...requests import ResumeRun, StartRun
from ..bridge import Bridge

if TYPE_CHECKING:
    from ....engine.executor import RunResult

log = logging.getLogger(__name__)


class Unexpected(SenseiError):
    """A fault of the program itself, told without its details: those are in the --debug log."""

    def __init__(self) -> None:
        super().__init__(
            "Something went wrong inside sensei.",
            means="The run keeps everything that was recorded; an interrupted step is looked into when you resume.",
            remedy="Resume the run. If it happens again, run sensei with --debug FILE and report what the file says.",
        )


class Session:
    """Runs one request; `ended` is called from its thread when nothing more will come.

    A daemon thread, because a worker of asyncio's pool that waits for a person would keep the process from ending.
    """

    def __init__(
        self, house: House, request: StartRun | ResumeRun, terminal: Terminal, wake: Callable[[], object]
    ) -> None:
        self.request = request
        self.bridge = Bridge(wake)
        self.result: RunResult | None = None
        self.error: SenseiError | None = None
        self.finished = False
        """Set after the last event was queued; what is drained after seeing it is all there is."""
        self._house = house
        self._wake = wake
        self._operator = Operator(sink=self.bridge, asker=self.bridge, terminal=terminal)
        self._thread = threading.Thread(target=self._work, name="sensei-run", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the engine still works, or waits for an answer."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def pause(self) -> None:
        """Stop at the next question and keep the run; the open question counts."""
        self.bridge.leave(Paused)

    def cancel(self, exit_code: ExitCode = ExitCode.INTERRUPTED) -> None:
        """Stop the running step at its next checkpoint, and any question at once; `exit_code` is the reason."""
        self._house.cancel(exit_code)  # first: what leaves the question is journaled with this reason
        self.bridge.leave(Cancelled)

    def join(self, seconds: float) -> None:
        """Give the engine some time to write down where it stands."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _work(self) -> None:
        try:
            match self.request:
                case StartRun() as start:
                    self.result = self._house.start(
                        start.workflow, self._operator, inputs=start.inputs, answers=start.answers, dry=start.dry
                    )
                case ResumeRun() as resume:
                    self.result = self._house.resume(resume.run, self._operator, take_over=resume.take_over)
        except SenseiError as error:
            self.error = error
        except Exception:
            log.exception("the run's thread failed")
            self.error = Unexpected()
        finally:
            self.finished = True
            self._wake()
