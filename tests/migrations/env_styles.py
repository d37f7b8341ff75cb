"""Ways in which projects write their env.py, as seen in the field; each is driven from outside in the tests."""

_HEAD = """\
import os
from alembic import context
from sqlalchemy import create_engine, engine_from_config, pool, text
from models import Base
config = context.config
target_metadata = Base.metadata
"""
_OFFLINE = """
def run_migrations_offline():
    context.configure(url=config.get_main_option("sqlalchemy.url"), target_metadata=target_metadata,
                      literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()
"""
_TAIL = """
if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""
_FROM_CONFIG = """engine_from_config(config.get_section(config.config_ini_section, {}),
                                     prefix="sqlalchemy.", poolclass=pool.NullPool)"""


def _online(engine: str) -> str:
    return f"""
def run_migrations_online():
    connectable = {engine}
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
"""


def _env(online: str, *, head: str = "", offline: str = _OFFLINE) -> str:
    return _HEAD + head + offline + online + _TAIL


STOCK = _env(
    _online(_FROM_CONFIG),
    head="from logging.config import fileConfig\n"
    "if config.config_file_name is not None:\n    fileConfig(config.config_file_name)\n",
)

STYLES = {
    "stock": STOCK,
    "unguarded logging": _env(
        _online(_FROM_CONFIG), head="from logging.config import fileConfig\nfileConfig(config.config_file_name)\n"
    ),
    "asynchronous": _env(
        """
import asyncio
from sqlalchemy.ext.asyncio import async_engine_from_config

def do_run_migrations(connection):
    context.configure(connection=connection, target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()

async def run_async_migrations():
    connectable = async_engine_from_config(config.get_section(config.config_ini_section, {}),
                                           prefix="sqlalchemy.", poolclass=pool.NullPool)
    async with connectable.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await connectable.dispose()

def run_migrations_online():
    asyncio.run(run_async_migrations())
"""
    ),
    "own commit": _env(
        f"""
def run_migrations_online():
    connectable = {_FROM_CONFIG}
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        context.run_migrations()
        connection.commit()
"""
    ),
    "engine.begin": _env(
        f"""
def run_migrations_online():
    connectable = {_FROM_CONFIG}
    with connectable.begin() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
"""
    ),
    "environment variable": _env(_online('create_engine(os.environ["APP_DATABASE_URL"])')),
    "application settings": _env(_online("settings.engine"), head="import settings\n"),
    "x argument": _env(_online('create_engine(context.get_x_argument(as_dictionary=True)["dburl"])')),
    "given connection only": _env(
        """
def run_migrations_online():
    context.configure(connection=config.attributes["connection"], target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
    ),
    "given connection first": _env(
        """
def run_migrations_online():
    connectable = config.attributes.get("connection", None)
    if connectable is None:
        connectable = create_engine("postgresql://nobody@wrong-host.invalid/wrong")
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
"""
    ),
    "no offline way": _env(
        _online(_FROM_CONFIG), offline="\ndef run_migrations_offline():\n    raise NotImplementedError\n"
    ),
    "only an offline way that renders": _env(
        f"""
def run_migrations_online():
    with ({_FROM_CONFIG}).connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
        connection.rollback()
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
"""
    ),
}

SWALLOWING = {
    "executes before configure": _env(
        f"""
def run_migrations_online():
    with ({_FROM_CONFIG}).connect() as connection:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
"""
    ),
    "rolls back at the end": _env(
        f"""
def run_migrations_online():
    with ({_FROM_CONFIG}).connect() as connection:
        outer = connection.begin()
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
        outer.rollback()
"""
    ),
}


def configured(**options: str) -> str:
    """A stock env.py whose online way, and only that, passes these options."""
    given = "".join(f", {name}={value}" for name, value in options.items())
    return STOCK.replace(
        "connection=connection, target_metadata=target_metadata",
        f"connection=connection, target_metadata=target_metadata{given}",
    )
