"""Calls about plans and their checks."""

from collections import Counter
from typing import Any

from . import access, approval, checking, databases, filters, sheets
from .calls import Call, Fields, Route, update_mask
from .refusals import Refusal, denied, invalid, missing, precondition
from .store import Document, Store
from .wire import Body, lean, now, page
from .world import World

_CHANGE: Fields = {"targets": [str], "sheet": str, "release": str, "enablePriorBackup": bool}
_CREATE: Fields = dict.fromkeys(
    ("target", "database", "table", "characterSet", "collation", "cluster", "owner", "environment"), str
)
SPEC: Fields = {"id": str, "changeDatabaseConfig": _CHANGE, "createDatabaseConfig": _CREATE}
PLAN: Fields = {
    **dict.fromkeys(
        ("name", "state", "issue", "title", "description", "creator", "createTime", "updateTime", "approvalStatus"), str
    ),
    "specs": [SPEC],
    "hasRollout": bool,
    "planCheckRunStatusCount": dict,
    "rolloutStageSummaries": [dict],
    "issueStatus": str,
}


def key(plan: Document) -> str:
    """Where a plan, its check and its rollout are kept."""
    return f"{plan['project']}/{plan['number']}"


def full_name(plan: Document) -> str:
    """The resource name."""
    return f"projects/{plan['project']}/plans/{plan['number']}"


def demand(call: Call) -> Document:
    """The plan that the path names. Raises Refusal."""
    project, number = call.project()["id"], call.names["plan"]
    if not number.isdigit():
        raise invalid(f'failed to get plan uid: invalid plan ID "{number}"')
    found = call.world.store.get("plan", f"{project}/{number}")
    if found is None:
        raise missing(f"plan {number} not found in project {project}")
    return found


def issue_of(store: Store, plan: Document) -> Document | None:
    """The issue that belongs to a plan."""
    number = plan.get("issue")
    return store.get("issue", f"{plan['project']}/{number}") if number else None


def configs(plan: Document) -> list[Body]:
    """The changes of a plan's specs, each with its spec's id."""
    return [spec.get("changeDatabaseConfig", {}) | {"id": spec["id"]} for spec in plan["specs"]]


def shown(store: Store, plan: Document) -> Body:
    """A plan as the API shows it."""
    from .rollouts import stage_counts

    issue = issue_of(store, plan)
    check = store.get("check", key(plan))
    return lean(
        {
            "name": full_name(plan),
            "state": plan["state"],
            "issue": f"projects/{plan['project']}/issues/{issue['number']}" if issue else None,
            "title": plan["title"],
            "description": plan.get("description"),
            "specs": plan["specs"],
            "creator": f"users/{plan['creator']}",
            "createTime": plan["created"],
            "updateTime": plan["updated"],
            "planCheckRunStatusCount": _check_counts(check) if check else None,
            "hasRollout": plan.get("rollout"),
            "approvalStatus": approval.status(store, issue) if issue else None,
            "rolloutStageSummaries": stage_counts(store, plan) if plan.get("rollout") else None,
            "issueStatus": issue["status"] if issue else None,
        }
    )


def create(call: Call) -> Body:
    """POST /v1/projects/{p}/plans: plan checks of sheets begin by themselves."""
    project, store = call.project(), call.world.store
    if project["settings"].get("enforceIssueTitle") and not call.body.get("title"):
        raise invalid(_needs_title(project))
    specs = _good_specs(call, call.body.get("specs", []))
    moment = now()
    plan = {
        "project": project["id"],
        "number": store.next_number(project["id"], "plan"),
        "state": "ACTIVE",
        "title": call.body.get("title", ""),
        "description": call.body.get("description", ""),
        "specs": specs,
        "creator": call.caller,
        "created": moment,
        "updated": moment,
        "version": 0,
    }
    store.put("plan", key(plan), plan)
    start_check(call.world, plan)
    return shown(store, plan)


def get(call: Call) -> Body:
    """GET /v1/projects/{p}/plans/{n}."""
    return shown(call.world.store, demand(call))


