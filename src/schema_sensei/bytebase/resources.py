"""What the server tells us about, as frozen values: only the fields that this product reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from . import decoding as read
from .decoding import Body


class CheckStatus(StrEnum):
    """How far a plan's checks are; a queued run has no status at all."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"


class Approval(StrEnum):
    """What became of an issue's approval. SKIPPED: the server asks for none, which is not the same as approved."""

    CHECKING = "CHECKING"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    SKIPPED = "SKIPPED"
    UNKNOWN = "UNKNOWN"


class IssueStatus(StrEnum):
    """DONE means that a rollout was made, not that anything was applied."""

    OPEN = "OPEN"
    DONE = "DONE"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"


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
class Server:
    """Who answers: `version` as it says it, `external_url` for people to open."""

    version: str
    external_url: str
    workspace: str

    @classmethod
    def of(cls, body: Body) -> "Server":
        return cls(read.text(body, "version"), read.text(body, "externalUrl"), read.text(body, "workspace"))

    @property
    def release(self) -> tuple[int, int] | None:
        """Major and minor, or None for a build without numbers (cloud, development), which counts as the newest."""
        parts = self.version.removeprefix("v").split(".")
        if len(parts) >= 2 and parts[0].isdigit() and parts[1].isdigit():
            return int(parts[0]), int(parts[1])
        return None


@dataclass(frozen=True, slots=True)
class Project:
    """A project and the rules that matter to a rollout."""

    name: str
    title: str
    deleted: bool = False
    labels: tuple[str, ...] = ()
    needs_label: bool = False
    needs_approval: bool = False
    needs_clean_checks: bool = False

    @classmethod
    def of(cls, body: Body) -> "Project":
        return cls(
            name=read.text(body, "name"),
            title=read.text(body, "title"),
            deleted=read.text(body, "state") == "DELETED",
            labels=tuple(read.text(each, "value") for each in read.items(body, "issueLabels")),
            needs_label=read.flag(body, "forceIssueLabels"),
            needs_approval=read.flag(body, "requireIssueApproval"),
            needs_clean_checks=read.flag(body, "requirePlanCheckNoError"),
        )


@dataclass(frozen=True, slots=True)
class Database:
    """A database as the server knows it; `environment` is the effective one (environments/prod), "" without one."""

    name: str
    project: str
    environment: str
    synced: bool
    sync_error: str = ""
    backup_available: bool = False
    deleted: bool = False
    engine: str = ""

    @classmethod
    def of(cls, body: Body) -> "Database":
        return cls(
            name=read.text(body, "name"),
            project=read.text(body, "project"),
            environment=read.text(body, "effectiveEnvironment"),
            synced=read.text(body, "syncStatus") != "FAILED",
            sync_error=read.text(body, "syncError"),
            backup_available=read.flag(body, "backupAvailable"),
            deleted=read.text(body, "state") == "DELETED",
            engine=read.text(read.inner(body, "instanceResource"), "engine"),
        )


