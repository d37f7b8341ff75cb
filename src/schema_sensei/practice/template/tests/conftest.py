"""One connection to the development database for each test; whatever the test writes is rolled back."""

import os
from collections.abc import Iterator

import pytest
from dashboard.database import connect
from sqlalchemy import Engine
from sqlalchemy.orm import Session


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    if "DASHBOARD_DEV_URL" not in os.environ:
        pytest.exit("DASHBOARD_DEV_URL is not set. In a shell: set -a; . ./.env; set +a", returncode=2)
    engine = connect()
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()
