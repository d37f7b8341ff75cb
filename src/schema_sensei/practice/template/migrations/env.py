"""Alembic's way to the database: a connection given from outside, `-x url=`, or DASHBOARD_DEV_URL, in this order."""

import os

from alembic import context
from dashboard.models import metadata
from sqlalchemy import Connection, create_engine, pool

OPTIONS = {
    "target_metadata": metadata,
    "compare_server_default": True,
    "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
    "transaction_per_migration": True,
}


def _url() -> str:
    given = context.get_x_argument(as_dictionary=True).get("url")
    url = given or os.environ.get("DASHBOARD_DEV_URL") or context.config.get_main_option("sqlalchemy.url")
    if not url:
        raise SystemExit("No database: set DASHBOARD_DEV_URL, or run `set -a; . ./.env` first.")
    return str(url)


def _upgrade(connection: Connection) -> None:
    context.configure(connection=connection, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True, dialect_opts={"paramstyle": "named"}, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()
elif given := context.config.attributes.get("connection"):
    _upgrade(given)
else:
    with create_engine(_url(), poolclass=pool.NullPool).connect() as connection:
        _upgrade(connection)
