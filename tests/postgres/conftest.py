"""A directory that the server's account can enter, also when the tests run as root."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """An empty directory with a short path; pytest's own are closed to every other account."""
    path = Path(tempfile.mkdtemp(prefix="sensei-tests-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)
