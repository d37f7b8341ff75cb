"""Problems for people, with the line they stand in, and for programs, as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .problems import Problem

WIDTH = 100


def text(problems: Sequence[Problem], files: int | None = None) -> str:
    """Each problem as `file:line:column: message [code]`, its line with a caret below, and its hint; then the count."""
    cache: dict[str, list[str]] = {}
    parts = [_one(problem, cache.setdefault(problem.file, _lines(problem.file))) for problem in problems]
    checked = "" if files is None else f" in {files} file{'s' * (files != 1)}"
    count = f"{len(problems)} problem{'s' * (len(problems) != 1)}" if problems else "No problems"
    return "\n\n".join([*parts, f"{count}{checked}."])


def as_json(problems: Sequence[Problem]) -> str:
    """A JSON list with one object per problem: file, line, column, code, message, hint."""
    return json.dumps([asdict(problem) for problem in problems], indent=2, ensure_ascii=False)


def _one(problem: Problem, lines: Sequence[str]) -> str:
    parts = [f"{problem} [{problem.code}]"]
    if 0 < problem.line <= len(lines):
        # Long lines are cut around the place; control characters must not reach a terminal.
        line = lines[problem.line - 1]
        start = max(0, min(problem.column - WIDTH // 2, len(line) - WIDTH))
        shown = "".join(character if character.isprintable() else " " for character in line)
        number = f"{problem.line:>5}"
        parts.append(f"{number} | {shown[start : start + WIDTH]}")
        parts.append(f"{' ' * len(number)} | {' ' * (problem.column - 1 - start)}^")
    if problem.hint:
        parts.append(f"      {problem.hint}")
    return "\n".join(parts)


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_bytes().decode("utf-8-sig", "replace").splitlines()
    except (OSError, ValueError):
        return []
