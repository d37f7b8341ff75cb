"""What stands on a server before any change: itself, projects, databases, who holds which role. Only fields we read."""

from dataclasses import dataclass

from . import decoding as read
from .decoding import Body


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
