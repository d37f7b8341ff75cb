"""Layout: where a project keeps its Alembic files and its models."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one project, all paths absolute.

    `root` is the directory in which commands run. `ini` is the alembic.ini, `pyproject` the pyproject.toml that has
    `[tool.alembic]`; either, both, or neither when `script_location` is given. `url_variable` is the environment
    variable from which env.py reads its URL; `models` are modules that define the tables, wanted only where env.py
    names no target_metadata.
    """

    root: Path
    ini: Path | None = None
    pyproject: Path | None = None
    script_location: str | None = None
    url_variable: str | None = None
    models: tuple[str, ...] = ()
