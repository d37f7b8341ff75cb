"""Surveys a project in one process: its history, and env.py run once for the settings and the models."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import MetaData, create_mock_engine
from sqlalchemy.schema import CreateSchema, ExecutableDDLElement

from ..errors import MigrationError
from ..survey import Survey
from ..wire import Message
from .applying import target_metadata
from .environment import Environment, Options
from .failures import as_error
from .reading import history, settings_of


def survey(environment: Environment, arguments: Mapping[str, Any], emit: Callable[[Message], None]) -> Survey:
    """Never raises for what is wrong with the project's files."""
    known = history(environment, arguments, emit)
    seen: Options = {}
    try:
        environment.render(lambda _heads, _context: [], seen.update)
        found = settings_of(seen)
        every = target_metadata(environment, seen)
    except MigrationError as error:
        return Survey(known, trouble=error)
    except Exception as error:
        return Survey(known, trouble=as_error(error, environment.layout))
    return Survey(known, found, _mark(every))


def _mark(every: Sequence[MetaData]) -> str:
    """sha256 of the DDL of `create_all`; empty when an event of the models wants a database to answer it."""
    statements: list[str] = []

    def note(construct: Any, *_: Any, **__: Any) -> None:
        if not isinstance(construct, (ExecutableDDLElement, str)):
            raise TypeError(construct)
        statements.append(construct if isinstance(construct, str) else str(construct.compile(dialect=engine.dialect)))

    engine = create_mock_engine("postgresql+psycopg://", note)
    try:
        for metadata in every:
            for schema in sorted({table.schema for table in metadata.tables.values() if table.schema}):
                note(CreateSchema(schema))
            metadata.create_all(engine, checkfirst=False)
    except Exception:
        return ""
    # Sorted, because SQLAlchemy keeps the indexes of a table in a set.
    return hashlib.sha256("\0".join(sorted(statements)).encode("utf-8", "surrogatepass")).hexdigest()
