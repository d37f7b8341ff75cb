"""Calls about sheets: SQL texts, found by the digest of their bytes."""

import base64
import binascii
import hashlib
import json

from .calls import Call, Fields, Route
from .refusals import invalid, missing
from .store import Document, Store
from .wire import Body, lean

CUT = 2 * 1024 * 1024
"""Bytes of a sheet that are shown without `raw`."""

SHEET: Fields = {"name": str, "content": str, "contentSize": int}


def create(call: Call) -> Body:
    """POST /v1/projects/{p}/sheets; the same text again is the same sheet."""
    return _shown(keep(call.world.store, call.project()["id"], _content(call.body)), whole=False)


def create_many(call: Call) -> Body:
    """POST /v1/projects/{p}/sheets:batchCreate."""
    project = call.project()["id"]
    contents = [_content(each.get("sheet", {})) for each in call.body.get("requests", ())]
    return lean({"sheets": [_shown(keep(call.world.store, project, each), whole=False) for each in contents]})


def get(call: Call) -> Body:
    """GET /v1/projects/{p}/sheets/{sha256}: only in a project through which it was made."""
    project = call.project()["id"]
    found = call.world.store.get("sheet", f"{project}/{call.names['sheet']}")
    if found is None:
        raise missing(f'sheet "projects/{project}/sheets/{call.names["sheet"]}" not found')
    return _shown(found, whole=call.query.get("raw") == "true")


def keep(store: Store, project: str, content: bytes) -> Document:
    """Remember a text for a project."""
    digest = hashlib.sha256(content).hexdigest()
    sheet = {"project": project, "digest": digest, "content": base64.b64encode(content).decode()}
    return store.get("sheet", f"{project}/{digest}") or store.put("sheet", f"{project}/{digest}", sheet)


def text(store: Store, project: str, digest: str) -> str:
    """The SQL of a sheet. Raises Refusal."""
    found = store.get("sheet", f"{project}/{digest}")
    if found is None:
        raise missing(f'sheet "projects/{project}/sheets/{digest}" not found')
    return base64.b64decode(found["content"]).decode("utf-8", "replace")


def _content(body: Body) -> bytes:
    try:
        given: str = body.get("content", "")
        return base64.b64decode(given, validate=True)
    except binascii.Error:
        raise invalid(f"proto: invalid value for bytes field content: {json.dumps(given)}") from None


def _shown(sheet: Document, *, whole: bool) -> Body:
    content = base64.b64decode(sheet["content"])
    cut = content if whole else content[:CUT]
    return lean(
        {
            "name": f"projects/{sheet['project']}/sheets/{sheet['digest']}",
            "content": base64.b64encode(cut).decode(),
            "contentSize": str(len(content)) if content else None,
        }
    )


_S = "/v1/projects/{project}/sheets"

ROUTES = (
    Route("POST", _S, "SheetService/CreateSheet", "bb.sheets.create", create, SHEET),
    Route(
        "POST",
        f"{_S}:batchCreate",
        "SheetService/BatchCreateSheets",
        "bb.sheets.create",
        create_many,
        {"parent": str, "requests": [{"parent": str, "sheet": SHEET}]},
    ),
    Route("GET", f"{_S}/{{sheet}}", "SheetService/GetSheet", "bb.sheets.get", get),
)
