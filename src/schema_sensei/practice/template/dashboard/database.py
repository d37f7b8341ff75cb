"""The connection to the database that DASHBOARD_DEV_URL names."""

import os

from sqlalchemy import Engine, create_engine


def connect() -> Engine:
    """An engine for the development database; KeyError when the variable is not set."""
    return create_engine(os.environ["DASHBOARD_DEV_URL"])
