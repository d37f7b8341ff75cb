"""Opens the journal's database and brings its tables to this program's layout; safe when many start at once."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateIndex, CreateTable

from ..engine.errors import JournalError
from ..terms.secrets import Secret
from .faults import in_words
from .tables import VERSION, metadata, schema_version

SCHEMA = "sensei"
"""The PostgreSQL schema of the journal: apart from the project's own tables, so that autogenerate never sees it."""

BUSY_SECONDS = 10.0
_FIRST_START = 7_364_736_969
"""Key of the advisory lock under which the tables are made; any fixed number ("sensei" on a telephone)."""


def connect_sqlite(path: Path) -> Engine:
    """The engine for a SQLite journal; file mode 0600 in a directory that git ignores. Raises JournalError."""
    with in_words(str(path)):
        _prepare_file(path)
        engine = create_engine(
            "sqlite+pysqlite://",
            creator=lambda: _open(path),
            poolclass=QueuePool,
            pool_size=2,
            max_overflow=8,
        )
        with _disposed_on_error(engine), engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))
            _check_version(connection, str(path))
    return engine


def connect_postgres(url: Secret) -> tuple[Engine, str]:
    """The engine for a journal on PostgreSQL, and its name without the password. Raises JournalError."""
    try:
        parsed = make_url(url.reveal()).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError) as error:
        raise JournalError(
            "The journal's URL is not a URL.", remedy="It looks like postgresql://user:password@host:5432/database."
        ) from error
    place = f"{parsed.host or 'localhost'}/{parsed.database or ''}"
    engine = create_engine(
        parsed,
        pool_size=2,
        pool_pre_ping=True,
        connect_args={"application_name": "schema-sensei journal", "connect_timeout": 10},
        execution_options={"schema_translate_map": {None: SCHEMA}},
        hide_parameters=True,
    )
    with in_words(place), _disposed_on_error(engine), engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_FIRST_START)))
        if connection.execute(text("SELECT to_regnamespace(:name)"), {"name": SCHEMA}).scalar() is None:
            connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        metadata.create_all(connection)
        _check_version(connection, place)
    return engine, place


@contextmanager
def _disposed_on_error(engine: Engine) -> Iterator[None]:
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


def _prepare_file(path: Path) -> None:
    """The file exists with mode 0600 before SQLite opens it; its -wal and -shm companions take over that mode."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True, mode=0o700)
    ignore = path.parent / ".gitignore"
    if path.parent.name == ".sensei" and not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    found = path.stat()
    if stat.S_IMODE(found.st_mode) & 0o077 and found.st_uid == os.geteuid():
        path.chmod(0o600)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check_version(connection: Connection, place: str) -> None:
    found = connection.execute(select(schema_version.c.version)).scalars().all()
    if not found:
        connection.execute(insert(schema_version).prefix_with("OR IGNORE", dialect="sqlite").values(version=VERSION))
    newest = max(found, default=VERSION)
    if newest > VERSION:
        raise JournalError(
            f"The journal has layout {newest}; this program knows layouts up to {VERSION}.",
            where=place,
            means="A newer Schema Sensei has written to it. Nothing was read or changed.",
            remedy="Update with `pip install -U schema-sensei`, then try again.",
        )
