"""Runs upgrades for real, on scratch databases: through the project's env.py, and believing only the version table."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from alembic.runtime.migration import MigrationContext, RevisionStep
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from ..errors import MigrationError, NotConfiguredError, RolledBackError, UnknownHeadsError
from ..wire import Message
from .environment import Environment, Options
from .failures import revision_error, user_error
from .reading import settings_of, sound, stands_at


def upgrade(environment: Environment, arguments: Mapping[str, Any], emit: Callable[[Message], None]) -> tuple[str, ...]:
    """Upgrades, or with `direction` "down" downgrades, to `destination`; the heads it then stands at, read afresh.

    With `plain` env.py is not run: its settings do not count. Events: {"revision": id, "state": "running" | "done"}.
    """
    destination, up = arguments["destination"], arguments["direction"] == "up"
    history = sound(environment)
    script = environment.script
    now: RevisionStep | None = None
    expected: set[str] = set()
    seen: Options = {}

    def steps(heads: Any, _context: MigrationContext) -> Iterable[RevisionStep]:
        nonlocal now
        unknown = history.unknown(tuple(heads))
        if unknown:
            raise stamped_ahead(unknown)
        expected.update(heads)
        revise = script._upgrade_revs if up else script._downgrade_revs  # noqa: SLF001 - what `alembic upgrade` calls
        for step in revise(destination, heads):
            now = step
            emit({"revision": step.revision.revision, "state": "running"})
            yield step
            now = None
            emit({"revision": step.revision.revision, "state": "done"})

    def adjust(given: Options) -> None:
        seen.update(given)
        given["transaction_per_migration"] = True
        callbacks = given.get("on_version_apply") or ()
        given["on_version_apply"] = (*(callbacks if isinstance(callbacks, (list, tuple)) else (callbacks,)), note)

    def note(*, heads: set[str], **_: Any) -> None:
        expected.clear()
        expected.update(heads)

    try:
        if arguments.get("plain"):
            environment.run_plainly(steps, adjust)
        else:
            environment.run(steps, adjust)
    except BaseException as error:
        if now is None:
            raise
        raise revision_error(
            error, environment.layout, now.revision.revision, "upgrade" if up else "downgrade"
        ) from error
    stands = stands_at(environment, settings_of(seen))
    if set(stands) != expected:
        raise RolledBackError(
            f"Alembic reported success, but the database stands at {' + '.join(stands) or 'no revision'} "
            f"instead of {' + '.join(sorted(expected)) or 'no revision'}.",
            means="env.py swallows the transaction: something was executed on the connection before "
            "context.configure(), or context.begin_transaction() is missing, so closing it rolled everything back.",
            where=script.env_py_location,
            remedy="Execute nothing on the connection before context.configure() (give settings as connect options), "
            "and wrap context.run_migrations() in `with context.begin_transaction():`.",
        )
    return stands


def stamped_ahead(unknown: tuple[str, ...]) -> UnknownHeadsError:
    """The error for a database that stands where no file of this project has ever been."""
    return UnknownHeadsError(
        f"The database stands at {' + '.join(unknown)}, and no revision file has that id.",
        means="It was migrated by newer or other code than yours, or the file was lost or renamed.",
        remedy="Update your checkout (is the revision on another branch?); never stamp over it before you know.",
    )


def create_models(environment: Environment, arguments: Mapping[str, Any], _emit: Callable[[Message], None]) -> int:
    """Creates the models' schemas and tables (`extensions` first) in the approved database; how many tables."""
    every = target_metadata(environment)
    with environment.approved.connection() as connection, connection.begin():
        for extension in arguments["extensions"]:
            quoted = connection.dialect.identifier_preparer.quote(extension)
            connection.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {quoted}")
        for metadata in every:
            for schema in sorted({table.schema for table in metadata.tables.values() if table.schema}):
                connection.execute(CreateSchema(schema, if_not_exists=True))
        _create_functions(connection, arguments["functions"])
        for metadata in every:
            metadata.create_all(connection, checkfirst=True)
    return sum(len(metadata.tables) for metadata in every)


def _create_functions(connection: Connection, statements: Sequence[str]) -> None:
    """Each by itself: one that wants a table of its own can have none yet, and no default calls it."""
    if not statements:
        return
    connection.exec_driver_sql("SET LOCAL check_function_bodies = off")
    for statement in statements:
        with contextlib.suppress(DBAPIError), connection.begin_nested():
            connection.exec_driver_sql(statement.replace("%", "%%"))


def target_metadata(environment: Environment, given: Options | None = None) -> tuple[MetaData, ...]:
    """What env.py compares with; else the metadata in the modules that the layout names.

    `given` is what env.py handed to `context.configure` when it has been run in this process already.
    """
    seen: Options = {} if given is None else given
    if given is None:
        try:
            environment.render(lambda _heads, _context: [], seen.update)
        except MigrationError:
            if not environment.layout.models:
                raise
            seen.clear()
    target = seen.get("target_metadata")
    found = tuple(target) if isinstance(target, (list, tuple)) else (target,) if target is not None else ()
    found = found or _of_modules(environment)
    if not found:
        raise NotConfiguredError(
            "env.py hands no target_metadata to context.configure(), and no models are named.",
            where=environment.script.env_py_location,
            remedy="Set `target_metadata = Base.metadata` in env.py, or name your models in sensei.yaml.",
        )
    return found


def _of_modules(environment: Environment) -> tuple[MetaData, ...]:
    import importlib

    found: dict[int, MetaData] = {}
    for name in environment.layout.models:
        try:
            module = importlib.import_module(name)
        except BaseException as error:
            raise user_error(error, environment.layout) from error
        for value in vars(module).values():
            metadata = value if isinstance(value, MetaData) else getattr(value, "metadata", None)
            if isinstance(metadata, MetaData):
                found[id(metadata)] = metadata
    return tuple(found.values())
