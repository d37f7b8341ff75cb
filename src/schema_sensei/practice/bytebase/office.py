"""What the practice project needs of its Bytebase: databases of two environments, who deploys, who reviews."""

import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from . import access, databases
from .accounts import SERVICE_DOMAIN, new_service_key
from .seeding import REVIEWER, Seed, seed
from .world import World

DEPLOYER = f"sensei@{SERVICE_DOMAIN}"
PROJECT = "dashboard"
ENVIRONMENTS = ("staging", "prod")
REVIEWED = ("prod",)
"""Environments whose changes wait for the reviewer; the others are asked for no approval."""
REVIEW_AFTER = 3.0
"""Seconds until the reviewer approves by himself, long enough to be seen."""

_FILE = "office.json"


@dataclass(frozen=True, slots=True)
class Office:
    """The host (a socket's directory), port and user of the databases; the passwords; when the reviewer approves by
    himself, None when a person plays him.
    """

    host: str
    port: int
    user: str
    deployer_key: str
    reviewer_key: str
    review_after: float | None = REVIEW_AFTER


def settle(home: Path, *, host: str, port: int, user: str, person_reviews: bool | None = None) -> Office:
    """Write down the office before the server starts; passwords and, unless it is told, the reviewer's way stay."""
    earlier = read(home)
    if earlier is None:
        office = Office(host, port, user, new_service_key(), secrets.token_urlsafe(15))
    else:
        office = replace(earlier, host=host, port=port, user=user)
    if person_reviews is not None:
        office = replace(office, review_after=None if person_reviews else REVIEW_AFTER)
    if office != earlier:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = home / f"{_FILE}.new"
        half.touch(mode=0o600)
        half.write_text(json.dumps(asdict(office)))
        half.replace(home / _FILE)
    return office


def read(home: Path) -> Office | None:
    """The office that was written down."""
    try:
        kept: dict[str, Any] = json.loads((home / _FILE).read_text())
    except FileNotFoundError:
        return None
    return Office(**kept)


def database(environment: str) -> str:
    """The name that the environment's database has on the server."""
    return f"instances/{environment}-pg/databases/{environment}"


def furnish(world: World, office: Office) -> None:
    """Put it all on the server; what is there already is kept, addresses and passwords are renewed."""
    seed(world, Seed(ENVIRONMENTS, REVIEWED))
    store = world.store
    with store.changing():
        new = store.get("project", PROJECT) is None
        world.accounts.add(DEPLOYER, "Sensei", office.deployer_key)
        world.accounts.add(REVIEWER, "Reviewer", office.reviewer_key)
        if new:
            settings = {"executionRetryPolicy": {}, "requireIssueApproval": True}
            store.put(
                "project", PROJECT, {"id": PROJECT, "state": "ACTIVE", "title": "Dashboard", "settings": settings}
            )
            for email in (DEPLOYER, REVIEWER):
                access.grant(store, "workspace", "roles/workspaceMember", email)
                access.grant(store, f"projects/{PROJECT}", "roles/projectOwner", email)
        for environment in ENVIRONMENTS:
            name = f"{environment}-pg"
            source = {"id": "admin", "type": "ADMIN", "host": office.host, "port": str(office.port)}
            instance = {
                "id": name,
                "state": "ACTIVE",
                "title": f"{environment} PostgreSQL",
                "environment": f"environments/{environment}",
                "source": source | {"username": office.user},
                "databases": [environment],
            }
            store.put("instance", name, (store.get("instance", name) or {}) | instance)
            known = databases.keep(store, name, environment)
            store.put("database", f"{name}/{environment}", known | {"project": PROJECT})
    for environment in ENVIRONMENTS:
        if not (store.get("database", f"{environment}-pg/{environment}") or {}).get("snapshot"):
            databases.refresh(world, f"{environment}-pg", environment)
