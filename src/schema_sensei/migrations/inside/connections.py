"""Which database the project's code reaches: the approved one and no other, or, for most commands, none at all."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from ..errors import DatabaseRefusedError, WrongDatabaseError

APPLICATION_NAME = "schema-sensei migrations"
_CONNECT_TIMEOUT = 10  # seconds
_KEPT = frozenset({"options", "autocommit", "prepare_threshold", "cursor_factory", "row_factory", "context"})
"""What a project's own connect arguments may say besides where to connect."""

_NO_DATABASE = "This command needs no database, but the project's code tried to connect to one."


class Approved:
    """Leads every SQLAlchemy engine of this process to one database; without a URL every connection is refused.

    Engines of other kinds of databases, and psycopg used directly, are refused in both cases: nobody approved them.
    """

    def __init__(self, url: str | None) -> None:
        self._url = _normal(url) if url else None
        self._open: list[Any] = []
        self._leading = False

    @property
    def url(self) -> URL | None:
        """The approved database; None when there is none."""
        return self._url

    def install(self) -> None:
        """Watches this process from now on; it is never taken back, the process ends with its command."""
        event.listen(Engine, "do_connect", self._connect)
        guard = self._guarded(psycopg.Connection.connect)
        psycopg.connect = guard
        psycopg.Connection.connect = guard  # type: ignore[method-assign]  # our own process, for one command
        psycopg.AsyncConnection.connect = self._guarded(  # type: ignore[method-assign]  # the same
            psycopg.AsyncConnection.connect
        )

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """A fresh connection of our own, closed at the end."""
        if self._url is None:
            raise WrongDatabaseError(_NO_DATABASE, remedy="This is a fault of schema-sensei: please report it.")
        engine = create_engine(self._url, poolclass=NullPool)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def close(self) -> None:
        """Closes what the project's code left open, so that the server sees the sessions end."""
        for connection in self._open:
            with contextlib.suppress(Exception):  # already closed, or an asynchronous one: the exit closes it
                connection.close()

    def _connect(self, dialect: Dialect, _record: object, _arguments: list[Any], given: dict[str, Any]) -> Any:
        if self._url is None:
            raise WrongDatabaseError(
                _NO_DATABASE,
                means="Nothing was contacted.",
                remedy="Connect only inside run_migrations_online(), not when env.py or the models are imported.",
            )
        if dialect.name != "postgresql":
            raise WrongDatabaseError(
                f"The project's code tried to open a {dialect.name} database during a migration command.",
                means="Only the approved PostgreSQL database may be reached; nothing else was contacted.",
                remedy="Open other databases lazily, not when env.py or the models are imported.",
            )
        arguments, parameters = dialect.create_connect_args(self._url.set(drivername=f"postgresql+{dialect.driver}"))
        merged = {key: value for key, value in given.items() if key in _KEPT} | dict(parameters)
        if "psycopg" in dialect.driver:
            merged = {"application_name": APPLICATION_NAME, "connect_timeout": _CONNECT_TIMEOUT} | merged
        self._leading = True
        try:
            connection = dialect.connect(*arguments, **merged)
        except psycopg.OperationalError as error:
            raise _refused(self._url, error) from error
        finally:
            self._leading = False
        self._open.append(connection)
        return connection

    def _guarded(self, connect: Callable[..., Any]) -> Callable[..., Any]:
        def guard(*arguments: Any, **parameters: Any) -> Any:
            if not self._leading:
                raise WrongDatabaseError(
                    "The project's code opened a psycopg connection of its own during a migration command.",
                    means="Its target cannot be checked, so it was refused; nothing was contacted.",
                    remedy="Let env.py connect through SQLAlchemy (engine_from_config or create_engine).",
                )
            return connect(*arguments, **parameters)

        return guard


def _normal(url: str) -> URL:
    scheme, separator, rest = url.partition("://")
    return make_url("postgresql" + separator + rest if scheme == "postgres" else url)


def _refused(url: URL, error: psycopg.OperationalError) -> DatabaseRefusedError:
    lines = str(error).strip().splitlines()
    return DatabaseRefusedError(
        lines[0] if lines else type(error).__name__,
        means="\n".join(lines[1:]),
        where=f"{url.host or 'localhost'}/{url.database or ''}",
        remedy="Check that the server runs, and the host, user, password and database name in the URL.",
    )
