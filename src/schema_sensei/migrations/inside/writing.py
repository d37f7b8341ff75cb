"""Writes a revision file whose bodies are given, through the project's own template."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import RefusedError
from ..wire import Message
from .environment import Environment
from .reading import sound


def write_revision(environment: Environment, arguments: Mapping[str, Any], _emit: Callable[[Message], None]) -> Path:
    """The file. Raises NotConfigured- or BrokenHistoryError, and what Alembic refuses."""
    sound(environment)
    bodies = arguments["bodies"]
    script = environment.script.generate_revision(
        arguments["revision"],
        bodies["message"],
        upgrades=bodies["up"],
        downgrades=bodies["down"],
        imports=bodies["imports"],
    )
    if script is None:
        raise RefusedError("Alembic wrote no revision file.", remedy="Look at `file_template` in Alembic's settings.")
    return Path(script.path)
