"""Finds a project's Alembic files, models and URL variable by reading, without running any of its code."""

import ast
import configparser
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .env_file import url_variables
from .errors import NotConfiguredError
from .layout import Layout

_IGNORED = frozenset({"node_modules", "site-packages", "__pycache__", "build", "dist", "venv"})


def discover(root: Path) -> Layout:
    """The Layout of the project in this directory, or of the only one directly below it.

    Reads alembic.ini, `[tool.alembic]` in pyproject.toml and env.py. Raises NotConfiguredError when there is none, when
    there are several to choose from, or when a file cannot be read.
    """
    root = root.resolve()
    if _configured(root):
        return _layout(root)
    below = [each for each in _directories(root) if _configured(each)]
    match below:
        case [only]:
            return _layout(only)
        case []:
            raise NotConfiguredError(
                "There is no alembic.ini here, and no [tool.alembic] in a pyproject.toml.",
                where=str(root),
                remedy="Go to your project's directory, or let `sensei init` make an Alembic scaffold.",
            )
        case _:
            raise NotConfiguredError(
                f"Several directories have an Alembic configuration: {', '.join(each.name for each in below)}.",
                where=str(root),
                remedy="Start in the one that you mean.",
            )


def _directories(root: Path) -> Iterator[Path]:
    for each in sorted(root.iterdir()):
        if each.is_dir() and not each.name.startswith(".") and each.name not in _IGNORED:
            yield each


def _configured(directory: Path) -> bool:
    return (directory / "alembic.ini").is_file() or bool(_toml(directory / "pyproject.toml"))


def _toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotConfiguredError(f"It cannot be read: {error}", where=str(path), remedy="Correct the file.") from error
    section = tool.get("alembic", {}) if isinstance(tool, dict) else {}
    return section if isinstance(section, dict) else {}


def _layout(root: Path) -> Layout:
    ini, pyproject = root / "alembic.ini", root / "pyproject.toml"
    section = _toml(pyproject)
    location = _ini_location(ini) if ini.is_file() else None
    if location is None and isinstance(section.get("script_location"), str):
        location = section["script_location"]
    location = location.replace("%(here)s", str(root)) if location else None
    env = _env(root, location)
    return Layout(
        root=root,
        ini=ini if ini.is_file() else None,
        pyproject=pyproject if section else None,
        script_location=str(env.parent) if env is not None else location,
        url_variable=next(iter(url_variables(env.read_text(errors="replace"))), None) if env is not None else None,
        models=_models(env.read_text(errors="replace")) if env is not None else (),
    )


def _ini_location(ini: Path) -> str | None:
    parser = configparser.RawConfigParser()
    try:
        parser.read(ini, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise NotConfiguredError(f"It cannot be read: {reason}", where=str(ini), remedy="Correct the file.") from error
    return parser.get("alembic", "script_location", fallback=None)


def _env(root: Path, location: str | None) -> Path | None:
    if location is None:
        return None
    package, _, inner = location.partition(":")
    candidates = [root / location / "env.py"]
    if inner:
        candidates = [root / base / package.replace(".", "/") / inner / "env.py" for base in (".", "src")]
    return next((each.resolve() for each in candidates if each.is_file()), None)


def _models(text: str) -> tuple[str, ...]:
    """The modules from which env.py takes the names in `target_metadata = …`."""
    try:
        module = ast.parse(text)
    except SyntaxError:
        return ()
    imported: dict[str, str] = {}
    wanted: list[str] = []
    for node in ast.walk(module):
        match node:
            case ast.ImportFrom(module=str(source), names=names, level=0):
                imported |= {alias.asname or alias.name: source for alias in names}
            case ast.Import(names=names):
                imported |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in names}
            case ast.Assign(targets=[ast.Name(id="target_metadata")], value=value):
                wanted += [each.id for each in ast.walk(value) if isinstance(each, ast.Name)]
            case _:
                pass
    return tuple(dict.fromkeys(imported[name] for name in wanted if name in imported))
