"""What every room's tests share: one embedded server for the session, one fresh database for each test."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.terms.secrets import Secret

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    """The test session's own PostgreSQL (one per xdist worker), in a directory that the server's account can enter."""
    home = Path(tempfile.mkdtemp(prefix="sensei-tests-"))
    home.chmod(0o755)
    try:
        with Embedded(home / "server", disposable=True) as running:
            yield running
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def database(server: Embedded) -> Iterator[Secret]:
    """The URL of an empty database that only this test sees."""
    name = f"test_{next(_numbers)}"
    with session.connect(server.url()) as admin:
        admin.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())
    yield server.url(name)
    with session.connect(server.url()) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at how many points the crash and fault tests killed a process or broke a call, in whichever process."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name in {"killed", "broken"}:
                terminalreporter.write_line(f"{report.nodeid}: {value}")
