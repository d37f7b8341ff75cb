"""Survey: what the project's files say all in one, read by one command: history, settings, and a mark of the models."""

from dataclasses import dataclass

from .errors import MigrationError
from .history import History
from .settings import Settings


@dataclass(frozen=True, slots=True)
class Survey:
    """`models` changes with the SQL that creates the models; empty where it cannot be rendered without a database.

    `trouble` is why env.py or the models cannot be used; settings and models are then missing.
    """

    history: History
    settings: Settings | None = None
    models: str = ""
    trouble: MigrationError | None = None
