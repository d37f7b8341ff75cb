"""Checks definition files: every problem of shape, of names, of parameters and of ways, at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from .assembly import assemble
from .contents import bundled_directory, contents
from .mending import read_all
from .problems import Problem
from .signature import Signature

OF_ALL_WAYS: Final = frozenset({"unreachable-workflow", "unreachable-question"})
"""What can be said only when every way through every file is known."""


def check(
    paths: Sequence[Path], signatures: Mapping[str, Signature], *, context: Sequence[Path] | None = None
) -> tuple[Problem, ...]:
    """Every problem in these files and directories, sorted by place; never raises.

    Of YAML, of shape, of names and of ways, all at once: a file with one mistake is checked on as far as it is known.

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
    read = [read_all(content) for content in (*known, *asked)]
    mended = {file.source.file: change for file, change in read if change is not None}
    lost = any(change.ways for change in mended.values())
    shape = {problem for file, _ in read for problem in file.problems}
    told = {str(content.path) for content in asked}

    def counts(problem: Problem) -> bool:
        if problem.file not in told or problem in shape:
            return problem.file in told
        if lost and problem.code in OF_ALL_WAYS:
            return False
        change = mended.get(problem.file)
        return change is None or change.concerns(problem)

    return tuple(filter(counts, assemble([file for file, _ in read], signatures).problems))


def _key(path: Path) -> str:
    return str(path.absolute())


def _neighbours(path: Path) -> Path:
    if path.is_dir():
        return path
    above = path.absolute().parents
    return next((parent for parent in above if parent.name == "workflows"), above[0])
