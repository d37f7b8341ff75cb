"""The review for machines: JSON, GitHub's workflow commands, GitLab's code quality report.

GitHub: "Workflow commands for GitHub Actions"; GitLab: "Code Quality report format" (CodeClimate's subset).
"""

import json
from collections.abc import Mapping

from ...terms.json import JsonObject
from .model import Hazard, Level, Review
from .report import seen

_GITHUB: Mapping[Level, str] = {"blocks": "error", "danger": "warning", "advice": "notice"}
_GITLAB: Mapping[Level, str] = {"blocks": "blocker", "danger": "major", "advice": "info"}


def as_json(review: Review) -> str:
    """The public form."""
    return json.dumps(review.to_json(), indent=2, ensure_ascii=False)


def github(review: Review) -> str:
    """One annotation a line; what was cleared or accepted is none."""
    return "\n".join(_annotation(each) for each in review.hazards if each.standing)


def gitlab(review: Review) -> str:
    """A list of violations; what was cleared or accepted is none."""
    return json.dumps([_violation(each) for each in review.hazards if each.standing], indent=2, ensure_ascii=False)


def _annotation(hazard: Hazard) -> str:
    place = {"file": hazard.file, "line": str(hazard.line), "title": _title(hazard)}
    named = ",".join(f"{key}={_property(value)}" for key, value in place.items() if value)
    return f"::{_GITHUB[hazard.level]} {named}::{_data(_message(hazard))}"


def _violation(hazard: Hazard) -> JsonObject:
    return {
        "description": f"{_title(hazard)}: {_message(hazard)}",
        "check_name": hazard.id,
        "fingerprint": hazard.key,
        "severity": _GITLAB[hazard.level],
        "location": {"path": hazard.file, "lines": {"begin": max(hazard.line, 1)}},
    }


def _title(hazard: Hazard) -> str:
    return f"{hazard.id} on {hazard.object}" if hazard.object else hazard.id


def _message(hazard: Hazard) -> str:
    return "\n".join(each for each in (hazard.why, seen(hazard), hazard.safer) if each)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
