"""Calls about the server and its one workspace: version, licence, environments, settings, policies, accounts."""

from typing import Any

from . import access
from .accounts import SERVICE_DOMAIN, is_service, new_service_key
from .calls import Call, Fields, Route
from .refusals import Code, Refusal, invalid, missing, precondition, unlicensed
from .store import Document
from .wire import Body, lean, now
from .world import VERSION, WORKSPACE

COLOR = {"red": 0.30980393, "green": 0.27450982, "blue": 0.8980392}


def environment(name: str) -> Document:
    """An environment as the setting holds it."""
    return {"name": f"environments/{name}", "id": name, "title": name.capitalize(), "color": COLOR}


def actuator(call: Call) -> Body:
    """GET /v1/actuator/info."""
    store = call.world.store
    users = [each for each in store.all("account") if not is_service(each["email"])]
    return lean(
        {
            "version": VERSION,
            "gitCommit": "unknown",
            "externalUrl": call.world.address,
            "lastActiveTime": now()[:19] + "Z",
            "workspace": f"workspaces/{WORKSPACE}",
            "totalInstanceCount": len([each for each in store.all("instance") if each["state"] == "ACTIVE"]),
            "externalUrlFromFlag": True,
            "replicaCount": 1,
            "defaultProject": f"projects/default-{WORKSPACE}",
            "userCountInIam": len(users),
        }
    )


def restriction(call: Call) -> Body:
    """GET /v1/auth/restriction."""
    return {"restriction": {"passwordRestriction": {"minLength": 8}}}


def subscription(call: Call) -> Body:
    """GET /v1/subscription."""
    return {"plan": call.world.licence}


def log_in(call: Call) -> Body:
    """POST /v1/auth/login."""
    return call.world.accounts.log_in(call.body)


def sign_up(call: Call) -> Body:
    """POST /v1/auth/signup: the first person becomes the workspace's administrator."""
    email, password = str(call.body.get("email", "")), str(call.body.get("password", ""))
    if not email or len(password) < 8:
        raise invalid("password length should no less than 8 characters" if email else "email must be set")
    world = call.world
    if world.accounts.find(email):
        raise Refusal(Code.EXISTS, f'email "{email}" already exists')
    first = not any(not is_service(each["email"]) for each in world.store.all("account"))
    account = world.accounts.add(email, str(call.body.get("title", email)), password)
    access.grant(world.store, "workspace", "roles/workspaceAdmin" if first else "roles/workspaceMember", email)
    return {"user": world.accounts.user(account)}


def me(call: Call) -> Body:
    """GET /v1/users/{email}, `me` for the caller."""
    email = call.caller if call.names["user"] == "me" else call.names["user"]
    account = call.world.accounts.find(email)
    if account is None:
        raise missing(f'user "{email}" not found')
    return call.world.accounts.user(account)


def create_service_account(call: Call) -> Body:
    """POST /v1/workspaces/{w}/serviceAccounts: the only answer that shows the key."""
    name = call.query.get("serviceAccountId", "")
    if not name:
        raise invalid("service account ID is required")
    email = f"{name}@{SERVICE_DOMAIN}"
    accounts = call.world.accounts
    if accounts.find(email):
        raise Refusal(Code.EXISTS, f'service account "{email}" already exists')
    key = new_service_key()
    account = accounts.add(email, str(call.body.get("serviceAccount", call.body).get("title", "")), key)
    access.grant(call.world.store, "workspace", "roles/workspaceMember", email)
    return _service_account(account) | {"serviceKey": key}


def list_service_accounts(call: Call) -> Body:
    """GET /v1/workspaces/{w}/serviceAccounts."""
    accounts = [each for each in call.world.store.all("account") if is_service(each["email"])]
    return lean({"serviceAccounts": [_service_account(each) for each in accounts]})


def delete_service_account(call: Call) -> Body:
    """DELETE /v1/serviceAccounts/{email}."""
    email = call.names["account"]
    if call.world.accounts.find(email) is None:
        raise missing(f'service account "{email}" not found')
    call.world.store.remove("account", email)
    return {}


