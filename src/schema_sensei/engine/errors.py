"""What can stop a run for a reason that is not a step's own failure."""

from collections.abc import Sequence

from ..terms.errors import HeldError, SenseiError, UsageError
from ..terms.exit_codes import ExitCode


class Interruption(SenseiError):
    """The run cannot go on here, and no retry of the step would help: the executor ends the run and keeps its place."""


class MissingAnswer(Interruption):
    """Nobody is there to answer this prompt; raised by an `Asker` that has no answer for `key`."""

    exit_code = ExitCode.ANSWER_MISSING

    def __init__(self, key: str, *, question: str = "") -> None:
        super().__init__(
            f"There is no answer for `{key}`" + (f": {question}" if question else "."),
            means="The run keeps its place; nothing is done without an answer.",
            remedy=f"Give `{key}` in the answers file or with --set {key}=VALUE, or resume the run in a terminal.",
        )
        self.key = key


class Declined(Interruption):
    """The rule of an answers file did not allow this; raised by an `Asker` for a binding prompt."""

    exit_code = ExitCode.DECLINED

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(
            f"`{key}` was declined: {reason}",
            means="The step goes no further; the run keeps its place.",
            remedy="Look at what was shown, then resume the run and answer it yourself, or change the rule.",
        )
        self.key = key


class UnfitAnswer(Interruption, UsageError):
    """An answer from a file does not fit the prompt."""

    exit_code = ExitCode.USAGE


class LeaseLost(Interruption, HeldError):
    """Somebody else has taken this run over: whatever this process still does must not be recorded, nor done."""

    exit_code = ExitCode.HELD

    def __init__(self, run: str) -> None:
        super().__init__(
            f"Run {run} was taken over by someone else.",
            means="This process stops here and does nothing more.",
            remedy=f"Follow it with `sensei watch {run}`, or take it back with `sensei resume {run} --take-over`.",
        )


class JournalError(Interruption):
    """The journal cannot be read or written: without it no effect may begin."""


class RunHeld(HeldError):
    """The run is being worked on by a living owner."""

    def __init__(self, run: str, owner: str, *, elsewhere: bool) -> None:
        if elsewhere:
            remedy = f"Wait until it lets go, or take it with `sensei resume {run} --take-over` when it is surely dead."
        else:
            remedy = f"Go on in that terminal, follow it with `sensei watch {run}`, or end that process first."
        super().__init__(f"Run {run} is held by {owner}.", means="One run has one owner at a time.", remedy=remedy)


class NoSuchRun(UsageError):
    """No run has this id, or several begin with it."""


class RunOver(UsageError):
    """The run has ended for good: there is nothing to resume."""


def no_such_run(run: str, candidates: Sequence[str]) -> NoSuchRun:
    """The error for an id that names no run, or several."""
    if candidates:
        return NoSuchRun(f"Several runs begin with `{run}`: {', '.join(candidates)}.", remedy="Type more of the id.")
    return NoSuchRun(f"There is no run `{run}`.", remedy="`sensei runs` lists the runs of this project.")
