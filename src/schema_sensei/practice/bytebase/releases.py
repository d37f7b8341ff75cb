"""The ad-hoc check of SQL on databases, which stores nothing."""

import base64
import binascii

from . import checking, databases
from .calls import Call, Fields, Route
from .refusals import invalid, missing
from .wire import Body, lean

_RISKS = ("LOW", "MODERATE", "HIGH")


def check(call: Call) -> Body:
    """POST /v1/projects/{p}/releases:check: advice, the planner's estimate of rows, and a level of risk."""
    call.project()
    release = call.body.get("release", {})
    if release.get("type") not in {"VERSIONED", "DECLARATIVE"}:
        raise invalid(f'unexpected release type "{release.get("type", "TYPE_UNSPECIFIED")}"')
    results = [_one(call, file, target) for file in release.get("files", ()) for target in call.body.get("targets", ())]
    total = sum(int(result.get("affectedRows", 0)) for result in results)
    return lean(
        {
            "results": results,
            "affectedRows": str(total) if total else None,
            "riskLevel": max(
                (each["riskLevel"] for each in results if "riskLevel" in each), key=_RISKS.index, default=""
            ),
        }
    )


def _one(call: Call, file: Body, target: str) -> Body:
    database = databases.by_name(call.world.store, target)
    if database is None:
        raise missing(f'database "{target}" not found')
    try:
        text = base64.b64decode(file.get("statement", ""), validate=True).decode("utf-8", "replace")
    except binascii.Error:
        raise invalid("proto: invalid value for bytes field statement") from None
    shown: Body = {"file": file.get("path"), "target": target}
    if not database.get("snapshot"):
        advice = {
            "status": "ERROR",
            "code": 1,
            "title": "Failed to check",
            "content": f"database schema {target} not found",
        }
        return lean(shown | {"advices": [advice]})
    try:
        advices, kinds, rows = checking.judge(call.world, database, text)
    except checking.SyntaxWrong as error:
        place = {"line": error.line, "column": error.column}
        advice = {"status": "ERROR", "code": checking.SYNTAX, "title": "Syntax error", "content": str(error)}
        return lean(shown | {"advices": [advice | {"startPosition": place}]})
    return lean(
        shown
        | {
            "advices": [advice | {"ruleType": "PARSER_BASED"} for advice in advices],
            "affectedRows": str(rows) if rows and any(kind in {"UPDATE", "DELETE"} for kind in kinds) else None,
            "riskLevel": _risk(kinds),
        }
    )


def _risk(kinds: list[str]) -> str:
    if any(kind.startswith("DROP") or kind == "TRUNCATE" for kind in kinds):
        return "HIGH"
    return "MODERATE" if any(kind.startswith("ALTER") for kind in kinds) else "LOW"


_FILE: Fields = {"path": str, "version": str, "statement": str, "sheet": str, "sheetSha256": str}
_RELEASE: Fields = {"name": str, "type": str, "category": str, "vcsSource": dict, "files": [_FILE]}
_CHECK: Fields = {"parent": str, "release": _RELEASE, "targets": [str], "customRules": str, "vcsUser": str}

ROUTES = (
    Route(
        "POST",
        "/v1/projects/{project}/releases:check",
        "ReleaseService/CheckRelease",
        "bb.releases.check",
        check,
        _CHECK,
        outside_lock=True,
    ),
)