def get_setting(call: Call) -> Body:
    """GET /v1/settings/{NAME}."""
    name = call.names["setting"]
    found = call.world.store.get("setting", name)
    if name == "ENVIRONMENT":
        return {"name": "settings/ENVIRONMENT", "value": {"environment": {"environments": call.world.environments()}}}
    if name == "WORKSPACE_APPROVAL":
        return {"name": f"settings/{name}", "value": {"workspaceApproval": {"rules": (found or {}).get("rules", [])}}}
    raise missing(f"setting settings/{name} not found")


def set_setting(call: Call) -> Body:
    """PATCH /v1/settings/{NAME}."""
    name = call.names["setting"]
    value: dict[str, Any] = call.body.get("value", {})
    store = call.world.store
    if name == "WORKSPACE_APPROVAL":
        if call.world.licence != "ENTERPRISE":
            raise unlicensed("APPROVAL_WORKFLOW", "ENTERPRISE")
        store.put("setting", name, {"rules": value.get("workspaceApproval", {}).get("rules", [])})
    elif name == "ENVIRONMENT":
        given = value.get("environment", {}).get("environments", [])
        store.put("setting", name, {"environments": [environment(each["id"]) | each for each in given]})
    else:
        raise precondition(f"setting settings/{name} cannot be changed on a practice server")
    return get_setting(call)


def get_policy(call: Call) -> Body:
    """GET /v1/environments/{e}/policies/ROLLOUT_POLICY."""
    return _policy(call)


def set_policy(call: Call) -> Body:
    """PATCH or POST of an environment's rollout policy."""
    name = call.names["environment"]
    if name not in {each["id"] for each in call.world.environments()}:
        raise missing(f'environment "environments/{name}" not found')
    call.world.store.put("rollout_policy", name, lean(call.body.get("rolloutPolicy", {})))
    return _policy(call)


def _policy(call: Call) -> Body:
    name, kind = call.names["environment"], call.names.get("policy", "rollout_policy")
    if kind.lower() != "rollout_policy":
        raise missing(f"policy {kind} not found")
    return {
        "name": f"environments/{name}/policies/rollout_policy",
        "type": "ROLLOUT_POLICY",
        "rolloutPolicy": call.world.store.get("rollout_policy", name) or {},
        "enforce": True,
        "resourceType": "ENVIRONMENT",
    }


def search_audit_logs(call: Call) -> Body:
    """POST auditLogs:search: not on FREE."""
    if call.world.licence == "FREE":
        raise unlicensed("AUDIT_LOG", "TEAM")
    return {}


def create_database_group(call: Call) -> Body:
    """POST /v1/projects/{p}/databaseGroups: not on FREE, and not on a practice server."""
    call.project()
    if call.world.licence == "FREE":
        raise unlicensed("DATABASE_GROUPS", "TEAM")
    raise Refusal(Code.UNIMPLEMENTED, "the practice server has no database groups")


def _service_account(account: Document) -> Body:
    email = account["email"]
    return {"name": f"serviceAccounts/{email}", "state": "ACTIVE", "email": email, "title": account["title"]}


_BINDING: Fields = {
    "role": str,
    "members": [str],
    "condition": dict.fromkeys(("expression", "title", "description"), str),
}
_POLICY: Fields = {"policy": {"bindings": [_BINDING], "etag": str}, "etag": str}
_COLOR: Fields = {"red": float, "green": float, "blue": float, "alpha": float}
_ENVIRONMENT: Fields = {"name": str, "id": str, "title": str, "tags": dict, "color": _COLOR}
_FLOW: Fields = {"flow": {"roles": [str]}, "title": str, "description": str, "id": str}
_RULE: Fields = {"template": _FLOW, "condition": {"expression": str, "title": str, "description": str}, "source": str}
_SETTING: Fields = {
    "name": str,
    "value": {"environment": {"environments": [_ENVIRONMENT]}, "workspaceApproval": {"rules": [_RULE]}},
}
_LOGIN: Fields = dict.fromkeys(
    ("email", "password", "otpCode", "recoveryCode", "mfaTempToken", "idpName", "workspace", "emailCode"), str
) | {"web": bool}
_SERVICE_ACCOUNT: Fields = dict.fromkeys(("name", "state", "email", "title", "serviceKey"), str)
_ROLLOUT_POLICY: Fields = {
    "name": str,
    "type": str,
    "rolloutPolicy": {"automatic": bool, "roles": [str]},
    "inheritFromParent": bool,
    "enforce": bool,
    "resourceType": str,
}
_W, _E = "/v1/workspaces/{workspace}", "/v1/environments/{environment}/policies"

