"""Places for practice projects that the server's account can enter, and one project that tests may read."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from schema_sensei.postgres.embedded import Embedded
from schema_sensei.practice import project


def _place() -> Path:
    place = Path(tempfile.mkdtemp(prefix="sensei-practice-"))
    place.chmod(0o755)
    return place


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory; whatever server a test leaves behind in it is stopped."""
    place = _place()
    yield place
    for home in place.glob("*/.postgres"):
        left = Embedded(home)
        if left.running() is not None:
            left.start()
            left.stop()
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def practice() -> Iterator[project.Practice]:
    """An open practice project, for tests that change nothing in it."""
    place = _place()
    with project.opened(place / "dashboard") as opened:
        yield opened
    shutil.rmtree(place, ignore_errors=True)
