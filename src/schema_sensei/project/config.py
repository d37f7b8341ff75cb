"""Reads sensei.yaml: every problem at once with its place, or a Project."""

from pathlib import Path

from ..definitions import yaml_source
from ..definitions.problems import Problem
from ..definitions.recovery import left_out_below, missing_there, read_on
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
    project, problems = _read(content, path.absolute(), path.name)
    if problems:
        raise ConfigError(path.absolute(), problems)
    return project


def check(path: Path) -> tuple[Problem, ...]:
    """Everything that is wrong with a sensei.yaml, sorted by place; never raises."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return (Problem(str(path), 1, 1, "unreadable", f"cannot be read: {error.strerror}"),)
    return _read(content, path.absolute(), str(path))[1]


def _read(content: bytes, path: Path, file: str) -> tuple[Project, tuple[Problem, ...]]:
    document, gaps = read_on(yaml_source.read(content, file))
    reading = Reading(document)
    project = reading.project(path.parent)
    places = {(problem.line, problem.column) for problem in document.problems}
    found = [
        problem
        for problem in (reading.problems if isinstance(document.data, dict) or not places else ())
        if (problem.line, problem.column) not in places
        and not (problem.code == "wrong-type" and left_out_below(document, problem.line, gaps))
        and not (problem.code == "missing" and missing_there(document, (problem.line, problem.column), gaps))
    ]
    return project, tuple(sorted({*document.problems, *found}))


__all__ = ["FILE_NAME", "ConfigError", "NoProjectError", "Project", "check", "find", "load", "parse"]
