"""Calls about rollouts and their tasks."""

import re
from collections import Counter

from . import access, approval, databases, filters, plans, runs
from .calls import Call, Fields, Route
from .refusals import denied, invalid, missing, precondition
from .store import Document, Store
from .wire import Body, lean, now, page
from .world import World

_TASK = re.compile(r"projects/([^/]+)/plans/(\d+)/rollout/stages/([^/]+)/tasks/(\d+)\Z")


def tasks_of(store: Store, plan: Document) -> list[Document]:
    """The tasks of a plan's rollout in the order of their numbers."""
    return [each for each in store.all("task") if (each["project"], each["plan"]) == (plan["project"], plan["number"])]


def full_name(task: Document) -> str:
    """The resource name of a task."""
    return (
        f"projects/{task['project']}/plans/{task['plan']}/rollout/stages/{task['environment']}/tasks/{task['number']}"
    )


def status(store: Store, task: Document) -> str:
    """The state of the latest run, NOT_STARTED without one; a skipped task stays skipped."""
    if task.get("skipped"):
        return "SKIPPED"
    latest = runs.latest(store, task)
    if latest is None:
        return "NOT_STARTED"
    return "PENDING" if latest["status"] == "AVAILABLE" else str(latest["status"])


def stage_counts(store: Store, plan: Document) -> list[Body]:
    """How many tasks are in which state, by stage, in the order of the environments."""
    grouped: dict[str, Counter[str]] = {}
    for task in tasks_of(store, plan):
        grouped.setdefault(task["environment"], Counter())[status(store, task)] += 1
    return [
        {
            "stage": f"{plans.full_name(plan)}/rollout/stages/{environment}",
            "taskStatusCounts": [{"status": state, "count": count} for state, count in grouped[environment].items()],
        }
        for environment in _in_order(store, grouped)
    ]


def shown(store: Store, plan: Document) -> Body:
    """A rollout as the API shows it; a task of an environment that is gone is left out."""
    tasks = tasks_of(store, plan)
    grouped: dict[str, list[Document]] = {}
    for task in tasks:
        grouped.setdefault(task["environment"], []).append(task)
    latest = [found["updated"] for task in tasks if (found := runs.latest(store, task))]
    name = f"{plans.full_name(plan)}/rollout"
    return lean(
        {
            "name": name,
            "title": plan["title"],
            "stages": [
                {
                    "name": f"{name}/stages/{environment}",
                    "id": environment,
                    "environment": f"environments/{environment}",
                    "tasks": [_task(store, task) for task in grouped[environment]],
                }
                for environment in _in_order(store, grouped)
            ],
            "createTime": plan["created"],
            "updateTime": max([plan.get("rolled_out", plan["updated"]), *latest]),
        }
    )


def make(world: World, plan: Document, *, target: str | None, creator: str) -> None:
    """Make the tasks that are missing; the issue is done by that. Automatic environments begin at once."""
    store = world.store
    if not plan.get("rollout"):
        plan.update(rollout=True, rolled_out=now())
        store.put("plan", plans.key(plan), plan)
    there = {(task["target"], task["sheet"]) for task in tasks_of(store, plan)}
    made = []
    for environment, config, name in _wanted(world, plan):
        if target in (None, f"environments/{environment}") and (name, config["sheet"]) not in there:
            task = {
                "project": plan["project"],
                "plan": plan["number"],
                "number": store.next_number(plan["project"], "task"),
                "environment": environment,
                "spec": config["id"],
                "target": name,
                "sheet": config["sheet"],
                "backup": config.get("enablePriorBackup", False),
            }
            store.put("task", f"{plan['project']}/{task['number']}", task)
            made.append(task)
    issue = plans.issue_of(store, plan)
    if issue is not None and issue["status"] == "OPEN":
        store.put("issue", approval.key(issue), issue | {"status": "DONE", "updated": now()})
    for task in made:
        if (store.get("rollout_policy", task["environment"]) or {}).get("automatic"):
            runs.queue(world, task, creator)


def create(call: Call) -> Body:
    """POST {plan}/rollout {target}: again adds what is missing; the plan checks are not asked."""
    store, plan = call.world.store, plans.demand(call)
    if not access.may(store, call.caller, "bb.rollouts.create", plan["project"]):
        raise denied("permission denied to create rollout")
    issue = plans.issue_of(store, plan)
    if issue is not None and issue.get("draft"):
        raise precondition("draft issue must be submitted before rollout creation")
    if _awaits_approval(call, issue):
        raise precondition("cannot create rollout because issue approval is required but the issue is not approved")
    make(call.world, plan, target=call.body.get("target"), creator=call.caller)
    return shown(store, plan)


def get(call: Call) -> Body:
    """GET {plan}/rollout; 404 until it exists."""
    plan = plans.demand(call)
    if not plan.get("rollout"):
        raise missing(f"rollout {plan['number']} not found in project {plan['project']}")
    return shown(call.world.store, plan)


def list_all(call: Call) -> Body:
    """GET /v1/projects/{p}/rollouts: plans without an issue are among them."""
    store = call.world.store
    wanted = filters.parse(
        call.query.get("filter", ""),
        {"update_time": lambda plan: shown(store, plan)["updateTime"], "task_type": lambda plan: "DATABASE_MIGRATE"},
    )
    rows = [
        plan
        for plan in reversed(store.all("plan"))
        if plan["project"] == call.names["project"] and plan.get("rollout") and wanted(plan)
    ]
    return page(rows, call.query, "rollouts", lambda plan: shown(store, plan))


