"""A scratch copy with some tables and rows, made once for the session and cloned for each case."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schema_sensei.changes.hazards import review
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.terms.secrets import Secret

SETUP = Path(__file__).with_name("setup.sql")


@pytest.fixture
def copy(server: Embedded) -> Iterator[Secret]:
    """The URL of a copy that only this test spoils."""
    setup = SETUP.read_text()
    prepared = Scratch(server).database(
        "hazards", lambda url: review.prepare(url, setup, name="setup.sql"), confined=True
    )
    with prepared as url:
        yield url
