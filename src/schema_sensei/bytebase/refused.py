"""Why a delivery ends without success: found by the checks, refused by a person, failed in a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..terms.errors import HeldError
from ..terms.exit_codes import ExitCode
from .errors import BytebaseError
from .plans import CheckResult, Issue, Plan
from .tasks import LogEntry, Task, TaskRun, TaskStatus


class Decision(StrEnum):
    """What a person may decide when tasks did not succeed."""

    RETRY = "retry"
    SKIP = "skip"
    CANCEL = "cancel"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A task that is not DONE, with its last run and what that run's log says."""

    task: Task
    run: TaskRun | None = None
    log: tuple[LogEntry, ...] = ()

    @property
    def words(self) -> str:
        """What went wrong, in the server's own words."""
        said = self.run.detail if self.run else ""
        logged = next((entry.error for entry in self.log if entry.error), "")
        return said or logged or self.task.skipped_because or self.task.status.value

    @property
    def executed(self) -> bool:
        """Whether any statement of it reached the database."""
        return any(entry.kind == "COMMAND_EXECUTE" for entry in self.log)

    def statement(self, sql: str) -> str:
        """The statement that failed, cut out of its sheet; "" when the log names none."""
        failed = next((entry for entry in self.log if entry.error and entry.kind == "COMMAND_EXECUTE"), None)
        return cut_out(sql, failed) if failed else ""


def cut_out(sql: str, entry: LogEntry) -> str:
    """The statement that an entry is about; its offsets count from behind the sheet's directive."""
    content = sql.encode()
    if sql.startswith("-- txn-mode"):
        content = content.partition(b"\n")[2]
    return content[entry.start : entry.end].decode("utf-8", "replace").strip()


class ChecksRefusedError(BytebaseError):
    """The server's checks found an error; nothing was run."""

    exit_code = ExitCode.DECLINED

    def __init__(self, results: Sequence[CheckResult], page: str) -> None:
        self.results = tuple(results)
        super().__init__(
            f"Bytebase's checks refuse this SQL: {results[0]}.",
            means="\n".join(str(each) for each in results[1:]) or "Nothing was run.",
            remedy=f"Correct what they name, then try again. They stand at {page}",
        )


class ChecksBrokenError(BytebaseError):
    """The server could not check the plan."""


class RejectedError(BytebaseError):
    """A reviewer rejected the issue."""

    exit_code = ExitCode.DECLINED

    def __init__(self, issue: Issue, comments: Sequence[str], page: str) -> None:
        who = next((principal for status, principal in issue.approvers if status == "REJECTED"), "a reviewer")
        super().__init__(
            f"{who.removeprefix('users/')} rejected it in Bytebase.",
            means=f"They wrote: {comments[-1]}" if comments else "They left no comment.",
            remedy=f"Settle it with them. If the SQL stays, request the review again there: {page}",
        )


class WithdrawnError(BytebaseError):
    """Somebody cancelled the issue or closed the plan."""

    exit_code = ExitCode.DECLINED

    def __init__(self, what: str, page: str) -> None:
        super().__init__(
            f"Somebody {what} in Bytebase.",
            means="Nothing more is run.",
            remedy=f"Ask why: {page} . Trying again makes a new plan.",
        )


class OtherPlanError(HeldError):
    """Another plan is open on the same database."""

    def __init__(self, plan: Plan, target: str, page: str) -> None:
        self.plan = plan
        super().__init__(
            f"Another plan is open on {target}: {plan.title or plan.name} ({plan.creator.removeprefix('users/')}).",
            means="The server would run both at once. Nothing was touched.",
            remedy=f"Let it finish; or cancel its issue, skip its tasks or close it: {page}",
        )


class TasksFailedError(BytebaseError):
    """Tasks ended without success; `decisions` is what may be offered once the database has been looked at."""

    def __init__(self, troubles: Sequence[Trouble], done: Sequence[Task], sql: str, page: str) -> None:
        self.troubles = tuple(troubles)
        self.done = tuple(done)
        first = troubles[0]
        statement = " ".join(first.statement(sql).split())
        at = f" at: {statement[:160]}" if statement else ""
        total = len(self.done) + len(troubles)
        many = f"{len(self.done)} of {total} databases are done. " if total > 1 else ""
        super().__init__(
            f"{first.task.target}: {_ENDED.get(first.task.status, 'the task ended as ' + first.task.status.value)}{at}",
            means=many + "\n".join(f"{each.task.target}: {each.words}" for each in troubles),
            remedy=f"Correct the cause and try again, or look at it in Bytebase: {page}",
        )

    @property
    def by_database(self) -> tuple[str, ...]:
        """Each database with what became of it, when there are several."""
        if len(self.done) + len(self.troubles) < 2:
            return ()
        failed = (f"{each.task.target}: {each.task.status.value}: {each.words}" for each in self.troubles)
        return (*(f"{task.target}: {task.status.value}" for task in self.done), *failed)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What the server allows now; a skipped task is final."""
        if all(each.task.status is TaskStatus.SKIPPED for each in self.troubles):
            return (Decision.ROLL_BACK,)
        return (Decision.RETRY, Decision.SKIP, Decision.ROLL_BACK)


_ENDED = {
    TaskStatus.FAILED: "the task failed",
    TaskStatus.CANCELED: "the task was cancelled",
    TaskStatus.SKIPPED: "somebody skipped the task",
}


class AwaitingApproval(Exception):
    """Nobody has approved it yet; the delivery goes on from here when it is tried again."""

    def __init__(self, issue: Issue, page: str) -> None:
        self.issue = issue
        self.page = page
        role = issue.awaited.removeprefix("roles/") or "a reviewer"
        super().__init__(f"It waits for the approval of {role} in Bytebase: {page}")
