"""A practice Bytebase in this process, and one database of the project behind it."""

from collections.abc import Iterator

import pytest
from tests.bytebase.practice_house import House, opened

from schema_sensei.postgres.embedded import Embedded
from schema_sensei.terms.secrets import Secret


@pytest.fixture
def house(server: Embedded) -> Iterator[House]:
    with opened(server) as made:
        yield made


@pytest.fixture
def target(house: House, database: Secret) -> str:
    """The name of the test's database on the server, in environment test."""
    return house.add_database("test-pg", "test", database)
