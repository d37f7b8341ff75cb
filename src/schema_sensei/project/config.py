"""Reads sensei.yaml: every problem at once with its place, or a Project."""

from pathlib import Path

from ..definitions import yaml_source
from ..definitions.problems import Problem
from ..terms.errors import UsageError
from .place import FILE_NAME, find
from .project import Project
from .reading import Reading


class NoProjectError(UsageError):
    """There is no sensei.yaml here or above."""


class ConfigError(UsageError):
    """sensei.yaml cannot be used; `problems` holds everything that is wrong with it."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        lines = [line for each in self.problems for line in (str(each), f"  {each.hint}" if each.hint else "") if line]
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            f"{path.name} has {count}.",
            means="\n".join(lines),
            remedy="Correct the file; `sensei init --print` shows what a good one looks like.",
            where=str(path),
        )


def load(place: Path) -> Project:
    """The project of a sensei.yaml, or of the directory that holds one. Raises NoProjectError and ConfigError."""
    path = place / FILE_NAME if place.is_dir() else place
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NoProjectError(
            f"There is no {FILE_NAME} in {path.parent}.",
            remedy="`sensei init` writes one for this project; `sensei practice` opens a project to practise on.",
        ) from None
    except OSError as error:
        raise ConfigError(
            path, (Problem(path.name, 1, 1, "unreadable", f"cannot be read: {error.strerror}"),)
        ) from None
    return parse(content, path)


def parse(content: bytes, path: Path) -> Project:
    """The project in these bytes, which stand (or would stand) at `path`. Raises ConfigError."""
    path = path.absolute()
    document = yaml_source.read(content, path.name)
    if document.problems:
        raise ConfigError(path, tuple(document.problems))
    reading = Reading(document)
    project = reading.project(path.parent)
    if reading.problems:
        raise ConfigError(path, tuple(reading.problems))
    return project


__all__ = ["FILE_NAME", "ConfigError", "NoProjectError", "Project", "find", "load", "parse"]
