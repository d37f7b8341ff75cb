"""What a practice server holds from the start: environments, people with their roles, and nothing else."""

import secrets
from dataclasses import dataclass

from . import access
from .projects import default_project
from .workspace import environment
from .world import World

ADMIN = "admin@example.com"
REVIEWER = "reviewer@example.com"


@dataclass(frozen=True, slots=True)
class Seed:
    """A workspace as it is found: environments in rollout order; with `approval`, changes of these need a reviewer."""

    environments: tuple[str, ...] = ("test", "prod")
    approval: tuple[str, ...] = ()


def seed(world: World, wanted: Seed) -> None:
    """Put it there, unless it is: a second time nothing happens."""
    store = world.store
    with store.changing():
        if store.get("setting", "ENVIRONMENT"):
            return
        store.put("setting", "ENVIRONMENT", {"environments": [environment(name) for name in wanted.environments]})
        title = {"id": default_project(), "state": "ACTIVE", "title": "Default project"}
        store.put("project", default_project(), title | {"settings": {"executionRetryPolicy": {}}})
        if wanted.approval:
            store.put("setting", "licence", {"plan": "ENTERPRISE"})
            names = ", ".join(f'"{name}"' for name in wanted.approval)
            rule = {
                "template": {"flow": {"roles": ["roles/projectOwner"]}, "title": "Practice review"},
                "condition": {"expression": f"resource.environment_id in [{names}]"},
                "source": "CHANGE_DATABASE",
            }
            store.put("setting", "WORKSPACE_APPROVAL", {"rules": [rule]})


def person(world: World, email: str, title: str, role: str, *, project: str = "") -> str:
    """Add an account with a role in the workspace or a project; its new password."""
    password = secrets.token_urlsafe(15)
    with world.store.changing():
        world.accounts.add(email, title, password)
        access.grant(world.store, f"projects/{project}" if project else "workspace", role, email)
    return password
