"""Calls about databases: what the server knows of them since the last sync."""

from collections.abc import Mapping
from functools import partial

from . import access, filters, snapshot
from .calls import Call, Fields, Route, update_mask
from .projects import default_project
from .refusals import Code, Refusal, invalid, lacking, missing
from .store import Document, Store
from .targets import connect, words
from .wire import Body, lean, now, page
from .world import World

DATABASE: Fields = {
    **dict.fromkeys(("name", "state", "project", "environment", "effectiveEnvironment", "release"), str),
    "labels": dict,
    "instanceResource": dict,
    "successfulSyncTime": str,
    "syncStatus": str,
    "backupAvailable": bool,
}


def find(store: Store, names: Mapping[str, str]) -> Document | None:
    """The database that a path names, if it is there."""
    return store.get("database", f"{names['instance']}/{names['database']}")


def by_name(store: Store, name: str) -> Document | None:
    """The database of a name such as instances/i/databases/d."""
    parts = name.split("/")
    if len(parts) != 4 or (parts[0], parts[2]) != ("instances", "databases"):
        raise invalid(f'invalid database name "{name}"')
    return store.get("database", f"{parts[1]}/{parts[3]}")


def demand(call: Call) -> Document:
    """The database that the path names. Raises Refusal."""
    names = call.names
    if call.world.store.get("instance", names["instance"]) is None:
        raise missing(f'instance "{names["instance"]}" not found')
    found = find(call.world.store, names)
    if found is None:
        raise missing(f'database "instances/{names["instance"]}/databases/{names["database"]}" not found')
    return found


def keep(store: Store, instance: str, name: str) -> Document:
    """Remember a database that a sync found."""
    key = f"{instance}/{name}"
    new = {"instance": instance, "name": name, "project": default_project()}
    return store.get("database", key) or store.put("database", key, new)


def full_name(database: Document) -> str:
    """The resource name."""
    return f"instances/{database['instance']}/databases/{database['name']}"


def environment(store: Store, database: Document) -> str:
    """The environment that counts: its own, or the instance's."""
    instance = store.get("instance", database["instance"]) or {}
    return str(database.get("environment") or instance.get("environment", ""))


def resource(instance: Document) -> Body:
    """What of an instance a database shows, too."""
    source = instance["source"]
    shown = {name: source.get(name) for name in ("id", "type", "username", "host", "port", "database", "useSsl")}
    return lean(
        {
            "title": instance["title"],
            "engine": "POSTGRES",
            "engineVersion": instance.get("version"),
            "dataSources": [shown | {"authenticationType": source.get("authenticationType") or "PASSWORD"}],
            "environment": instance["environment"],
        }
    )


def shown(store: Store, database: Document) -> Body:
    """A database as the API shows it."""
    instance = store.get("instance", database["instance"]) or {}
    return lean(
        {
            "name": full_name(database),
            "state": "ACTIVE" if instance.get("state") == "ACTIVE" else "DELETED",
            "successfulSyncTime": database.get("synced"),
            "project": f"projects/{database['project']}",
            "environment": database.get("environment"),
            "effectiveEnvironment": environment(store, database),
            "labels": database.get("labels") or None,
            "instanceResource": resource(instance) | {"name": f"instances/{database['instance']}"},
            "backupAvailable": bool((database.get("snapshot") or {}).get("backup")),
            "syncStatus": database.get("status"),
            "syncError": database.get("error"),
        }
    )


def refresh(world: World, instance: str, name: str) -> str:
    """Read a database's schema and remember it; what went wrong, or "". Waits for locks that others hold."""
    import psycopg

    key = f"{instance}/{name}"
    try:
        with connect(world.store.get("instance", instance) or {}, name, purpose="bytebase-sync") as connection:
            taken = snapshot.take(connection)
    except psycopg.Error as error:
        wrong = words(error)
        with world.store.changing():
            if known := world.store.get("database", key):
                world.store.put("database", key, known | {"status": "FAILED", "error": wrong})
        return wrong
    with world.store.changing():
        if known := world.store.get("database", key):
            known.update(snapshot=taken, synced=now(), status="OK", error="")
            world.store.put("database", key, known)
    return ""


