"""Calls about projects."""

import re

from . import access
from .calls import Call, Fields, Route, update_mask
from .refusals import Code, Refusal, invalid, precondition
from .store import Document
from .wire import Body, lean, page, snake

_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")

SETTINGS: Fields = {
    "issueLabels": [{"value": str, "color": dict, "group": str}],
    "forceIssueLabels": bool,
    "enforceIssueTitle": bool,
    "postgresDatabaseTenantMode": bool,
    "allowSelfApproval": bool,
    "executionRetryPolicy": {"maximumRetries": int},
    "ciSamplingSize": int,
    "parallelTasksPerRollout": int,
    "labels": dict,
    "enforceSqlReview": bool,
    "requireIssueApproval": bool,
    "requirePlanCheckNoError": bool,
    "allowRequestRole": bool,
    "allowJustInTimeAccess": bool,
    "dataClassificationConfigId": str,
}
PROJECT: Fields = {"name": str, "state": str, "title": str, "webhooks": [dict], **SETTINGS}

_NOT_AT_CREATION = {"issueLabels", "forceIssueLabels", "executionRetryPolicy"}
"""What CreateProject ignores."""


def shown(project: Document) -> Body:
    """A project as the API shows it."""
    return lean(
        {"name": f"projects/{project['id']}", "state": project["state"], "title": project["title"]}
        | {name: project["settings"].get(name) for name in SETTINGS}
    )


def create(call: Call) -> Body:
    """POST /v1/projects?projectId=ID; the creator becomes its owner."""
    name = call.query.get("projectId", "")
    if not _ID.fullmatch(name) or name == "default" or name.startswith("default-"):
        raise invalid(f'invalid project ID "{name}"')
    if call.world.store.get("project", name):
        raise Refusal(Code.EXISTS, f'project ID "{name}" already exists')
    if not call.body.get("title"):
        raise invalid("project title must be set")
    return shown(make(call, name))


def make(call: Call, name: str) -> Document:
    """Remember a new project of the caller's."""
    store = call.world.store
    settings = {key: value for key, value in call.body.items() if key in SETTINGS and key not in _NOT_AT_CREATION}
    project = {"id": name, "state": "ACTIVE", "title": call.body["title"]}
    project["settings"] = {"executionRetryPolicy": {}, **settings}
    access.grant(store, f"projects/{name}", "roles/projectOwner", call.caller)
    return store.put("project", name, project)


def get(call: Call) -> Body:
    """GET /v1/projects/{p}."""
    return shown(call.project())


def list_all(call: Call) -> Body:
    """GET /v1/projects."""
    with_deleted = call.query.get("showDeleted") == "true"
    rows = [each for each in call.world.store.all("project") if with_deleted or each["state"] == "ACTIVE"]
    return page(rows, call.query, "projects", shown)


def search(call: Call) -> Body:
    """POST /v1/projects:search: those that the caller may see."""
    store = call.world.store
    rows = [each for each in store.all("project") if access.may(store, call.caller, "bb.projects.get", each["id"])]
    return page([each for each in rows if each["state"] == "ACTIVE"], call.body, "projects", shown)


def update(call: Call) -> Body:
    """PATCH /v1/projects/{p}: the mask is in snake case only, or derived from the body."""
    project = call.project()
    names = {snake(name): name for name in SETTINGS}
    for path in update_mask(call.query, call.body):
        if path == "title":
            project["title"] = call.body.get("title", "")
        elif path in names:
            empty: Body | None = {} if path == "execution_retry_policy" else None
            project["settings"][names[path]] = call.body.get(names[path], empty)
        else:
            raise invalid(f'unsupport update_mask "{path}"')
    call.world.store.put("project", project["id"], project)
    return shown(project)


def delete(call: Call) -> Body:
    """DELETE /v1/projects/{p}: kept as deleted; `purge` then moves its databases away and forgets it."""
    project, store = call.project(), call.world.store
    if call.query.get("purge") != "true":
        store.put("project", project["id"], project | {"state": "DELETED"})
        return {}
    if project["state"] == "ACTIVE":
        raise precondition(f'project "projects/{project["id"]}" must be soft-deleted before it can be purged')
    for database in store.all("database"):
        if database["project"] == project["id"]:
            key = f"{database['instance']}/{database['name']}"
            store.put("database", key, database | {"project": default_project()})
    store.remove("project", project["id"])
    return {}


def default_project() -> str:
    """The id of the project that new databases belong to."""
    from .world import WORKSPACE

    return f"default-{WORKSPACE}"


_P = "/v1/projects/{project}"
_SEARCH: Fields = {"filter": str, "query": str, "orderBy": str, "pageSize": int, "pageToken": str, "showDeleted": bool}

ROUTES = (
    Route("POST", "/v1/projects", "ProjectService/CreateProject", "bb.projects.create", create, PROJECT),
    Route("GET", "/v1/projects", "ProjectService/ListProjects", "bb.projects.list", list_all),
    Route("POST", "/v1/projects:search", "ProjectService/SearchProjects", "", search, _SEARCH),
    Route("GET", _P, "ProjectService/GetProject", "bb.projects.get", get),
    Route("PATCH", _P, "ProjectService/UpdateProject", "bb.projects.update", update, PROJECT),
    Route("DELETE", _P, "ProjectService/DeleteProject", "bb.projects.delete", delete),
)
