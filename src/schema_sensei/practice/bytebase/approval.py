"""The approval of an issue: the finding that follows the checks, the template, the reviewers' words, the rollout."""

import re
from typing import TYPE_CHECKING

from . import access
from .refusals import Code, Refusal, denied, invalid, precondition
from .store import Document, Store
from .wire import Body, now

if TYPE_CHECKING:
    from .world import World

_ENVIRONMENT = re.compile(r'resource\.environment_id\s*(?:==\s*"([^"]+)"|in\s*\[([^\]]*)\])')


def key(issue: Document) -> str:
    """Where an issue is kept."""
    return f"{issue['project']}/{issue['number']}"


def status(store: Store, issue: Document) -> str:
    """CHECKING, SKIPPED (no template applies), PENDING, APPROVED or REJECTED."""
    plan = store.get("plan", f"{issue['project']}/{issue['plan']}") or {}
    if issue.get("found") is None or issue["found"] != plan.get("version"):
        return "CHECKING"
    roles = issue.get("roles") or []
    if not roles:
        return "SKIPPED"
    if any(each["status"] == "REJECTED" for each in issue["approvers"]):
        return "REJECTED"
    return "APPROVED" if len(issue["approvers"]) >= len(roles) else "PENDING"


def settled(store: Store, issue: Document) -> bool:
    """Whether nobody needs to approve (any more)."""
    return status(store, issue) in {"SKIPPED", "APPROVED"}


def find_soon(world: "World", plan_key: str) -> None:
    """Look for the template, if the plan has an issue by then."""
    world.later(world.pace.queued, lambda: _find(world, plan_key))


def reset(world: "World", plan: Document) -> None:
    """Forget what was approved: the plan has changed."""
    number = plan.get("issue")
    issue = world.store.get("issue", f"{plan['project']}/{number}") if number else None
    if issue is not None:
        issue.update(found=None, approvers=[], roles=[])
        world.store.put("issue", key(issue), issue)


def review(world: "World", issue: Document, caller: str, action: str, comment: str) -> None:
    """Approve, reject or ask again. Raises Refusal with the real server's words."""
    store = world.store
    state = status(store, issue)
    if state == "CHECKING":
        raise precondition("approval template finding is not done")
    if state == "SKIPPED":
        raise Refusal(Code.INTERNAL, "approval template is required")
    if action == "request":
        if state != "REJECTED":
            raise invalid("cannot request issues because the issue is not rejected")
        if issue["creator"] != caller:
            raise denied("cannot request issues because you are not the issue creator")
        issue["approvers"] = [each for each in issue["approvers"] if each["status"] != "REJECTED"]
    else:
        if state == "REJECTED":
            raise invalid(f"cannot {action} because the issue has been rejected")
        if state == "APPROVED":
            raise invalid("the issue has been approved")
        role = issue["roles"][len(issue["approvers"])]
        project = store.get("project", issue["project"]) or {"settings": {}}
        if role not in access.roles_of(store, caller, issue["project"]):
            raise denied(f"cannot {action} because the user does not have the required permission")
        if issue["creator"] == caller and not project["settings"].get("allowSelfApproval"):
            raise denied(f"cannot {action} because self-approval is not allowed for this project")
        word = {"approve": "APPROVED", "reject": "REJECTED"}[action]
        issue["approvers"].append({"status": word, "principal": f"users/{caller}"})
    issue["updated"] = now()
    issue.setdefault("comments", []).append({"creator": caller, "action": action, "comment": comment, "at": now()})
    store.put("issue", key(issue), issue)
    if settled(store, issue):
        _roll_out(world, issue)


def _find(world: "World", plan_key: str) -> None:
    from . import plans

    store = world.store
    with store.changing():
        plan = store.get("plan", plan_key)
        issue = plans.issue_of(store, plan) if plan else None
        check = store.get("check", plan_key)
        if plan is None or issue is None or issue.get("draft") or plan["state"] != "ACTIVE":
            return
        if issue["status"] != "OPEN" or (check and (check["state"] != "DONE" or check["version"] != plan["version"])):
            return
        if issue["found"] == plan["version"]:  # a restarted server comes by again
            _go_on(world, issue)
            return
        roles = _template(world, plan)
        risk = "MODERATE" if any("DROP" in kind for kind in _kinds(check)) else "LOW"
        issue.update(found=plan["version"], roles=roles, approvers=[], risk=risk, updated=now())
        store.put("issue", key(issue), issue)
        _go_on(world, issue)


def _go_on(world: "World", issue: Document) -> None:
    """The finding is told first; what follows from it comes an instant later, as on the real server."""
    if settled(world.store, issue):
        world.later(world.pace.queued, lambda: _roll_out_later(world, key(issue)))
    elif world.review.after is not None:
        world.later(world.review.after, lambda: _approve(world, key(issue)))


def _kinds(check: Document | None) -> list[str]:
    results = (check or {}).get("results", ())
    return [kind for result in results for kind in result.get("sqlSummaryReport", {}).get("statementTypes", ())]


def _template(world: "World", plan: Document) -> list[str]:
    """The roles of the first rule that applies; none without an ENTERPRISE licence."""
    from . import databases, plans

    if world.licence != "ENTERPRISE":
        return []
    found = [databases.by_name(world.store, target) for config in plans.configs(plan) for target in config["targets"]]
    touched = {databases.environment(world.store, each).removeprefix("environments/") for each in found if each}
    rules = (world.store.get("setting", "WORKSPACE_APPROVAL") or {}).get("rules", [])
    for rule in rules:
        if rule.get("source") in (None, "", "CHANGE_DATABASE") and _applies(rule, touched):
            return list(rule["template"]["flow"]["roles"])
    return []


def _applies(rule: Body, touched: set[str]) -> bool:
    """Whether a rule's condition holds: `true`, or one on the environment; others never hold here."""
    expression = rule.get("condition", {}).get("expression", "true").strip()
    if expression == "true":
        return True
    wanted = _ENVIRONMENT.search(expression)
    return bool(wanted and touched & {wanted[1], *re.findall(r'"([^"]+)"', wanted[2] or "")})


def _approve(world: "World", issue_key: str) -> None:
    """The reviewer who approves by himself."""
    from .seeding import REVIEWER

    with world.store.changing():
        issue = world.store.get("issue", issue_key)
        if issue is not None and issue["status"] == "OPEN" and status(world.store, issue) == "PENDING":
            review(world, issue, REVIEWER, "approve", "")


def _roll_out_later(world: "World", issue_key: str) -> None:
    with world.store.changing():
        issue = world.store.get("issue", issue_key)
        if issue is not None and issue["status"] == "OPEN" and settled(world.store, issue):
            _roll_out(world, issue)


def _roll_out(world: "World", issue: Document) -> None:
    """What the server does by itself once an issue is approved and the checks are clean."""
    from . import plans, rollouts

    plan = world.store.get("plan", f"{issue['project']}/{issue['plan']}")
    if plan is None or plan["state"] != "ACTIVE":
        return
    check = world.store.get("check", plans.key(plan))
    if plans.clean(check):
        rollouts.make(world, plan, target=None, creator=issue["creator"])
