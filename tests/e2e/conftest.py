"""Real runs of the `sensei` program on a real practice project."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.person import Person, as_made

from schema_sensei.practice import project


@pytest.fixture(scope="module")
def practice() -> Iterator[Path]:
    """A practice project with its server running."""
    place = Path(tempfile.mkdtemp(prefix="sensei-e2e-"))
    place.chmod(0o755)
    with project.opened(place / "practice") as opened:
        yield opened.root
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def person(practice: Path) -> Person:
    """A person in a practice project as it was made."""
    as_made(practice)
    return Person(practice)