def run_tasks(call: Call) -> Body:
    """POST {stage}/tasks:batchRun: what is pending, running or done is left alone; the rest gets a new run."""
    store, plan = call.world.store, plans.demand(call)
    names = _task_names(call)
    if len({environment for environment, _ in names}) > 1:
        raise invalid("tasks should be in the same environment")
    environment, wanted = names[0][0], {number for _, number in names}
    of_stage = [task for task in tasks_of(store, plan) if task["environment"] == environment]
    if not of_stage:
        raise invalid("No tasks to run in the stage")
    _refuse_runner(call, environment, "Not allowed to run tasks")
    issue = plans.issue_of(store, plan)
    if _awaits_approval(call, issue):
        raise precondition("cannot run the tasks because issue approval is required but the issue is not approved")
    chosen = [task for task in of_stage if task["number"] in wanted]
    for task in chosen:
        if task.get("skipped"):
            raise precondition(f"task {task['number']} has been skipped and cannot be run")
    for task in chosen:
        if status(store, task) in {"NOT_STARTED", "FAILED", "CANCELED"}:
            runs.queue(call.world, task, call.caller, run_time=call.body.get("runTime", ""))
    return {}


def skip_tasks(call: Call) -> Body:
    """POST {stage}/tasks:batchSkip, for good."""
    store, plan = call.world.store, plans.demand(call)
    by_number = {task["number"]: task for task in tasks_of(store, plan)}
    chosen = []
    for _, number in _task_names(call):
        if number not in by_number:
            raise missing(f"task {number} not found in the rollout")
        chosen.append(by_number[number])
    for task in chosen:
        _refuse_runner(call, task["environment"], f'not allowed to skip tasks in environment "{task["environment"]}"')
        state = status(store, task)
        if state not in {"NOT_STARTED", "FAILED", "CANCELED", "SKIPPED"}:
            raise precondition(f"task {task['number']} cannot be skipped in status {state}")
    for task in chosen:
        if not task.get("skipped"):
            task.update(skipped=True, reason=call.body.get("reason", ""))
            store.put("task", f"{task['project']}/{task['number']}", task)
    return {}


def _awaits_approval(call: Call, issue: Document | None) -> bool:
    """Whether the project wants an approval that is missing; a plan without an issue needs none, on purpose there."""
    required = call.project()["settings"].get("requireIssueApproval")
    return bool(required and issue is not None and not approval.settled(call.world.store, issue))


def _wanted(world: World, plan: Document) -> list[tuple[str, Body, str]]:
    """Environment, change and database of every task, in the order of the environments and then of the specs."""
    found = []
    for config in plans.configs(plan):
        for name in config["targets"]:
            database = databases.by_name(world.store, name)
            environment = databases.environment(world.store, database) if database else ""
            if environment:
                found.append((environment.removeprefix("environments/"), config, name))
    if not found:
        raise invalid("no target has an environment")
    order = [each["id"] for each in world.environments()]
    return sorted(found, key=lambda each: order.index(each[0]) if each[0] in order else len(order))


def _in_order(store: Store, grouped: dict[str, list[Document]] | dict[str, Counter[str]]) -> list[str]:
    setting = store.get("setting", "ENVIRONMENT") or {"environments": []}
    return [each["id"] for each in setting["environments"] if each["id"] in grouped]


def _task_names(call: Call) -> list[tuple[str, int]]:
    names = call.body.get("tasks", [])
    if not names:
        raise invalid("The tasks in request cannot be empty")
    found = []
    for name in names:
        parts = _TASK.match(name)
        if not parts:
            raise invalid(f'invalid rollout task name "{name}"')
        found.append((parts[3], int(parts[4])))
    return found


def _refuse_runner(call: Call, environment: str, message: str) -> None:
    store, project = call.world.store, call.names["project"]
    policy = store.get("rollout_policy", environment) or {}
    allowed = set(policy.get("roles", ())) & access.roles_of(store, call.caller, project)
    if not allowed and not access.may(store, call.caller, "bb.taskRuns.create", project):
        raise denied(message)


def _task(store: Store, task: Document) -> Body:
    latest = runs.latest(store, task)
    return {
        "name": full_name(task),
        "specId": task["spec"],
        "status": status(store, task),
        "skippedReason": task.get("reason"),
        "type": "DATABASE_MIGRATE",
        "target": task["target"],
        "databaseUpdate": {"sheet": task["sheet"]},
        "updateTime": latest["updated"] if latest else None,
        "runTime": latest.get("run_time") if latest else None,
    }


_R = "/v1/projects/{project}/plans/{plan}/rollout"
_RUN: Fields = {"parent": str, "tasks": [str], "runTime": str, "skipPriorBackup": bool}
_SKIP: Fields = {"parent": str, "tasks": [str], "reason": str}

ROUTES = (
    Route("POST", _R, "RolloutService/CreateRollout", "", create, {"parent": str, "target": str}),
    Route("GET", _R, "RolloutService/GetRollout", "bb.rollouts.get", get),
    Route("GET", "/v1/projects/{project}/rollouts", "RolloutService/ListRollouts", "bb.rollouts.list", list_all),
    Route("POST", f"{_R}/stages/{{stage}}/tasks:batchRun", "RolloutService/BatchRunTasks", "", run_tasks, _RUN),
    Route("POST", f"{_R}/stages/{{stage}}/tasks:batchSkip", "RolloutService/BatchSkipTasks", "", skip_tasks, _SKIP),
)
