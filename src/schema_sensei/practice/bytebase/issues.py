"""Calls about issues."""

from . import access, approval, filters, plans
from .approval import key
from .calls import Call, Fields, Route, update_mask
from .refusals import Code, Refusal, denied, invalid, missing, precondition
from .store import Document, Store
from .wire import Body, lean, now, page
from .world import World

ISSUE: Fields = {
    **dict.fromkeys(
        (
            "name",
            "title",
            "description",
            "type",
            "status",
            "creator",
            "createTime",
            "updateTime",
            "plan",
            "riskLevel",
            "approvalStatus",
            "accessGrant",
        ),
        str,
    ),
    "approvers": [{"status": str, "principal": str}],
    "approvalTemplate": dict,
    "labels": [str],
    "draft": bool,
    "roleGrant": dict,
}


def demand(call: Call) -> Document:
    """The issue that the path names. Raises Refusal."""
    project, number = call.project()["id"], call.names["issue"]
    found = call.world.store.get("issue", f"{project}/{number}")
    if found is None:
        raise missing(f"issue {number} not found in project {project}")
    return found


def full_name(issue: Document) -> str:
    """The resource name."""
    return f"projects/{issue['project']}/issues/{issue['number']}"


def shown(store: Store, issue: Document) -> Body:
    """An issue as the API shows it."""
    roles = issue.get("roles")
    template = {"flow": {"roles": roles}, "title": "Practice review"} if roles else None
    return lean(
        {
            "name": full_name(issue),
            "title": issue["title"],
            "description": issue.get("description"),
            "type": "DATABASE_CHANGE",
            "status": issue["status"],
            "approvers": issue["approvers"],
            "approvalTemplate": template,
            "creator": f"users/{issue['creator']}",
            "createTime": issue["created"],
            "updateTime": issue["updated"],
            "plan": f"projects/{issue['project']}/plans/{issue['plan']}",
            "riskLevel": issue.get("risk"),
            "labels": issue["labels"],
            "approvalStatus": approval.status(store, issue),
            "draft": issue.get("draft"),
        }
    )


def create(call: Call) -> Body:
    """POST /v1/projects/{p}/issues: one for each plan."""
    project, store = call.project(), call.world.store
    if call.body.get("type") != "DATABASE_CHANGE":
        raise invalid(f'unknown issue type "{call.body.get("type", "TYPE_UNSPECIFIED")}"')
    number = str(call.body.get("plan", "")).removeprefix(f"projects/{project['id']}/plans/")
    plan = store.get("plan", f"{project['id']}/{number}")
    if plan is None:
        raise missing(f"plan {number} not found in project {project['id']}")
    labels = sorted({label.strip() for label in call.body.get("labels", ())})
    if project["settings"].get("forceIssueLabels") and not labels:
        raise invalid("require issue labels")
    if earlier := plans.issue_of(store, plan):
        if not earlier.get("draft"):
            raise Refusal(Code.EXISTS, f"plan {number} already has a non-draft issue")
        if call.body.get("draft") and earlier["creator"] == call.caller:
            return shown(store, earlier)
        raise precondition(
            f"plan {number} already has a draft issue; "
            "update or submit the existing draft instead of creating another issue"
        )
    moment = now()
    issue = {
        "project": project["id"],
        "number": store.next_number(project["id"], "issue"),
        "title": call.body.get("title") or plan["title"],
        "description": call.body.get("description") or plan.get("description", ""),
        "status": "OPEN",
        "creator": call.caller,
        "created": moment,
        "updated": moment,
        "plan": plan["number"],
        "labels": labels,
        "draft": call.body.get("draft", False),
        "found": None,
        "approvers": [],
    }
    store.put("issue", key(issue), issue)
    store.put("plan", plans.key(plan), plan | {"issue": issue["number"]})
    approval.find_soon(call.world, plans.key(plan))
    return shown(store, issue)


def get(call: Call) -> Body:
    """GET /v1/projects/{p}/issues/{n}."""
    return shown(call.world.store, demand(call))


def list_all(call: Call) -> Body:
    """GET /v1/projects/{p}/issues, newest first, drafts never."""
    return _list(call, dict(call.query))


def search(call: Call) -> Body:
    """POST /v1/projects/{p}/issues:search; `-` for all projects."""
    return _list(call, call.body)


def update(call: Call) -> Body:
    """PATCH of title, description, labels and draft."""
    store, issue = call.world.store, demand(call)
    if issue["creator"] != call.caller and not access.may(store, call.caller, "bb.issues.update", issue["project"]):
        raise denied("permission denied to update issue")
    for path in update_mask(call.query, call.body):
        if path not in ("title", "description", "labels", "draft"):
            raise invalid(f'unsupported update_mask "{path}"')
        issue[path] = call.body.get(path, [] if path == "labels" else "")
    issue["updated"] = now()
    store.put("issue", key(issue), issue)
    approval.find_soon(call.world, f"{issue['project']}/{issue['plan']}")
    return shown(store, issue)


def approve(call: Call) -> Body:
    """POST {issue}:approve."""
    return _review(call, "approve")


def reject(call: Call) -> Body:
    """POST {issue}:reject."""
    return _review(call, "reject")


def request(call: Call) -> Body:
    """POST {issue}:request: again after a rejection."""
    return _review(call, "request")


