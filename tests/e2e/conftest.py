"""Real runs of the `sensei` program on a real practice project."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.person import Person

from schema_sensei.practice import project


@pytest.fixture
def person() -> Iterator[Person]:
    """A person in a practice project as it was made, with its server running."""
    place = Path(tempfile.mkdtemp(prefix="sensei-e2e-"))
    place.chmod(0o755)
    with project.opened(place / "practice") as practice:
        yield Person(practice.root)
    shutil.rmtree(place, ignore_errors=True)