def list_all(call: Call) -> Body:
    """GET /v1/projects/{p}/plans, newest first; an open sheet plan without an issue is not among them."""
    store = call.world.store
    wanted = filters.parse(
        call.query.get("filter", ""),
        {
            "creator": lambda plan: f"users/{plan['creator']}",
            "create_time": lambda plan: plan["created"],
            "has_rollout": lambda plan: bool(plan.get("rollout")),
            "title": lambda plan: plan["title"],
            "spec_type": lambda plan: "change_database_config",
            "state": lambda plan: plan["state"],
        },
    )
    rows = [
        plan
        for plan in reversed(store.all("plan"))
        if plan["project"] == call.names["project"] and _listed(plan) and wanted(plan)
    ]
    return page(rows, call.query, "plans", lambda plan: shown(store, plan))


def update(call: Call) -> Body:
    """PATCH of title, description, state and, before a rollout, specs; new specs reset checks and approval."""
    store, plan = call.world.store, demand(call)
    if plan["creator"] != call.caller and not access.may(store, call.caller, "bb.plans.update", plan["project"]):
        raise denied("permission denied to update plan")
    again = False
    for path in update_mask(call.query, call.body):
        if path in ("title", "description"):
            if path == "title" and not call.body.get(path) and call.project()["settings"].get("enforceIssueTitle"):
                raise invalid(_needs_title(call.project()))
            plan[path] = call.body.get(path, "")
        elif path == "state":
            plan["state"] = call.body.get("state", "ACTIVE")
        elif path == "specs":
            if plan.get("rollout"):
                raise invalid("cannot update specs for plan that has a rollout")
            plan["specs"] = _good_specs(call, call.body.get("specs", []))
            plan["version"] += 1
            again = True
        else:
            raise invalid(f'invalid update_mask path "{path}"')
    plan["updated"] = now()
    store.put("plan", key(plan), plan)
    if again:
        start_check(call.world, plan)
        approval.reset(call.world, plan)
    return shown(store, plan)


def run_checks(call: Call) -> Body:
    """POST {plan}:runPlanChecks; nothing happens while a run of the same input is under way."""
    plan = demand(call)
    if plan.get("rollout"):
        raise precondition(f'cannot run plan checks because plan "{plan["title"]}" already has a rollout')
    check = call.world.store.get("check", key(plan))
    if check is None or check["state"] not in ("AVAILABLE", "RUNNING") or check["version"] != plan["version"]:
        start_check(call.world, plan)
    return {}


def get_check(call: Call) -> Body:
    """GET {plan}/planCheckRun; a queued one shows no status."""
    plan = demand(call)
    check = call.world.store.get("check", key(plan))
    if check is None:
        raise missing(f"plan check run not found for plan {plan['number']}")
    return lean(
        {
            "name": f"{full_name(plan)}/planCheckRun",
            "status": None if check["state"] == "AVAILABLE" else check["state"],
            "results": check.get("results"),
            "error": check.get("error"),
            "createTime": check["created"],
        }
    )


def cancel_check(call: Call) -> Body:
    """POST {plan}/planCheckRun:cancel."""
    plan, store = demand(call), call.world.store
    check = store.get("check", key(plan))
    if check is None:
        raise missing(f"plan check run not found for plan {plan['number']}")
    if check["state"] not in ("AVAILABLE", "RUNNING"):
        raise invalid("plan check run is not running or available")
    store.put("check", key(plan), check | {"state": "CANCELED", "generation": check["generation"] + 1})
    return {}


def start_check(world: World, plan: Document) -> None:
    """Queue a check run; the earlier one, if any, counts no more."""
    earlier = world.store.get("check", key(plan)) or {"generation": 0}
    check = {
        "state": "AVAILABLE",
        "created": now(),
        "version": plan["version"],
        "generation": earlier["generation"] + 1,
    }
    world.store.put("check", key(plan), check)
    world.later(world.pace.queued, lambda: _check(world, key(plan), check["generation"]))


def recover(world: World) -> None:
    """Begin anew what a predecessor did not finish."""
    with world.store.changing():
        for plan in world.store.all("plan"):
            check = world.store.get("check", key(plan))
            if check and check["state"] in ("AVAILABLE", "RUNNING"):
                start_check(world, plan)


