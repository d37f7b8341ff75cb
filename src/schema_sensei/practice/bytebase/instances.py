"""Calls about instances: PostgreSQL servers, which belong to an environment."""

from functools import partial
from typing import Any

from . import databases
from .calls import Call, Fields, Route, update_mask
from .projects import default_project
from .refusals import Code, Refusal, invalid, missing, precondition
from .store import Document, Store
from .targets import connect, refused_connection
from .wire import Body, lean, now, page
from .world import World

FREE_INSTANCES = 10
"""How many instances a FREE or TEAM workspace may have."""

SOURCE: Fields = {
    **dict.fromkeys(
        ("id", "type", "host", "port", "username", "password", "database", "authenticationType", "sslCa", "sslCert"),
        str,
    ),
    "useSsl": bool,
    "verifyTlsCertificate": bool,
    "extraConnectionParameters": dict,
}
INSTANCE: Fields = {
    **dict.fromkeys(("name", "state", "title", "engine", "engineVersion", "externalLink", "environment"), str),
    "dataSources": [SOURCE],
    "activation": bool,
    "syncDatabases": [str],
    "syncInterval": str,
    "labels": dict,
}

_ROLES = "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles ORDER BY oid"
_ATTRIBUTES = ("Superuser", "Create role", "Create DB", "Replication", "Bypass RLS+")


def find(store: Store, name: str) -> Document:
    """An instance that is not deleted. Raises Refusal."""
    found = store.get("instance", name)
    if found is None or found["state"] != "ACTIVE":
        raise missing(f'instance "instances/{name}" not found')
    return found


def shown(instance: Document) -> Body:
    """An instance as the API shows it; secrets are never told."""
    return lean(
        {
            "name": f"instances/{instance['id']}",
            "state": instance["state"],
            **databases.resource(instance),
            "roles": instance.get("roles"),
            "syncDatabases": instance.get("databases"),
            "lastSyncTime": instance.get("synced"),
        }
    )


def create(call: Call) -> Body:
    """POST /v1/instances?instanceId=ID[&validateOnly=true]; a first sync that fails is no obstacle."""
    world, name = call.world, call.query.get("instanceId", "")
    if call.body.get("engine") != "POSTGRES":
        raise invalid("the practice server knows engine POSTGRES only")
    sources = [each for each in call.body.get("dataSources", ()) if each.get("type") == "ADMIN"]
    if not sources:
        raise invalid("data sources is required")
    environment = str(call.body.get("environment", ""))
    instance = {
        "id": name,
        "state": "ACTIVE",
        "title": call.body.get("title", ""),
        "environment": environment,
        "source": sources[0],
        "databases": call.body.get("syncDatabases"),
    }
    if call.query.get("validateOnly") == "true":
        _try(instance)
        return shown(instance)
    with world.store.changing():
        _refuse(world, name, environment, activation=bool(call.body.get("activation")))
        world.store.put("instance", name, instance)
    _sync(world, instance)
    return shown(instance)


def get(call: Call) -> Body:
    """GET /v1/instances/{i}."""
    return shown(find(call.world.store, call.names["instance"]))


def list_all(call: Call) -> Body:
    """GET /v1/instances."""
    rows = [each for each in call.world.store.all("instance") if each["state"] == "ACTIVE"]
    return page(rows, call.query, "instances", shown)


def update(call: Call) -> Body:
    """PATCH /v1/instances/{i}: title, environment and labels."""
    store = call.world.store
    instance = find(store, call.names["instance"])
    for path in update_mask(call.query, call.body):
        if path not in ("title", "environment"):
            raise invalid(f'unsupported update_mask "{path}"')
        instance[path] = call.body.get(path, "")
    store.put("instance", instance["id"], instance)
    return shown(instance)


def delete(call: Call) -> Body:
    """DELETE /v1/instances/{i}[?force=true]: kept as deleted; `purge` then forgets it with its databases."""
    store, name = call.world.store, call.names["instance"]
    own = [each for each in store.all("database") if each["instance"] == name]
    if call.query.get("purge") == "true":
        if (store.get("instance", name) or {"state": "ACTIVE"})["state"] == "ACTIVE":
            raise precondition(f'instance "instances/{name}" must be soft-deleted before it can be purged')
        for database in own:
            store.remove("database", f"{name}/{database['name']}")
        store.remove("instance", name)
        return {}
    instance = find(store, name)
    used = [each["name"] for each in own if each["project"] != default_project()]
    if used and call.query.get("force") != "true":
        raise precondition(
            f"all databases should be transferred to the unassigned project before deleting the instance, {used}"
        )
    for database in own:
        store.put("database", f"{name}/{database['name']}", database | {"project": default_project()})
    store.put("instance", name, instance | {"state": "DELETED"})
    return {}


