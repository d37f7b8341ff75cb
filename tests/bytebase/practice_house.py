"""A practice Bytebase inside the test's own process, with a project, databases and a service account."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from schema_sensei.bytebase.account import ServiceAccount
from schema_sensei.bytebase.client import Client
from schema_sensei.bytebase.connection import Address, Connection, Tries
from schema_sensei.bytebase.delivery import Pace
from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.url import read
from schema_sensei.practice.bytebase import world as practice
from schema_sensei.practice.bytebase.seeding import ADMIN, REVIEWER, Seed, person, seed
from schema_sensei.practice.bytebase.service import Service
from schema_sensei.practice.bytebase.world import Review, World
from schema_sensei.terms.secrets import Secret

PROJECT = "projects/app"
HURRY = Pace(first=0.005, most=0.05, approval_most=0.05, approval=0.2, settle=0.3, outage=1.0, log_after=0.1)
TRIES = Tries(most=3, pause=0.01, timeout=20.0, connect_timeout=2.0)


@dataclass
class House:
    """The server with its administrator's connection; `databases` by the name of their instance."""

    world: World
    url: str
    admin: httpx.Client
    email: str
    key: str
    databases: dict[str, Secret] = field(default_factory=dict)
    clients: list[Client] = field(default_factory=list)

    def client(self, *, url: str = "", tries: Tries = TRIES, email: str = "", key: str = "") -> Client:
        """A client of the service account, or of another one."""
        account = ServiceAccount(email or self.email, Secret(key or self.key))
        made = Client(Connection(Address(url or self.url), account, tries=tries))
        self.clients.append(made)
        return made

    def call(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """One call of the administrator, which must succeed."""
        answer = self.admin.request(method, path, json=body, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def add_database(self, instance: str, environment: str, url: Secret) -> str:
        """Register a database of the test's server as the one database of an instance, in the project."""
        address = read(url)
        source = {
            "id": "admin", "type": "ADMIN", "host": address.host, "port": str(address.port),
            "username": "bbadmin", "password": "secret",
        }  # fmt: skip
        body = {
            "title": instance, "engine": "POSTGRES", "environment": f"environments/{environment}",
            "dataSources": [source], "syncDatabases": [address.database],
        }  # fmt: skip
        self.call("POST", "/v1/instances", body, instanceId=instance)
        name = f"instances/{instance}/databases/{address.database}"
        self.call("PATCH", f"/v1/{name}", {"project": PROJECT}, updateMask="project")
        self.databases[name] = url
        return name

    def account(self, name: str, *roles: str) -> tuple[str, str]:
        """Another service account with these roles in the project; its e-mail and key."""
        made = self.call(
            "POST", f"/v1/workspaces/{practice.WORKSPACE}/serviceAccounts", {"title": name}, serviceAccountId=name
        )
        member = f"serviceAccount:{made['email']}"
        self._bind(f"workspaces/{practice.WORKSPACE}", "roles/workspaceMember", member)
        for role in roles:
            self._bind(PROJECT, role, member)
        return made["email"], made["serviceKey"]

    def counted(self, kind: str) -> int:
        """How many plans, issues, tasks or runs the server holds, deleted ones included."""
        return len(self.world.store.all(kind))

    def _bind(self, where: str, role: str, member: str) -> None:
        policy = self.call("GET", f"/v1/{where}:getIamPolicy")
        bindings = [*policy.get("bindings", []), {"role": role, "members": [member]}]
        self.call(
            "POST", f"/v1/{where}:setIamPolicy", {"policy": {"bindings": bindings}, "etag": policy.get("etag", "")}
        )


@contextmanager
def opened(server: Embedded, *, approval: tuple[str, ...] = (), review_after: float | None = None) -> Iterator[House]:
    """A server with the project `app` and the service account sensei, its owner."""
    with session.connect(server.url()) as connection:
        connection.execute(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bbadmin') THEN "
            "CREATE ROLE bbadmin SUPERUSER LOGIN PASSWORD 'secret'; END IF; END $$"
        )
    pace = practice.Pace(queued=0.0, scheduled=0.0, abandoned=0.2)
    world = World(pace=pace, review=Review(review_after))
    seed(world, Seed(approval=approval))
    password = person(world, ADMIN, "Admin", "roles/workspaceAdmin")
    service = Service(world)
    service.start()
    with httpx.Client(base_url=service.url) as admin:
        try:
            token = admin.post("/v1/auth/login", json={"email": ADMIN, "password": password}).json()["token"]
            admin.headers["Authorization"] = f"Bearer {token}"
            house = House(world, service.url, admin, "", "")
            house.call("POST", "/v1/projects", {"title": "App"}, projectId="app")
            house.email, house.key = house.account("sensei", "roles/projectOwner")
            person(world, REVIEWER, "Reviewer", "roles/projectOwner", project="app")
            yield house
            for client in house.clients:
                client.close()
        finally:
            service.stop()


@dataclass
class Watch:
    """A rollout's watcher that remembers."""

    on_checkpoint: Callable[[], None] = lambda: None
    on_submitting: Callable[[], None] = lambda: None
    on_running: Callable[[], None] = lambda: None
    notes: list[str] = field(default_factory=list)
    blocked: list[tuple[str, str]] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.notes.append(text)

    def checkpoint(self) -> None:
        self.on_checkpoint()

    def before_submitting(self) -> None:
        self.on_submitting()

    def before_running(self) -> None:
        self.on_running()

    def stuck(self, target: str, error: str) -> None:
        self.blocked.append((target, error))
