"""A connection that reaches nothing: env.py runs its online way on it, so that its settings are the ones that deploy.

The settings of run_migrations_online() are the true ones; many projects never look at their offline way again.
"""

from typing import Any, Self

from sqlalchemy import Engine, text
from sqlalchemy.engine import Dialect


class Unanswered(Exception):
    """The project's code wanted an answer from the database, and there is none to ask."""


class NoAnswer:
    """What a statement returns here: an object that nobody can read."""

    def __init__(self, statement: str, asked: list[str]) -> None:
        object.__setattr__(self, "_known", (statement, asked))

    def _unanswered(self) -> Unanswered:
        statement, asked = object.__getattribute__(self, "_known")
        asked.append(statement)
        return Unanswered(statement)

    def __getattr__(self, name: str) -> Any:
        if name == "close":
            return lambda: None
        raise self._unanswered()

    def __iter__(self) -> Any:
        raise self._unanswered()

    def __bool__(self) -> bool:
        raise self._unanswered()

    def __len__(self) -> int:
        raise self._unanswered()


class StandIn:
    """Looks like a Connection of this engine; keeps the statements that env.py ran on it in `statements`."""

    def __init__(self, dialect: Dialect, engine: Engine | None, statements: list[Any], asked: list[str]) -> None:
        self.dialect = dialect
        self.engine = engine
        self.closed = False
        self.info: dict[str, Any] = {}
        self._statements = statements
        self._asked = asked

    def execute(self, statement: Any, *_arguments: Any, **_options: Any) -> NoAnswer:
        """Notes the statement."""
        self._statements.append(statement)
        return NoAnswer(" ".join(str(statement).split()), self._asked)

    def exec_driver_sql(self, statement: str, *_arguments: Any, **_options: Any) -> NoAnswer:
        """Notes the statement."""
        return self.execute(text(statement.replace(":", r"\:")))

    def scalar(self, statement: Any, *_arguments: Any, **_options: Any) -> Any:
        """There is no answer."""
        raise self.execute(statement)._unanswered()  # noqa: SLF001 - its own module

    scalars = scalar

    def execution_options(self, **_options: Any) -> "StandIn":
        """Itself: there is nothing to set."""
        return self

    def begin(self) -> "StandIn":
        """Itself, as a transaction."""
        return self

    begin_nested = begin

    def connect(self) -> "StandIn":
        """Itself, for code that treats a connection as an engine."""
        return self

    def in_transaction(self) -> bool:
        """Never."""
        return False

    in_nested_transaction = in_transaction

    def commit(self) -> None:
        """Nothing to commit."""

    def rollback(self) -> None:
        """Nothing to roll back."""

    def close(self) -> None:
        """Nothing to close."""
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
