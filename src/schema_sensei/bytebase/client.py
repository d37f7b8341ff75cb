"""The calls of Bytebase's REST API that this product makes, typed; each name is the server's own and opaque to us."""

import base64
import hashlib
from collections.abc import Iterator, Sequence

from .connection import Connection
from .decoding import Body, flag, inner, items, text, texts
from .errors import MissingError, UnsupportedVersionError
from .inventory import Binding, Changelog, Database, Project, Server
from .plans import Issue, Plan, PlanCheck, Spec
from .tasks import LogEntry, Rollout, TaskRun

OLDEST = (3, 17)
"""Older servers tell neither a plan's approval nor the state of its stages, and have other paths for rollouts."""
PAGE = 1000
"""The largest page that lists give."""


class Client:
    """All calls raise BytebaseError; those that may be repeated are, when their answer is lost."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._server: Server | None = None

    @property
    def calls(self) -> int:
        """How many requests were sent so far."""
        return self.connection.calls

    def close(self) -> None:
        self.connection.close()

    # server ---------------------------------------------------------------------------------------------------------

    def server(self) -> Server:
        """Who answers; asked once. Raises UnsupportedVersionError for servers before 3.17."""
        if self._server is None:
            server = Server.of(self.connection.get("/v1/actuator/info"))
            if server.release is not None and server.release < OLDEST:
                raise UnsupportedVersionError(
                    f"This Bytebase is {server.version}; {OLDEST[0]}.{OLDEST[1]} is the oldest that is supported.",
                    means="Older ones do not tell a plan's approval and stages, and have other paths for rollouts.",
                    remedy="Upgrade the server.",
                    where=self.connection.address.url,
                )
            self._server = server
        return self._server

    def page(self, name: str) -> str:
        """The address of a resource for people to open."""
        base = (self._server.external_url if self._server else "") or self.connection.address.url
        return f"{base.rstrip('/')}/{name}"

    def me(self) -> str:
        """The e-mail of the account that is logged in."""
        body = self.connection.get("/v1/users/me")
        return text(body, "email") or text(body, "name").removeprefix("users/")

    def subscription(self) -> str:
        """The licence: FREE, TEAM or ENTERPRISE."""
        return text(self.connection.get("/v1/subscription"), "plan") or "FREE"

    def environments(self) -> tuple[str, ...]:
        """The names of the environments in rollout order."""
        value = inner(inner(self.connection.get("/v1/settings/ENVIRONMENT"), "value"), "environment")
        return tuple(text(each, "name") or f"environments/{text(each, 'id')}" for each in items(value, "environments"))

    def automatic(self, environment: str) -> bool:
        """Whether an environment runs tasks by itself as soon as a rollout exists."""
        body = self.connection.get(f"/v1/{environment}/policies/ROLLOUT_POLICY")
        return flag(inner(body, "rolloutPolicy"), "automatic")

    def roles(self) -> dict[str, frozenset[str]]:
        """The permissions of each role."""
        body = self.connection.get("/v1/roles")
        return {text(each, "name"): frozenset(texts(each, "permissions")) for each in items(body, "roles")}

    def bindings(self, name: str) -> tuple[Binding, ...]:
        """Who holds which role in a project, or in the workspace."""
        body = self.connection.get(f"/v1/{name}:getIamPolicy")
        return tuple(Binding.of(each) for each in items(body, "bindings"))

    # projects and databases -----------------------------------------------------------------------------------------

    def project(self, name: str) -> Project:
        return Project.of(self.connection.get(f"/v1/{name}"))

    def projects(self) -> tuple[Project, ...]:
        """The projects that the account may see."""
        found: list[Body] = []
        token = ""
        while True:
            asked = {"pageSize": PAGE, **({"pageToken": token} if token else {})}
            body = self.connection.send("POST", "/v1/projects:search", body=asked, repeatable=True)
            found += items(body, "projects")
            token = text(body, "nextPageToken")
            if not token:
                return tuple(Project.of(each) for each in found)

    def database(self, name: str) -> Database:
        return Database.of(self.connection.get(f"/v1/{name}"))

    def databases(self, parent: str) -> tuple[Database, ...]:
        """The databases of a project or an instance."""
        return tuple(Database.of(each) for each in self._pages(f"/v1/{parent}/databases", "databases"))

    def group(self, name: str) -> tuple[str, ...]:
        """The databases that a database group matches now."""
        body = self.connection.get(f"/v1/{name}", {"view": "DATABASE_GROUP_VIEW_FULL"})
        return tuple(text(each, "name") for each in items(body, "matchedDatabases"))

    def sync(self, database: str) -> None:
        """Have the server read the schema anew, and wait for it."""
        self.connection.send("POST", f"/v1/{database}:sync", body={}, repeatable=True)

    def sync_all(self, databases: Sequence[str]) -> None:
        """Have the server read many schemas anew, a call per instance; it does not wait for them."""
        by_instance: dict[str, list[str]] = {}
        for name in databases:
            by_instance.setdefault(name.partition("/databases/")[0], []).append(name)
        for instance, names in by_instance.items():
            path = f"/v1/{instance}/databases:batchSync"
            self.connection.send("POST", path, body={"names": names}, repeatable=True)

    def changelogs(self, database: str, *, full: bool = False, most: int = 10) -> tuple[Changelog, ...]:
        """The newest entries of a database's history, newest first."""
        view = {"view": "CHANGELOG_VIEW_FULL"} if full else {}
        body = self.connection.get(f"/v1/{database}/changelogs", {"pageSize": str(most), **view})
        return tuple(Changelog.of(each) for each in items(body, "changelogs"))

    # sheets, plans, checks ------------------------------------------------------------------------------------------

    def create_sheet(self, project: str, sql: str) -> str:
        """Store a sheet; its name follows from its bytes, so that storing it twice is storing it once."""
        body = {"content": base64.b64encode(sql.encode()).decode()}
        created = self.connection.send("POST", f"/v1/{project}/sheets", body=body, repeatable=True)
        return text(created, "name")

    def create_plan(self, project: str, title: str, description: str, specs: Sequence[Spec]) -> Plan:
        """Make a plan; never repeated blindly, since each call makes one."""
        body = {"title": title[:200], "description": description[:10_000], "specs": [spec.to_json() for spec in specs]}
        return Plan.of(self.connection.send("POST", f"/v1/{project}/plans", body=body))

    def plan(self, name: str) -> Plan | None:
        """A plan, or None where there is none."""
        try:
            return Plan.of(self.connection.get(f"/v1/{name}"))
        except MissingError:
            return None

    def newest_plans(self, project: str, most: int = 100) -> tuple[Plan, ...]:
        """The newest open plans, newest first, without those that have no issue: the server hides them."""
        params = {"pageSize": str(most), "filter": 'state == "ACTIVE"'}
        return tuple(Plan.of(each) for each in items(self.connection.get(f"/v1/{project}/plans", params), "plans"))

    def close_plan(self, name: str) -> None:
        """Close a plan that is not to be used."""
        self.connection.send(
            "PATCH", f"/v1/{name}", params={"updateMask": "state"}, body={"state": "DELETED"}, repeatable=True
        )

    def plan_check(self, plan: str) -> PlanCheck | None:
        """The plan's checks, or None where it has none."""
        try:
            return PlanCheck.of(self.connection.get(f"/v1/{plan}/planCheckRun"))
        except MissingError:
            return None

    def run_plan_checks(self, plan: str) -> None:
        """Check again; without effect while a check is under way."""
        self.connection.send("POST", f"/v1/{plan}:runPlanChecks", body={}, repeatable=True)

    # issues ---------------------------------------------------------------------------------------------------------

    def create_issue(self, project: str, plan: str, title: str, description: str, labels: Sequence[str]) -> Issue:
        """Make the plan's issue. Raises ExistsError when it has one: a plan never gets two."""
        body = {
            "type": "DATABASE_CHANGE",
            "title": title[:200],
            "description": description,
            "plan": plan,
            "labels": list(labels),
        }
        return Issue.of(self.connection.send("POST", f"/v1/{project}/issues", body=body))

    def issue(self, name: str) -> Issue:
        return Issue.of(self.connection.get(f"/v1/{name}"))

    def retry_approval(self, issue: str) -> None:
        """Look for the approval flow again, where that got stuck."""
        self.connection.send("POST", f"/v1/{issue}:retryApproval", body={})

    def comments(self, issue: str) -> tuple[str, ...]:
        """What people wrote on an issue, oldest first."""
        body = self.connection.get(f"/v1/{issue}/issueComments", {"pageSize": "100"})
        return tuple(text(each, "comment") for each in items(body, "issueComments") if text(each, "comment"))

    # rollouts -------------------------------------------------------------------------------------------------------

    def rollout(self, plan: str) -> Rollout | None:
        """The plan's rollout, or None before it exists."""
        try:
            return Rollout.of(self.connection.get(f"/v1/{plan}/rollout"))
        except MissingError:
            return None

    def create_rollout(self, plan: str) -> Rollout:
        """Make the plan's rollout with all stages; a second call finds the first one's."""
        return Rollout.of(self.connection.send("POST", f"/v1/{plan}/rollout", body={}, repeatable=True))

    def run_tasks(self, stage: str, tasks: Sequence[str]) -> None:
        """Start tasks of one stage. A failed or cancelled one gets a new run: never repeated blindly."""
        self.connection.send("POST", f"/v1/{stage}/tasks:batchRun", body={"tasks": list(tasks)})

    def skip_tasks(self, stage: str, tasks: Sequence[str], reason: str) -> None:
        """Skip tasks that do not run; cannot be taken back."""
        body = {"tasks": list(tasks), "reason": reason[:1000]}
        self.connection.send("POST", f"/v1/{stage}/tasks:batchSkip", body=body, repeatable=True)

    def cancel_runs(self, task: str, runs: Sequence[str]) -> None:
        """Cancel runs of a task; those that are at work may still finish. `task` may end in tasks/-."""
        self.connection.send("POST", f"/v1/{task}/taskRuns:batchCancel", body={"taskRuns": list(runs)})

    def task_runs(self, rollout: str) -> tuple[TaskRun, ...]:
        """All runs of all tasks of a rollout, oldest first."""
        body = self.connection.get(f"/v1/{rollout}/stages/-/tasks/-/taskRuns")
        return tuple(TaskRun.of(each) for each in items(body, "taskRuns"))

    def log(self, run: str) -> tuple[LogEntry, ...]:
        """What one run did so far."""
        return tuple(LogEntry.of(each) for each in items(self.connection.get(f"/v1/{run}/log"), "entries"))

    def preview_rollback(self, run: str) -> str:
        """The SQL that brings back the rows which a run with a prior backup changed."""
        body = self.connection.send("POST", f"/v1/{run}:previewRollback", body={}, repeatable=True)
        return text(body, "statement")

    def _pages(self, path: str, key: str) -> Iterator[Body]:
        token = ""
        while True:
            params = {"pageSize": str(PAGE), **({"pageToken": token} if token else {})}
            body = self.connection.get(path, params)
            yield from items(body, key)
            token = text(body, "nextPageToken")
            if not token:
                return


def sheet_name(project: str, sql: str) -> str:
    """The name that a sheet with this text has, before it is stored."""
    return f"{project}/sheets/{hashlib.sha256(sql.encode()).hexdigest()}"
