"""A small project whose dev and prod are real databases, with everything the actions need."""

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.actions.desk import Desk, take
from tests.actions.small_project import CERTIFICATES, write

from schema_sensei.actions.registry import Registry
from schema_sensei.actions.services import Services
from schema_sensei.changes.change import Change
from schema_sensei.changes.proof import Proof, Value
from schema_sensei.engine.ports import Outcome
from schema_sensei.migrations import Migrations
from schema_sensei.migrations.client import WarmServer
from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.project.project import Project
from schema_sensei.terms.json import JsonValue
from schema_sensei.terms.secrets import Secret

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def warm_server() -> Iterator[WarmServer]:
    """One process with Alembic loaded for the whole session; each command names its project."""
    server = WarmServer()
    yield server
    server.close()


def proven(change: JsonValue) -> JsonValue:
    """The change with the proof that a rehearsal without findings gives."""
    made = Change.from_json(change)
    down = None if made.down is None else made.down.digest
    return replace(made, proof=made.proof or Proof(Value.PROVEN, made.digest, made.up.digest, down)).to_json()


@dataclass
class Shop:
    """The project, its databases, and its actions."""

    project: Project
    services: Services
    dev: Secret
    prod: Secret

    @property
    def actions(self) -> Registry:
        return Registry(self.services)

    @property
    def root(self) -> Path:
        return self.project.root

    def with_services(self, **changes: Any) -> "Shop":
        return replace(self, services=replace(self.services, **changes))

    def rows(self, query: str, url: Secret | None = None) -> list[tuple[Any, ...]]:
        with session.connect(url or self.dev) as connection:
            return list(connection.execute(query.encode()))

    def execute(self, statement: str, url: Secret | None = None) -> None:
        with session.connect(url or self.dev) as connection:
            connection.execute(statement.encode())

    def upgrade(self, destination: str = "heads") -> None:
        self.services.migrations().upgrade(self.dev, destination)

    def edit_models(self, addition: str = CERTIFICATES) -> None:
        path = self.root / "app/models.py"
        path.write_text(path.read_text() + addition)

    def generated(self, **desk: Any) -> Outcome:
        outcome = take(self.actions["generate"], Desk({"message": "add certificates", "head": None}, **desk))[1]
        self.services.ahead.wait(lambda: None)
        return outcome

    def approved(self, change: JsonValue) -> JsonValue:
        """The change as review and rehearsal hand it on when nobody finds anything."""
        made = Change.from_json(change)
        return proven(made.approve(at=self.services.now(), by=self.services.operator).to_json())

    def reviewed(self) -> JsonValue:
        """An approved change that adds the certificates table."""
        self.edit_models()
        return self.approved(self.generated().outputs["change"])

    def deployment(self, change: JsonValue, environment: str = "dev", **desk: Any) -> Desk:
        return Desk({"change": change, "environment": environment}, step="deploy", **desk)


@contextmanager
def open_shop(root: Path, server: Embedded, warm_server: WarmServer) -> Iterator[Shop]:
    """A project in this directory whose dev stands at its only revision, a1."""
    number = next(_numbers)
    names = (f"shop_{number}_dev", f"shop_{number}_prod")
    with session.connect(server.url()) as admin:
        for name in names:
            admin.execute(f"CREATE DATABASE {name}".encode())
    dev, prod = (server.url(name) for name in names)
    project = write(root)
    migrations = Migrations(project.layout)
    migrations._server = warm_server
    scratch = Scratch(server)
    bin_directory = str(Path(sys.executable).parent)
    services = Services(
        project=project,
        migrations=lambda: migrations,
        scratch=lambda: scratch,
        environ={
            "PATH": f"{bin_directory}:{os.environ['PATH']}",
            "DEV_URL": dev.reveal(),
            "PROD_URL": prod.reveal(),
        },
        operator="ada@desk",
        now=lambda: 1_790_000_000.0,
    )
    made = Shop(project, services, dev, prod)
    made.upgrade()
    yield made
    services.ahead.wait(lambda: None)
    with session.connect(server.url()) as admin:
        for name in names:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@pytest.fixture
def shop(tmp_path: Path, server: Embedded, warm_server: WarmServer) -> Iterator[Shop]:
    """A shop of the test's own."""
    with open_shop(tmp_path, server, warm_server) as made:
        yield made
