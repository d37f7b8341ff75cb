"""Checks definition files: every problem of shape, of names, of parameters and of ways, at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from .assembly import assemble
from .contents import bundled_directory, contents
from .files import read_contents
from .problems import Problem
from .signature import Signature


def check(
    paths: Sequence[Path], signatures: Mapping[str, Signature], *, context: Sequence[Path] | None = None
) -> tuple[Problem, ...]:
    """Every problem in these files and directories, sorted by place; never raises.

    `context` are files that `paths` may refer to, read first, whose own problems are not told: by default the bundled
    workflows, and for a single file its neighbours (the nearest directory above it called `workflows`, else its own).
    """
    around = [bundled_directory(), *map(_neighbours, paths)] if context is None else list(context)
    asked = contents(paths)
    if not asked and paths:
        names = ", ".join(map(str, paths))
        return (Problem(names, 1, 1, "no-definitions", "no definition files here", "They are called *.yaml."),)
    own = {_key(content.path) for content in asked}
    known = [
        content for content in contents([path for path in around if path.exists()]) if _key(content.path) not in own
    ]
    problems = assemble(read_contents([*known, *asked]), signatures).problems
    told = {str(content.path) for content in asked}
    return tuple(problem for problem in problems if problem.file in told)


def _key(path: Path) -> str:
    return str(path.absolute())


def _neighbours(path: Path) -> Path:
    if path.is_dir():
        return path
    above = path.absolute().parents
    return next((parent for parent in above if parent.name == "workflows"), above[0])