def get(call: Call) -> Body:
    """GET /v1/instances/{i}/databases/{d}."""
    return shown(call.world.store, demand(call))


def list_of_instance(call: Call) -> Body:
    """GET /v1/instances/{i}/databases."""
    from .instances import find as find_instance

    instance = find_instance(call.world.store, call.names["instance"])
    return _list(call, [each for each in call.world.store.all("database") if each["instance"] == instance["id"]])


def list_of_project(call: Call) -> Body:
    """GET /v1/projects/{p}/databases."""
    project = call.names["project"]
    rows = call.world.store.all("database")
    return _list(call, rows if project == "-" else [each for each in rows if each["project"] == project])


def list_of_workspace(call: Call) -> Body:
    """GET /v1/workspaces/{w}/databases."""
    return _list(call, call.world.store.all("database"))


def get_many(call: Call) -> Body:
    """GET /v1/{parent}/databases:batchGet?names=...&names=..."""
    store = call.world.store
    names = [name for name in call.query.get("names", "").split(",") if name]
    rows = []
    for name in names:
        found = by_name(store, name)
        if found is None:
            raise missing(f'database "{name}" not found')
        rows.append(shown(store, found))
    return lean({"databases": rows})


def update(call: Call) -> Body:
    """PATCH of project, labels or environment."""
    store = call.world.store
    database = demand(call)
    for path in update_mask(call.query, call.body):
        given = call.body.get(path)
        if path == "project":
            project = str(given or "").removeprefix("projects/")
            if store.get("project", project) is None:
                raise missing(f'project "{project}" not found')
            database["project"] = project
        elif path == "labels":
            database["labels"] = given or {}
        elif path == "environment":
            if given and given not in {each["name"] for each in call.world.environments()}:
                raise missing(f'environment "{given}" not found')
            database["environment"] = given or ""
        else:
            raise invalid(f'unsupported update mask path "{path}"')
    store.put("database", f"{database['instance']}/{database['name']}", database)
    return shown(store, database)


def sync(call: Call) -> Body:
    """POST {db}:sync: returns when the schema has been read."""
    database = demand(call)
    wrong = refresh(call.world, database["instance"], database["name"])
    if wrong:
        raise Refusal(Code.INTERNAL, f"failed to sync database schema: {wrong}")
    return {}


def sync_many(call: Call) -> Body:
    """POST {instance}/databases:batchSync: returns at once; all the databases are the instance's."""
    parent = call.names["instance"]
    if call.world.store.get("instance", parent) is None:
        raise invalid(f'instance "{parent}" not found')
    found = [database for name in call.body.get("names", ()) if (database := by_name(call.world.store, name))]
    for database in found:
        if not access.may(call.world.store, call.caller, "bb.databases.sync", database["project"]):
            raise lacking("DatabaseService/BatchSyncDatabases", "", f"projects/{database['project']}")
    for database in found:
        call.world.later(0.0, partial(refresh, call.world, database["instance"], database["name"]))
    return {}


def schema(call: Call) -> Body:
    """GET {db}/schema: the text as of the last sync; reads it only if there was none."""
    database = demand(call)
    if not database.get("snapshot"):
        refresh(call.world, database["instance"], database["name"])
    return lean({"schema": (demand(call).get("snapshot") or {}).get("schema")})


def metadata(call: Call) -> Body:
    """GET {db}/metadata: schemas, tables, columns and indexes."""
    database = demand(call)
    taken = database.get("snapshot")
    if not taken:
        raise missing(f'database schema "{full_name(database)}" not found')
    return lean(
        {
            "name": f"{full_name(database)}/metadata",
            "schemas": [
                {"name": name, "owner": owner, "comment": comment, "tables": _tables(taken, name)}
                for name, owner, comment in taken["schemas"]
            ],
            "characterSet": taken["characterSet"],
            "collation": taken["collation"],
            "owner": taken["owner"],
        }
    )


