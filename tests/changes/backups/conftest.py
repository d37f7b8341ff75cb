"""A shop to save: its database is filled once for all tests, each of which gets a copy."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.changes.backups.saving import SHOP, Bench, bench

from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.scratch import Scratch

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def filled(server: Embedded) -> str:
    """The name of a database to clone."""
    with session.connect(server.url()) as admin:
        admin.execute(b"CREATE DATABASE filled_shop STRATEGY file_copy")
    with session.connect(server.url("filled_shop")) as connection:
        connection.execute(SHOP.encode())
    return "filled_shop"


@pytest.fixture
def shop(server: Embedded, filled: str, tmp_path: Path) -> Iterator[Bench]:
    """A bench over a shop of the test's own."""
    name = f"saved_shop_{next(_numbers)}"
    with session.connect(server.url()) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {filled} STRATEGY file_copy".encode())
    yield bench(server.url(name), tmp_path, Scratch(server))
    with session.connect(server.url()) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