ROUTES = (
    Route("GET", "/v1/actuator/info", "ActuatorService/GetActuatorInfo", "", actuator),
    Route("GET", "/v1/auth/restriction", "AuthService/GetRestriction", "-", restriction),
    Route("POST", "/v1/auth/login", "AuthService/Login", "-", log_in, _LOGIN),
    Route("POST", "/v1/auth/signup", "AuthService/Signup", "-", sign_up, {"email": str, "password": str, "title": str}),
    Route("GET", "/v1/subscription", "SubscriptionService/GetSubscription", "", subscription),
    Route("GET", "/v1/users/{user}", "UserService/GetUser", "", me),
    Route("GET", "/v1/roles", "RoleService/ListRoles", "bb.roles.list", access.list_roles),
    Route(
        "POST",
        f"{_W}/serviceAccounts",
        "ServiceAccountService/CreateServiceAccount",
        "bb.serviceAccounts.create",
        create_service_account,
        _SERVICE_ACCOUNT,
    ),
    Route(
        "GET",
        f"{_W}/serviceAccounts",
        "ServiceAccountService/ListServiceAccounts",
        "bb.serviceAccounts.list",
        list_service_accounts,
    ),
    Route(
        "DELETE",
        "/v1/serviceAccounts/{account}",
        "ServiceAccountService/DeleteServiceAccount",
        "bb.serviceAccounts.delete",
        delete_service_account,
    ),
    Route(
        "GET",
        f"{_W}:getIamPolicy",
        "WorkspaceService/GetIamPolicy",
        "bb.workspaces.getIamPolicy",
        access.workspace_policy,
    ),
    Route(
        "POST",
        f"{_W}:setIamPolicy",
        "WorkspaceService/SetIamPolicy",
        "bb.workspaces.setIamPolicy",
        access.set_workspace_policy,
        _POLICY,
    ),
    Route(
        "GET",
        "/v1/projects/{project}:getIamPolicy",
        "ProjectService/GetIamPolicy",
        "bb.projects.getIamPolicy",
        access.project_policy,
    ),
    Route(
        "POST",
        "/v1/projects/{project}:setIamPolicy",
        "ProjectService/SetIamPolicy",
        "bb.projects.setIamPolicy",
        access.set_project_policy,
        _POLICY,
    ),
    Route("GET", "/v1/settings/{setting}", "SettingService/GetSetting", "bb.settings.getEnvironment", get_setting),
    Route("PATCH", "/v1/settings/{setting}", "SettingService/UpdateSetting", "bb.settings.set", set_setting, _SETTING),
    Route("GET", f"{_E}/{{policy}}", "OrgPolicyService/GetPolicy", "bb.policies.get", get_policy),
    Route(
        "PATCH", f"{_E}/{{policy}}", "OrgPolicyService/UpdatePolicy", "bb.policies.update", set_policy, _ROLLOUT_POLICY
    ),
    Route("POST", _E, "OrgPolicyService/CreatePolicy", "bb.policies.create", set_policy, _ROLLOUT_POLICY),
    Route(
        "POST",
        "/v1/projects/{project}/databaseGroups",
        "DatabaseGroupService/CreateDatabaseGroup",
        "bb.databaseGroups.create",
        create_database_group,
        {"name": str, "title": str, "databaseExpr": {"expression": str}},
    ),
    Route(
        "POST",
        "/v1/projects/{project}/auditLogs:search",
        "AuditLogService/SearchAuditLogs",
        "",
        search_audit_logs,
        {"filter": str, "orderBy": str, "pageSize": int, "pageToken": str, "parent": str},
    ),
)
