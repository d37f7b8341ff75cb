"""How a run ends, or stops for now: which status and exit code, and how that is written down."""

from ..terms.errors import SenseiError
from ..terms.exit_codes import ExitCode
from .errors import Interruption, JournalError, LeaseLost
from .events import RunEnded
from .execution import Ending, Execution
from .ledger import Ledger


def reached(destination: str) -> tuple[Ending, str]:
    """The ending at a destination, and the workflow it goes on with (empty: none)."""
    match destination:
        case "done":
            return Ending(status="done", exit_code=ExitCode.DONE, summary="Done.", final=True), ""
        case "stop":
            return Ending(status="stopped", exit_code=ExitCode.DECLINED, summary="Stopped.", final=True), ""
        case _:
            link = destination.removeprefix("workflow:")
            summary = f"Goes on with the workflow {link}."
            return Ending(status="done", exit_code=ExitCode.DONE, summary=summary, final=True), link


def unfinished(execution: Execution, summary: str, exit_code: int, error: SenseiError | None) -> Ending:
    """A run that stops in the middle: interrupted when an effect had begun, else paused."""
    state = execution.ledger.state
    begun = state.undoing is not None or (state.intent is not None and state.failure is None)
    return Ending(status="interrupted" if begun else "paused", exit_code=exit_code, summary=summary, error=error)


def write_down(ledger: Ledger, ending: Ending, link: str) -> Ending:
    """Journal the ending; when that cannot be done, tell it all the same: resume finds the run as it was."""
    try:
        ledger.commit(
            "ended",
            status=ending.status,
            exit_code=int(ending.exit_code),
            summary=ending.summary,
            final=ending.final,
            forget=ending.forget,
            link=link,
        )
    except (LeaseLost, JournalError) as error:
        summary = ending.summary if isinstance(ending.error, Interruption) else error.what
        asked_to_stop = ending.exit_code in {ExitCode.INTERRUPTED, ExitCode.TERMINATED}
        code = ending.exit_code if asked_to_stop else error.exit_code
        ledger.emit(RunEnded(ledger.lease.run, "interrupted", summary, int(code)))
        return Ending(status="interrupted", exit_code=code, summary=summary, error=error)
    return ending