@dataclass(frozen=True, slots=True)
class Spec:
    """One part of a plan: a sheet for some targets. `id` is the client's own."""

    id: str
    sheet: str
    targets: tuple[str, ...]
    prior_backup: bool = False

    @classmethod
    def of(cls, body: Body) -> "Spec":
        config = read.inner(body, "changeDatabaseConfig")
        return cls(
            id=read.text(body, "id"),
            sheet=read.text(config, "sheet"),
            targets=read.texts(config, "targets"),
            prior_backup=read.flag(config, "enablePriorBackup"),
        )

    def to_json(self) -> dict[str, Any]:
        """The request's form; zero values are left out."""
        config: dict[str, Any] = {"targets": list(self.targets), "sheet": self.sheet}
        if self.prior_backup:
            config["enablePriorBackup"] = True
        return {"id": self.id, "changeDatabaseConfig": config}


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan; `stages` counts the tasks by status for each environment that its rollout has."""

    name: str
    title: str
    creator: str
    specs: tuple[Spec, ...]
    issue: str = ""
    issue_status: IssueStatus = IssueStatus.UNKNOWN
    has_rollout: bool = False
    closed: bool = False
    stages: Mapping[str, Mapping[TaskStatus, int]] | None = None

    @classmethod
    def of(cls, body: Body) -> "Plan":
        summaries = {
            f"environments/{read.text(each, 'stage').rpartition('/')[2]}": {
                read.member(count, "status", TaskStatus, TaskStatus.UNKNOWN, TaskStatus.UNKNOWN): read.number(
                    count, "count"
                )
                for count in read.items(each, "taskStatusCounts")
            }
            for each in read.items(body, "rolloutStageSummaries")
        }
        return cls(
            name=read.text(body, "name"),
            title=read.text(body, "title"),
            creator=read.text(body, "creator"),
            specs=tuple(Spec.of(each) for each in read.items(body, "specs")),
            issue=read.text(body, "issue"),
            issue_status=read.member(body, "issueStatus", IssueStatus, IssueStatus.UNKNOWN, IssueStatus.UNKNOWN),
            has_rollout=read.flag(body, "hasRollout"),
            closed=read.text(body, "state") == "DELETED",
            stages=summaries,
        )

    @property
    def number(self) -> int:
        """The plan's number in its project; 0 when the name has none."""
        last = self.name.rpartition("/")[2]
        return int(last) if last.isdigit() else 0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One finding of the plan checks on one target; `line` is 0 where it is not known."""

    status: str
    title: str
    content: str
    target: str
    line: int = 0
    code: int = 0

    @classmethod
    def of(cls, body: Body) -> "CheckResult":
        position = read.inner(read.inner(body, "sqlReviewReport"), "startPosition")
        return cls(
            status=read.text(body, "status"),
            title=read.text(body, "title"),
            content=read.text(body, "content"),
            target=read.text(body, "target"),
            line=read.number(position, "line"),
            code=read.number(body, "code"),
        )

    @property
    def stops(self) -> bool:
        """Whether it stands against the rollout.

        A failed simulation is a WARNING on the server, yet its content is PostgreSQL's own refusal.
        """
        return self.status == "ERROR" or (self.status == "WARNING" and self.title == "DDL simulation failed")

    def __str__(self) -> str:
        place = f" (line {self.line})" if self.line else ""
        return f"{self.status} on {self.target}{place}: {self.title}: {self.content}".rstrip(": ")


@dataclass(frozen=True, slots=True)
class PlanCheck:
    """The one check run of a plan."""

    status: CheckStatus
    results: tuple[CheckResult, ...] = ()
    error: str = ""

    @classmethod
    def of(cls, body: Body) -> "PlanCheck":
        return cls(
            status=read.member(body, "status", CheckStatus, CheckStatus.QUEUED, CheckStatus.UNKNOWN),
            results=tuple(CheckResult.of(each) for each in read.items(body, "results")),
            error=read.text(body, "error"),
        )


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue and where its approval stands; `roles` must approve in this order, `approvers` are who acted so far."""

    name: str
    plan: str
    status: IssueStatus
    approval: Approval
    title: str = ""
    labels: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    approvers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, body: Body) -> "Issue":
        return cls(
            name=read.text(body, "name"),
            plan=read.text(body, "plan"),
            status=read.member(body, "status", IssueStatus, IssueStatus.UNKNOWN, IssueStatus.UNKNOWN),
            approval=read.member(body, "approvalStatus", Approval, Approval.CHECKING, Approval.UNKNOWN),
            title=read.text(body, "title"),
            labels=read.texts(body, "labels"),
            roles=read.texts(read.inner(read.inner(body, "approvalTemplate"), "flow"), "roles"),
            approvers=tuple(
                (read.text(each, "status"), read.text(each, "principal")) for each in read.items(body, "approvers")
            ),
        )

    @property
    def awaited(self) -> str:
        """The role that has to act next; "" when none is known."""
        approved = sum(status == "APPROVED" for status, _ in self.approvers)
        return self.roles[approved] if approved < len(self.roles) else ""


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
class LogEntry:
    """One line of a run's log; `start` and `end` are byte offsets in the sheet, without its txn-mode line."""

    kind: str
    words: str
    error: str = ""
    start: int = 0
    end: int = 0
    open: bool = False

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
                return cls(kind, kind.replace("_", " ").lower(), read.text(part, "error"), open=not done)


@dataclass(frozen=True, slots=True)
class Changelog:
    """One entry of a database's history; `schema` is the dump after it, in the full view only."""

    name: str
    status: str
    task_run: str
    schema: str = ""

    @classmethod
    def of(cls, body: Body) -> "Changelog":
        return cls(
            read.text(body, "name"), read.text(body, "status"), read.text(body, "taskRun"), read.text(body, "schema")
        )


@dataclass(frozen=True, slots=True)
class Binding:
    """Who holds a role; a binding with a condition may hold only in part."""

    role: str
    members: tuple[str, ...]
    conditional: bool = False

    @classmethod
    def of(cls, body: Body) -> "Binding":
        condition = read.inner(body, "condition")
        return cls(read.text(body, "role"), read.texts(body, "members"), bool(read.text(condition, "expression")))