def _check(world: World, where: str, generation: int) -> None:
    def settle(**changes: Any) -> bool:
        with world.store.changing():
            check = world.store.get("check", where)
            if check is None or check["generation"] != generation:
                return False
            world.store.put("check", where, check | changes)
            return True

    plan = world.store.get("plan", where)
    if plan is None or not settle(state="RUNNING"):
        return
    results: list[Body] = []
    try:
        for config in configs(plan):
            text = sheets.text(world.store, plan["project"], config["sheet"].rpartition("/")[2])
            for target in config["targets"]:
                results += checking.check(world, target, text, backup=bool(config.get("enablePriorBackup")))
    except Refusal as refusal:
        settle(state="FAILED", error=refusal.message)
        return
    if settle(state="DONE", results=results):
        approval.find_soon(world, where)


def clean(check: Document | None) -> bool:
    """Whether a check run is done and found no error: what the automatic rollout wants."""
    return check is not None and check["state"] == "DONE" and "ERROR" not in _levels(check)


def _levels(check: Document) -> Counter[str]:
    return Counter(result["status"] for result in check.get("results", ()))


def _check_counts(check: Document) -> Body:
    return {check["state"]: 1, **dict(sorted(_levels(check).items()))}


def _listed(plan: Document) -> bool:
    return bool(plan.get("issue")) or plan["state"] == "DELETED"


def _needs_title(project: Document) -> str:
    return f'project "projects/{project["id"]}" requires a manual plan title (enforce_issue_title is enabled)'


def _good_specs(call: Call, specs: list[Body]) -> list[Body]:
    try:
        return _validated(call, specs)
    except Refusal as refusal:
        raise invalid(f"failed to validate plan specs: {refusal.message}") from None


def _validated(call: Call, specs: list[Body]) -> list[Body]:
    store, project = call.world.store, call.project()["id"]
    if not specs:
        raise invalid("the plan has zero spec")
    ids = [spec.get("id", "") for spec in specs]
    if not all(ids):
        raise invalid("spec id is empty")
    if len(set(ids)) < len(ids):
        raise invalid("found duplicate spec id")
    good = []
    for spec in specs:
        config = {name: value for name, value in spec.get("changeDatabaseConfig", {}).items() if value}
        if not config:
            raise invalid("the practice server plans changes of databases only")
        if "sheet" not in config:
            raise invalid("the practice server runs sheets only")
        for target in config.get("targets", ()):
            _refuse_target(store, target, project)
        owner, _, digest = str(config["sheet"]).removeprefix("projects/").partition("/sheets/")
        if owner != project or store.get("sheet", f"{project}/{digest}") is None:
            raise missing(f'not_found: sheet "{config["sheet"]}" not found')
        good.append({"id": spec["id"], "changeDatabaseConfig": config})
    return good


def _refuse_target(store: Store, target: str, project: str) -> None:
    if "/databaseGroups/" in target:
        raise missing(f'not_found: database group "{target}" not found')
    database = databases.by_name(store, target)
    if database is None:
        raise missing(f'not_found: database "{target}" not found')
    if database["project"] != project:
        raise invalid(
            f'invalid_argument: database "{target}" (project "{database["project"]}") '
            f'does not belong to plan project "{project}"'
        )


_L = "/v1/projects/{project}/plans"
_N = f"{_L}/{{plan}}"

ROUTES = (
    Route("POST", _L, "PlanService/CreatePlan", "bb.plans.create", create, PLAN),
    Route("GET", _L, "PlanService/ListPlans", "bb.plans.list", list_all),
    Route("GET", _N, "PlanService/GetPlan", "bb.plans.get", get),
    Route("PATCH", _N, "PlanService/UpdatePlan", "", update, PLAN),
    Route(
        "POST",
        f"{_N}:runPlanChecks",
        "PlanService/RunPlanChecks",
        "bb.planCheckRuns.run",
        run_checks,
        {"name": str, "specId": str},
    ),
    Route("GET", f"{_N}/planCheckRun", "PlanService/GetPlanCheckRun", "bb.planCheckRuns.get", get_check),
    Route(
        "POST",
        f"{_N}/planCheckRun:cancel",
        "PlanService/CancelPlanCheckRun",
        "bb.planCheckRuns.run",
        cancel_check,
        {"name": str},
    ),
)
