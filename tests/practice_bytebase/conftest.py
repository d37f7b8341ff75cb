"""Two PostgreSQL servers behind a practice Bytebase that runs as a program of its own."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.practice.bytebase.launching import PracticeBytebase


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the servers' account can enter."""
    found = Path(tempfile.mkdtemp(prefix="sensei-bytebase-"))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found, ignore_errors=True)


@pytest.fixture
def clusters(place: Path) -> Iterator[dict[str, Embedded]]:
    """Servers `test-pg` with databases app and bb, `prod-pg` with app; bbadmin is a superuser with password secret."""
    with ExitStack() as stack:
        found = {}
        for name, databases in {"test-pg": ("app", "bb"), "prod-pg": ("app",)}.items():
            cluster = stack.enter_context(Embedded(place / name, disposable=True, port=free_port()))
            with session.connect(cluster.url()) as admin:
                admin.execute("CREATE ROLE bbadmin SUPERUSER LOGIN PASSWORD 'secret'")
                for database in databases:
                    admin.execute(f"CREATE DATABASE {database}".encode())
            found[name] = cluster
        yield found


@pytest.fixture
def bytebase(place: Path) -> Iterator[PracticeBytebase]:
    """A practice Bytebase with a fresh memory, in a hurry."""
    with PracticeBytebase(place / "bytebase", ("--instant", "0.03", "--abandoned-after", "0.5")) as running:
        yield running


def source(cluster: Embedded) -> dict[str, str]:
    """A data source that leads to the cluster, over TCP as the real server's did."""
    return {"host": "127.0.0.1", "port": str(cluster.port), "username": "bbadmin", "password": "secret"}


def free_port() -> int:
    """A port on loopback that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