def retry(call: Call) -> Body:
    """POST {issue}:retryApproval: look for the template again."""
    issue = demand(call)
    if issue["creator"] != call.caller:
        raise denied("only the issue creator can retry approval finding")
    approval.find_soon(call.world, f"{issue['project']}/{issue['plan']}")
    return shown(call.world.store, issue)


def update_status(call: Call) -> Body:
    """POST issues:batchUpdateStatus: an open issue can be cancelled, a cancelled one opened."""
    store, wanted = call.world.store, str(call.body.get("status", ""))
    chosen = []
    for name in call.body.get("issues", ()):
        number = str(name).rpartition("/")[2]
        issue = store.get("issue", f"{call.names['project']}/{number}")
        if issue is None:
            raise missing(f'issue "{name}" not found')
        if issue.get("draft") or issue["status"] == "DONE":
            raise precondition(f"cannot change status from {issue['status']} to {wanted} for issue {number}")
        chosen.append(issue)
    for issue in chosen:
        store.put("issue", key(issue), issue | {"status": wanted, "updated": now()})
    return {}


def comment(call: Call) -> Body:
    """POST {issue}:comment."""
    issue = demand(call)
    said = {"creator": call.caller, "comment": call.body.get("comment", ""), "at": now()}
    issue.setdefault("comments", []).append(said)
    call.world.store.put("issue", key(issue), issue)
    return _comment(issue, len(issue["comments"]), said)


def comments(call: Call) -> Body:
    """GET {issue}/issueComments."""
    issue = demand(call)
    rows = [_comment(issue, place, said) for place, said in enumerate(issue.get("comments", ()), 1)]
    return page(rows, call.query, "issueComments")


def recover(world: World) -> None:
    """Find what a predecessor had not found."""
    with world.store.changing():
        for issue in world.store.all("issue"):
            if issue["status"] == "OPEN":
                approval.find_soon(world, f"{issue['project']}/{issue['plan']}")


def _review(call: Call, action: str) -> Body:
    issue = demand(call)
    if issue.get("draft"):
        raise precondition("draft issue must be submitted before approval actions are allowed")
    approval.review(call.world, issue, call.caller, action, str(call.body.get("comment", "")))
    return shown(call.world.store, issue)


def _comment(issue: Document, place: int, said: Document) -> Body:
    return lean(
        {
            "name": f"{full_name(issue)}/issueComments/{place}",
            "createTime": said["at"],
            "comment": said["comment"],
            "creator": f"users/{said['creator']}",
        }
    )


def _list(call: Call, asked: Body) -> Body:
    store, project = call.world.store, call.names["project"]
    wanted = filters.parse(
        str(asked.get("filter", "")),
        {
            "creator": lambda issue: f"users/{issue['creator']}",
            "status": lambda issue: issue["status"],
            "type": lambda issue: "DATABASE_CHANGE",
            "labels": lambda issue: issue["labels"],
            "risk_level": lambda issue: issue.get("risk", ""),
            "approval_status": lambda issue: approval.status(store, issue),
            "create_time": lambda issue: issue["created"],
        },
    )
    words = str(asked.get("query", "")).lower()
    rows = [
        issue
        for issue in reversed(store.all("issue"))
        if (project in ("-", issue["project"]))
        and not issue.get("draft")
        and words in f"{issue['title']} {issue.get('description', '')}".lower()
        and wanted(issue)
    ]
    asked_pages = {name: str(asked.get(name) or "") for name in ("pageSize", "pageToken")}
    return page(rows, asked_pages, "issues", lambda issue: shown(store, issue))


_L = "/v1/projects/{project}/issues"
_N = f"{_L}/{{issue}}"
_COMMENT: Fields = {"name": str, "comment": str}
_STATUS: Fields = {"parent": str, "issues": [str], "status": str, "reason": str}
_SEARCH: Fields = {"parent": str, "filter": str, "query": str, "orderBy": str, "pageSize": int, "pageToken": str}
_SERVICE = "IssueService"

ROUTES = (
    Route("POST", _L, f"{_SERVICE}/CreateIssue", "bb.issues.create", create, ISSUE),
    Route("GET", _L, f"{_SERVICE}/ListIssues", "bb.issues.list", list_all),
    Route("POST", f"{_L}:search", f"{_SERVICE}/SearchIssues", "bb.issues.get", search, _SEARCH),
    Route(
        "POST",
        f"{_L}:batchUpdateStatus",
        f"{_SERVICE}/BatchUpdateIssuesStatus",
        "bb.issues.update",
        update_status,
        _STATUS,
    ),
    Route("GET", _N, f"{_SERVICE}/GetIssue", "bb.issues.get", get),
    Route("PATCH", _N, f"{_SERVICE}/UpdateIssue", "", update, ISSUE),
    Route("POST", f"{_N}:approve", f"{_SERVICE}/ApproveIssue", "", approve, _COMMENT),
    Route("POST", f"{_N}:reject", f"{_SERVICE}/RejectIssue", "", reject, _COMMENT),
    Route("POST", f"{_N}:request", f"{_SERVICE}/RequestIssue", "", request, _COMMENT),
    Route("POST", f"{_N}:retryApproval", f"{_SERVICE}/RetryIssueApproval", "", retry, _COMMENT),
    Route("POST", f"{_N}:comment", f"{_SERVICE}/CreateIssueComment", "bb.issueComments.create", comment, _COMMENT),
    Route("GET", f"{_N}/issueComments", f"{_SERVICE}/ListIssueComments", "bb.issueComments.list", comments),
)
