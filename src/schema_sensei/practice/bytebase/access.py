"""Who may do what: the predefined roles, the IAM policies of workspace and projects, and what follows from both."""

import json
import time
from functools import cache
from pathlib import Path

from .accounts import member
from .calls import Call
from .refusals import Code, Refusal
from .store import Document, Store
from .wire import Body, lean


@cache
def roles() -> list[Document]:
    """The predefined roles with their permissions, as a server of the 3.22 line lists them."""
    listed: list[Document] = json.loads((Path(__file__).parent / "roles.json").read_text())
    return listed


@cache
def _permissions(role: str) -> frozenset[str]:
    return frozenset(next((each["permissions"] for each in roles() if each["name"] == role), ()))


def roles_of(store: Store, email: str, project: str = "") -> set[str]:
    """The roles of an account in the workspace and, where one is named, in a project."""
    policies = [store.get("policy", "workspace"), store.get("policy", f"projects/{project}") if project else None]
    return {
        binding["role"]
        for policy in policies
        if policy
        for binding in policy["bindings"]
        if {member(email), "allUsers"} & set(binding.get("members", ()))
    }


def may(store: Store, email: str, permission: str, project: str = "") -> bool:
    """Whether the account has the permission."""
    return any(permission in _permissions(role) for role in roles_of(store, email, project))


def grant(store: Store, key: str, role: str, email: str) -> None:
    """Add a binding to the policy of `workspace` or of `projects/x`."""
    policy = store.get("policy", key) or {"bindings": []}
    for binding in policy["bindings"]:
        if binding["role"] == role:
            binding["members"].append(member(email))
            break
    else:
        policy["bindings"].append({"role": role, "members": [member(email)]})
    store.put("policy", key, policy | {"etag": _etag(policy)})


def list_roles(call: Call) -> Body:
    """GET /v1/roles: not paged."""
    return {"roles": roles()}


def workspace_policy(call: Call) -> Body:
    """The workspace's IAM policy."""
    return _shown(call.world.store, "workspace")


def project_policy(call: Call) -> Body:
    """A project's IAM policy."""
    return _shown(call.world.store, f"projects/{call.project()['id']}")


def set_workspace_policy(call: Call) -> Body:
    """Replace the workspace's IAM policy."""
    return _replace(call, "workspace", "workspace")


def set_project_policy(call: Call) -> Body:
    """Replace a project's IAM policy."""
    return _replace(call, f"projects/{call.project()['id']}", "project")


def _shown(store: Store, key: str) -> Body:
    policy = store.get("policy", key) or {}
    return lean({"bindings": policy.get("bindings"), "etag": policy.get("etag")})


def _replace(call: Call, key: str, what: str) -> Body:
    store = call.world.store
    policy = store.get("policy", key) or {}
    if call.body.get("etag") and call.body["etag"] != policy.get("etag"):
        raise Refusal(
            Code.ABORTED,
            f"there is concurrent update to the {what} iam policy, please refresh and try again",
        )
    bindings = [
        {"role": binding.get("role"), "members": binding.get("members"), "condition": binding.get("condition", {})}
        for binding in call.body.get("policy", {}).get("bindings", ())
    ]
    new = {"bindings": bindings}
    store.put("policy", key, new | {"etag": _etag(policy)})
    return _shown(store, key)


def _etag(before: Document) -> str:
    return str(max(int(time.time() * 1000), int(before.get("etag", 0)) + 1))
