"""The history of a database: what each task run left of its schema; and the calls about it."""

import uuid

from . import databases, filters
from .calls import Call, Route
from .refusals import missing
from .store import Document
from .wire import Body, lean, now, page
from .world import World


def start(world: World, database: Document, *, run: str = "", title: str = "") -> str:
    """A new entry, pending; its key."""
    key = str(uuid.uuid4())
    entry = {
        "id": key,
        "database": databases.full_name(database),
        "created": now(),
        "status": "PENDING",
        "run": run,
        "title": title,
    }
    with world.store.changing():
        world.store.put("changelog", key, entry)
    return key


def settle(world: World, key: str, status: str, schema: str | None) -> None:
    """How it ended and, where it was read, the schema after it."""
    with world.store.changing():
        entry = world.store.get("changelog", key) or {}
        world.store.put("changelog", key, entry | {"status": status, "schema": schema})


def list_all(call: Call) -> Body:
    """GET {db}/changelogs, newest first; the schema in the FULL view only."""
    name = databases.full_name(databases.demand(call))
    wanted = filters.parse(
        call.query.get("filter", ""), {"status": lambda row: row["status"], "create_time": lambda row: row["created"]}
    )
    rows = [each for each in reversed(call.world.store.all("changelog")) if each["database"] == name and wanted(each)]
    return page(rows, call.query, "changelogs", lambda row: _shown(row, full=_full(call)))


def get(call: Call) -> Body:
    """GET {db}/changelogs/{id}."""
    name = databases.full_name(databases.demand(call))
    found = call.world.store.get("changelog", call.names["changelog"])
    if found is None or found["database"] != name:
        raise missing(f'changelog "{call.names["changelog"]}" not found')
    return _shown(found, full=_full(call))


def _full(call: Call) -> bool:
    return call.query.get("view") == "CHANGELOG_VIEW_FULL"


def _shown(entry: Document, *, full: bool) -> Body:
    schema = (entry.get("schema") or "") if full else ""
    return lean(
        {
            "name": f"{entry['database']}/changelogs/{entry['id']}",
            "createTime": entry["created"],
            "status": entry["status"],
            "schema": schema,
            "schemaSize": str(len(schema.encode())) if schema else None,
            "taskRun": entry["run"],
            "planTitle": entry["title"],
        }
    )


_C = "/v1/instances/{instance}/databases/{database}/changelogs"

ROUTES = (
    Route("GET", _C, "ChangelogService/ListChangelogs", "bb.changelogs.list", list_all),
    Route("GET", f"{_C}/{{changelog}}", "ChangelogService/GetChangelog", "bb.changelogs.get", get),
)
