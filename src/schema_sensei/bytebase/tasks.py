"""A rollout as the server tells it: stages, tasks, their runs and logs. Only the fields that we read."""

from dataclasses import dataclass
from enum import StrEnum

from . import decoding as read
from .decoding import Body


class TaskStatus(StrEnum):
    """The state of a task, or of one of its runs."""

    NOT_STARTED = "NOT_STARTED"
    PENDING = "PENDING"
    AVAILABLE = "AVAILABLE"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    SKIPPED = "SKIPPED"
    UNKNOWN = "UNKNOWN"

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in {TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELED, TaskStatus.SKIPPED}

    @property
    def at_work(self) -> bool:
        """Whether the server works on it, or is about to."""
        return self in {TaskStatus.PENDING, TaskStatus.AVAILABLE, TaskStatus.RUNNING}


@dataclass(frozen=True, slots=True)
class Task:
    """One sheet on one database; `spec` is the id that the client gave to the plan's part."""

    name: str
    spec: str
    target: str
    status: TaskStatus
    sheet: str = ""
    skipped_because: str = ""

    @classmethod
    def of(cls, body: Body) -> "Task":
        return cls(
            name=read.text(body, "name"),
            spec=read.text(body, "specId"),
            target=read.text(body, "target"),
            status=read.member(body, "status", TaskStatus, TaskStatus.UNKNOWN, TaskStatus.UNKNOWN),
            sheet=read.text(read.inner(body, "databaseUpdate"), "sheet"),
            skipped_because=read.text(body, "skippedReason"),
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """The tasks of one environment."""

    name: str
    environment: str
    tasks: tuple[Task, ...]

    @classmethod
    def of(cls, body: Body) -> "Stage":
        return cls(
            name=read.text(body, "name"),
            environment=read.text(body, "environment"),
            tasks=tuple(Task.of(each) for each in read.items(body, "tasks")),
        )


@dataclass(frozen=True, slots=True)
class Rollout:
    """A plan's rollout: its stages in the order of the environments."""

    name: str
    stages: tuple[Stage, ...]

    @classmethod
    def of(cls, body: Body) -> "Rollout":
        return cls(read.text(body, "name"), tuple(Stage.of(each) for each in read.items(body, "stages")))

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks, in the order of the stages."""
        return tuple(task for stage in self.stages for task in stage.tasks)


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One attempt at a task; `detail` is what went wrong."""

    name: str
    creator: str
    status: TaskStatus
    detail: str = ""
    has_prior_backup: bool = False

    @classmethod
    def of(cls, body: Body) -> "TaskRun":
        return cls(
            name=read.text(body, "name"),
            creator=read.text(body, "creator"),
            status=read.member(body, "status", TaskStatus, TaskStatus.UNKNOWN, TaskStatus.UNKNOWN),
            detail=read.text(body, "detail"),
            has_prior_backup=read.flag(body, "hasPriorBackup"),
        )

    @property
    def task(self) -> str:
        """The name of its task."""
        return self.name.partition("/taskRuns/")[0]


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a prior backup has the old rows of a table: its copy; both as schema and name."""

    table: tuple[str, str]
    copy: tuple[str, str]

    @classmethod
    def of(cls, body: Body) -> "Kept":
        table, copy = (read.inner(body, key) for key in ("sourceTable", "targetTable"))
        return cls(
            (read.text(table, "schema") or "public", read.text(table, "table")),
            (read.text(copy, "schema"), read.text(copy, "table")),
        )


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a run's log; `start` and `end` are byte offsets in the sheet, without its txn-mode line.

    `kept` is what a prior backup copied.
    """

    kind: str
    words: str
    error: str = ""
    start: int = 0
    end: int = 0
    open: bool = False
    kept: tuple[Kept, ...] = ()

    @classmethod
    def of(cls, body: Body) -> "LogEntry":
        kind = read.text(body, "type")
        match kind:
            case "COMMAND_EXECUTE":
                command = read.inner(body, "commandExecute")
                response = read.inner(command, "response")
                span = read.inner(command, "range")
                rows = read.number(response, "affectedRows")
                return cls(
                    kind,
                    f"{rows} rows" if rows else "",
                    read.text(response, "error"),
                    read.number(span, "start"),
                    read.number(span, "end"),
                    open=not response,
                )
            case "TRANSACTION_CONTROL":
                control = read.inner(body, "transactionControl")
                return cls(kind, read.text(control, "type"), read.text(control, "error"))
            case "RETRY_INFO":
                retry = read.inner(body, "retryInfo")
                words = f"retry {read.number(retry, 'retryCount')} of {read.number(retry, 'maximumRetries')}"
                return cls(kind, words, read.text(retry, "error"))
            case _:
                part = next((each for each in body.values() if isinstance(each, dict)), {})
                done = bool(read.text(part, "endTime"))
                items = read.items(read.inner(part, "priorBackupDetail"), "items")
                kept = tuple(Kept.of(each) for each in items)
                return cls(kind, kind.replace("_", " ").lower(), read.text(part, "error"), open=not done, kept=kept)