def sync(call: Call) -> Body:
    """POST /v1/instances/{i}:sync: lists the databases; with enableFullSync reads each of them afterwards."""
    instance = find(call.world.store, call.names["instance"])
    names = _sync(call.world, instance)
    if call.body.get("enableFullSync"):
        call.world.later(call.world.pace.full_sync, partial(_refresh_all, call.world, instance["id"], names))
    return lean({"databases": names})


def _refresh_all(world: World, instance: str, names: list[str]) -> None:
    for name in names:
        databases.refresh(world, instance, name)


def _refuse(world: World, name: str, environment: str, *, activation: bool) -> None:
    known = {each["name"] for each in world.environments()}
    active = [each for each in world.store.all("instance") if each["state"] == "ACTIVE"]
    if activation and world.licence != "ENTERPRISE":
        raise Refusal(Code.EXHAUSTED, "activation instance count has reached the limit (0)")
    if world.store.get("instance", name):
        raise Refusal(Code.EXISTS, f'instance ID "{name}" already exists')
    if environment and environment not in known:
        raise missing(f'environment "{environment}" not found')
    if world.licence != "ENTERPRISE" and len(active) >= FREE_INSTANCES:
        raise Refusal(Code.EXHAUSTED, f"reached the maximum instance count {FREE_INSTANCES}")


def _try(instance: Document) -> None:
    import psycopg

    try:
        connect(instance, instance["source"].get("database") or "postgres", purpose="bytebase").close()
    except psycopg.Error as error:
        raise invalid(refused_connection(instance, error)) from None


def _sync(world: World, instance: Document) -> list[str]:
    """Read version, roles and databases; what is new belongs to the default project."""
    import psycopg

    try:
        with connect(instance, instance["source"].get("database") or "postgres", purpose="bytebase") as connection:
            names = [
                str(name)
                for (name,) in connection.execute(
                    "SELECT datname FROM pg_database WHERE NOT datistemplate AND datallowconn ORDER BY oid"
                ).fetchall()
            ]
            rows: list[tuple[Any, ...]] = connection.execute(_ROLES).fetchall()
            version = connection.info.server_version
    except psycopg.Error:
        return []
    chosen = [name for name in names if not instance.get("databases") or name in instance["databases"]]
    with world.store.changing():
        instance["version"] = f"{version // 10000}.0.{version % 10000}"
        instance["roles"] = [_role(instance, *row) for row in rows if not row[0].startswith("pg_")]
        instance["synced"] = now()
        world.store.put("instance", instance["id"], instance)
        for name in chosen:
            databases.keep(world.store, instance["id"], name)
    return chosen


def _role(instance: Document, name: str, *attributes: bool) -> Body:
    held = " ".join(word for word, has in zip(_ATTRIBUTES, attributes, strict=True) if has)
    return lean({"name": f"instances/{instance['id']}/roles/{name}", "roleName": name, "attribute": held})


_I = "/v1/instances"

ROUTES = (
    Route("POST", _I, "InstanceService/CreateInstance", "bb.instances.create", create, INSTANCE, outside_lock=True),
    Route("GET", _I, "InstanceService/ListInstances", "bb.instances.list", list_all),
    Route("GET", f"{_I}/{{instance}}", "InstanceService/GetInstance", "bb.instances.get", get),
    Route("PATCH", f"{_I}/{{instance}}", "InstanceService/UpdateInstance", "bb.instances.update", update, INSTANCE),
    Route("DELETE", f"{_I}/{{instance}}", "InstanceService/DeleteInstance", "bb.instances.delete", delete),
    Route(
        "POST",
        f"{_I}/{{instance}}:sync",
        "InstanceService/SyncInstance",
        "bb.instances.sync",
        sync,
        {"enableFullSync": bool, "name": str},
        outside_lock=True,
    ),
)
