"""Plans, their checks and their issues as the server tells them. Only the fields that we read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from . import decoding as read
from .decoding import Body
from .tasks import TaskStatus


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