def _tables(taken: Document, schema: str) -> list[Body]:
    return [
        {
            "name": table["name"],
            "comment": table["comment"],
            "rowCount": str(table["rows"]) if table["rows"] else None,
            "dataSize": table["size"],
            "columns": [
                {"name": name, "position": place, "type": kind, "nullable": not mandatory, "default": default}
                for place, (name, kind, mandatory, default, *_) in enumerate(table["columns"], 1)
            ],
            "indexes": [{"name": name, "definition": definition} for name, definition in table["indexes"]],
        }
        for table in taken["tables"]
        if table["schema"] == schema
    ]


def _list(call: Call, rows: list[Document]) -> Body:
    store = call.world.store
    conditions = filters.parse(
        call.query.get("filter", ""),
        {
            "environment": lambda row: environment(store, row),
            "name": lambda row: row["name"],
            "project": lambda row: f"projects/{row['project']}",
            "instance": lambda row: f"instances/{row['instance']}",
            "engine": lambda row: "POSTGRES",
        },
    )
    kept = sorted(
        (row for row in rows if conditions(row)), key=lambda row: (row["project"], row["instance"], row["name"])
    )
    return page(kept, call.query, "databases", lambda row: shown(store, row))


_D = "/v1/instances/{instance}/databases"
_ONE = f"{_D}/{{database}}"


def group(call: Call) -> Body:
    """GET /v1/projects/{p}/databaseGroups/{g}; groups are there only where somebody put one into the store."""
    name = f"projects/{call.names['project']}/databaseGroups/{call.names['group']}"
    found = call.world.store.get("databaseGroup", name)
    if found is None:
        raise missing(f'database group "{name}" not found')
    matched = found["databases"] if call.query.get("view") == "DATABASE_GROUP_VIEW_FULL" else []
    return lean({"name": name, "title": found["title"], "matchedDatabases": [{"name": each} for each in matched]})


ROUTES = (
    Route(
        "GET",
        "/v1/projects/{project}/databaseGroups/{group}",
        "DatabaseGroupService/GetDatabaseGroup",
        "bb.databaseGroups.get",
        group,
        {"view": str},
    ),
    Route("GET", _ONE, "DatabaseService/GetDatabase", "bb.databases.get", get),
    Route("GET", _D, "DatabaseService/ListDatabases", "bb.databases.list", list_of_instance),
    Route(
        "GET", "/v1/projects/{project}/databases", "DatabaseService/ListDatabases", "bb.databases.list", list_of_project
    ),
    Route(
        "GET",
        "/v1/workspaces/{workspace}/databases",
        "DatabaseService/ListDatabases",
        "bb.databases.list",
        list_of_workspace,
    ),
    Route("GET", f"{_D}:batchGet", "DatabaseService/BatchGetDatabases", "bb.databases.get", get_many),
    Route("PATCH", _ONE, "DatabaseService/UpdateDatabase", "bb.databases.update", update, DATABASE),
    Route(
        "POST",
        f"{_D}:batchSync",
        "DatabaseService/BatchSyncDatabases",
        "",
        sync_many,
        {"names": [str], "parent": str},
    ),
    Route(
        "POST",
        f"{_ONE}:sync",
        "DatabaseService/SyncDatabase",
        "bb.databases.sync",
        sync,
        {"name": str},
        outside_lock=True,
    ),
    Route(
        "GET",
        f"{_ONE}/schema",
        "DatabaseService/GetDatabaseSchema",
        "bb.databases.getSchema",
        schema,
        outside_lock=True,
    ),
    Route("GET", f"{_ONE}/metadata", "DatabaseService/GetDatabaseMetadata", "bb.databases.getSchema", metadata),
)
