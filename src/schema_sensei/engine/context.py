"""What an action may use while it works on one step: questions, live output, notes, checkpoints, things to keep."""

import logging
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Literal

from ..terms.errors import TimedOutError
from ..terms.json import JsonObject, JsonValue
from .cancel import CancelToken
from .codec import plain_object
from .events import OutputLine
from .journal import OutputFile
from .ledger import Ledger
from .prompts import Back, Prompt, Skipped, Tone
from .questions import Questions

_log = logging.getLogger(__name__)


class StepContext:
    """`ports.Context` for one attempt at one step visit. `committed` once an intent is journaled: no way back then."""

    def __init__(
        self,
        ledger: Ledger,
        questions: Questions,
        cancel: CancelToken,
        *,
        step: str,
        visit: int,
        parameters: Mapping[str, JsonValue],
        timeout: float | None,
        dry: bool = False,
    ) -> None:
        self._ledger = ledger
        self._questions = questions
        self._cancel = cancel
        self._timeout = timeout
        self._parameters = parameters
        self._dry = dry
        self._step = step
        self._visit = visit
        self._asked: Counter[str] = Counter()
        self._partial: dict[Literal["out", "err"], str] = {"out": "", "err": ""}
        self._file: OutputFile | None = None
        self._broken_file = False
        self._output_lock = threading.Lock()
        self._started = ledger.clock.monotonic()
        self._waited = 0.0
        self.committed = False

    @property
    def run(self) -> str:
        """The run's id."""
        return self._ledger.lease.run

    @property
    def step(self) -> str:
        """The step's id."""
        return self._step

    @property
    def visit(self) -> int:
        """How many times this step has been entered, this time included."""
        return self._visit

    @property
    def parameters(self) -> Mapping[str, JsonValue]:
        """The step's `with:`, references resolved, defaults filled in."""
        return self._parameters

    @property
    def dry(self) -> bool:
        """Whether this is a dry run: only `preview` is called then."""
        return self._dry

    def ask(self, prompt: Prompt) -> JsonValue:
        """Ask once more, during perform; once an effect has begun the person can neither go back nor skip."""
        since = self._ledger.clock.monotonic()
        try:
            while True:
                try:
                    return self._questions.ask_in_turn(self._step, self._visit, prompt, self._asked)
                except (Back, Skipped):
                    if not self.committed:
                        raise
                    self._asked[prompt.key] -= 1
                    self.note("This step has begun to act: answer, or leave and resume later.", "warning")
        finally:
            self._waited += self._ledger.clock.monotonic() - since

    def output(self, text: str, stream: Literal["out", "err"] = "out") -> None:
        """Show live output and keep it; text may hold several lines or parts of one."""
        with self._output_lock:
            *lines, self._partial[stream] = (self._partial[stream] + text).split("\n")
            self._put(lines, stream)

    def note(self, text: str, tone: Tone = "quiet") -> None:
        """Say what is going on; journaled with the next entry."""
        self._ledger.note(self._step, self._visit, text, tone)

    def checkpoint(self) -> None:
        """Raise Cancelled, LeaseLost, or TimedOutError when the step has worked for longer than its `timeout`."""
        self._cancel.check()
        self._ledger.check_lease()
        if self._timeout is not None and self.seconds() > self._timeout:
            raise TimedOutError(
                f"The step {self._step} took longer than its {self._timeout:g} seconds.",
                means="It was stopped; what it had begun is looked into before it runs again.",
                remedy="Find out what it waited for, or raise `timeout:` in the workflow.",
            )

    def keep(self, data: JsonObject) -> None:
        """Journal something on the way; durable when this returns."""
        self._ledger.commit("kept", self._step, self._visit, data=plain_object(data))

    def kept(self) -> tuple[JsonObject, ...]:
        """What was kept in this attempt, also before a crash."""
        return tuple(self._ledger.state.kept)

    def begin(self, *, committed: bool) -> None:
        """Perform starts now: the step's time runs from here."""
        self._started, self._waited, self.committed = self._ledger.clock.monotonic(), 0.0, committed

    def seconds(self) -> float:
        """How long the step has worked, without the time it waited for answers."""
        return self._ledger.clock.monotonic() - self._started - self._waited

    def close(self) -> None:
        """Write the unfinished last lines and let go of the output file."""
        with self._output_lock:
            for stream, rest in self._partial.items():
                if rest:
                    self._put([rest], stream)
            self._partial = {"out": "", "err": ""}
            if self._file is not None:
                self._file.close()
                self._file = None

    def _put(self, lines: list[str], stream: Literal["out", "err"]) -> None:
        if not lines:
            return
        lines = [self._ledger.redactor.mask(line.rstrip("\r")) for line in lines]
        for line in lines:
            self._ledger.emit(OutputLine(self._step, line, stream))
        if self._broken_file:
            return
        try:
            if self._file is None:
                self._file = self._ledger.journal.open_output(self.run, self._step, self._visit)
            self._file.write("".join(f"{line}\n" for line in lines))
        except Exception as error:
            self._broken_file = True
            _log.exception("the output of step %s cannot be kept", self._step)
            self.note(f"The full output cannot be kept: {error}", "warning")
