"""Looks at a project without running any of it: where Alembic, models, URLs and tests are, and why it thinks so."""

import ast
import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..migrations.env_file import url_variables
from .environment import Gate
from .project import find_module
from .reading import has_alembic_settings
from .variables import EnvFileError, read_env_file

USUAL_VARIABLE = "DATABASE_URL"
_LIMIT = 3000
"""Python files that are looked at; a bigger project gets its models named by hand."""

_PASSED_BY = {"node_modules", "site-packages", "venv", "env", "build", "dist", "__pycache__", "tests", "test"}
_MODEL = re.compile(
    r"^\s*__tablename__\s*[:=]|^\s*class \w+\(.*\btable\s*=\s*True|=\s*(?:sa\.|sqlalchemy\.)?Table\(", re.MULTILINE
)
_FIELD = re.compile(r"^\s*(?P<name>\w*(?:database|db|postgres)\w*(?:url|uri|dsn)\w*)\s*:", re.IGNORECASE | re.MULTILINE)
_STAGES: tuple[tuple[str, Gate, bool, re.Pattern[str]], ...] = (
    ("staging", "direct", False, re.compile(r"(?:^|_)(?:STAGING|STAGE)(?:_|$)")),
    ("prod", "none", True, re.compile(r"(?:^|_)(?:PRODUCTION|PROD|LIVE)(?:_|$)")),
)
_URL_NAME = re.compile(r"(?:URL|URI|DSN)$")


@dataclass(frozen=True, slots=True)
class Found:
    """A value and why it was taken: a file and what stands in it, or that nothing was found."""

    value: str
    why: str


@dataclass(frozen=True, slots=True)
class FoundEnvironment:
    """An environment that a variable's name suggests."""

    name: str
    variable: Found
    gate: Gate = "direct"
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a directory tells; None where it tells nothing. `ini`, `pyproject` and `script_location` are relative."""

    root: Path
    name: Found
    environments: tuple[FoundEnvironment, ...]
    ini: Found | None = None
    pyproject: Found | None = None
    script_location: Found | None = None
    url_variable: Found | None = None
    models: tuple[Found, ...] = ()
    tests: Found | None = None
    lint: Found | None = None
    env_file: Found | None = None

    @property
    def has_alembic(self) -> bool:
        """Whether there is an Alembic set-up to use."""
        return any((self.ini, self.pyproject, self.script_location))


def discover(root: Path, environ: Mapping[str, str]) -> Discovery:
    """What stands in `root`; reads texts only, imports and runs nothing of the project."""
    return _Search(root.absolute(), environ).result()


class _Search:
    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.root = root
        self.environ = environ

    def result(self) -> Discovery:
        ini, pyproject, location = self.alembic()
        env_py = self.env_py(ini, pyproject, location)
        text = _text(env_py) if env_py else ""
        modules = dict(self.imported(text))
        variable = self.url_variable(env_py, text, modules)
        return Discovery(
            root=self.root,
            name=self.name(),
            environments=self.environments(variable),
            ini=ini,
            pyproject=pyproject,
            script_location=location,
            url_variable=variable,
            models=self.models(env_py, modules),
            tests=self.tests(),
            lint=Found("ruff check .", "pyproject.toml has [tool.ruff]") if "ruff" in self.tools else None,
            env_file=Found(".env", f".env sets {len(self.filed)} variables") if self.filed else None,
        )

    @cached_property
    def toml(self) -> Mapping[str, Any]:
        try:
            return tomllib.loads(_text(self.root / "pyproject.toml"))
        except ValueError:
            return {}

    @cached_property
    def tools(self) -> Mapping[str, Any]:
        tools = self.toml.get("tool", {})
        return tools if isinstance(tools, dict) else {}

    @cached_property
    def filed(self) -> Mapping[str, str]:
        try:
            return read_env_file(self.root / ".env") if (self.root / ".env").is_file() else {}
        except EnvFileError:
            return {}

    def name(self) -> Found:
        project = self.toml.get("project", {})
        name = project.get("name") if isinstance(project, dict) else None
        if isinstance(name, str) and name.strip():
            return Found(name, "pyproject.toml, [project] name")
        return Found(self.root.name or "project", "the directory's name")

    def alembic(self) -> tuple[Found | None, Found | None, Found | None]:
        ini = next((each for each in self.near("alembic.ini")), None)
        found_ini = Found(self.relative(ini), "this file is there") if ini else None
        has_toml = has_alembic_settings(self.root / "pyproject.toml")
        found_toml = Found("pyproject.toml", "it has [tool.alembic]") if has_toml else None
        if ini or has_toml:
            return found_ini, found_toml, None
        for env_py in self.near("env.py"):
            if (env_py.parent / "versions").is_dir() and "alembic" in _text(env_py):
                where = self.relative(env_py.parent)
                return None, None, Found(where, f"{where} has env.py and versions/, but there is no alembic.ini")
        return None, None, None

    def env_py(self, ini: Found | None, pyproject: Found | None, location: Found | None) -> Path | None:
        """The env.py that runs: the script location as ini or pyproject.toml give it, the ini's first."""
        places: list[tuple[str, Path]] = []
        if ini:
            parser = configparser.RawConfigParser()
            try:
                parser.read_string(_text(self.root / ini.value))
                places.append((parser.get("alembic", "script_location"), (self.root / ini.value).parent))
            except configparser.Error:
                pass
        if pyproject:
            section = self.tools.get("alembic", {})
            places.append((str(section.get("script_location", "")) if isinstance(section, dict) else "", self.root))
        if location:
            places.append((location.value, self.root))
        for place, here in places:
            path = here / place.replace("%(here)s", str(here)) / "env.py"
            if place and path.is_file():
                return path
        return None

    def imported(self, text: str) -> Iterator[tuple[str, Path]]:
        """The project's own modules that a source imports, by name."""
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name for name in inner if find_module(self.root, name)] or [node.module]
            for name in names:
                path = find_module(self.root, name)
                if path is not None:
                    yield name, path

    def url_variable(self, env_py: Path | None, text: str, modules: Mapping[str, Path]) -> Found | None:
        if env_py is None:
            return None
        for name in url_variables(text):
            return Found(name, f"{self.relative(env_py)} reads it")
        for path in modules.values():
            source = _text(path)
            for name in url_variables(source):
                return Found(name, f"{self.relative(path)}, which {env_py.name} imports, reads it")
            field = _FIELD.search(source)
            if field and "BaseSettings" in source:
                return Found(field["name"].upper(), f"{self.relative(path)} has it as a field of its settings")
        return None

    def models(self, env_py: Path | None, modules: Mapping[str, Path]) -> tuple[Found, ...]:
        named = [name for name, path in modules.items() if any(_MODEL.search(_text(file)) for file in _members(path))]
        tops = [name for name in named if not any(name.startswith(f"{other}.") for other in named)]
        if tops and env_py:
            return tuple(Found(name, f"{self.relative(env_py)} imports it, and it defines tables") for name in tops)
        files = [path for path in self.sources() if _MODEL.search(_text(path))]
        packages = {path.parent if (path.parent / "__init__.py").is_file() else path for path in files}
        outer = sorted(each for each in packages if not any(other in each.parents for other in packages))
        return tuple(Found(self.relative(each), "it defines tables") for each in outer[:8])

    def environments(self, variable: Found | None) -> tuple[FoundEnvironment, ...]:
        first = variable or Found(USUAL_VARIABLE, "the usual name; nothing in the project names another")
        found = [FoundEnvironment("dev", first)]
        names = [(name, "the .env file sets it") for name in self.filed]
        names += [(name, "it is set in this shell") for name in self.environ if name not in self.filed]
        for stage, gate, protected, pattern in _STAGES:
            for name, why in names:
                if _URL_NAME.search(name) and pattern.search(name.upper()) and name != first.value:
                    found.append(FoundEnvironment(stage, Found(name, why), gate, protected))
                    break
        return tuple(found)

    def tests(self) -> Found | None:
        runner = next(
            (
                f"{tool} run "
                for tool, lock in (("uv", "uv.lock"), ("poetry", "poetry.lock"))
                if (self.root / lock).is_file()
            ),
            "",
        )
        if re.search(r"^test\s*:", _text(self.root / "Makefile"), re.MULTILINE):
            return Found("make test", "the Makefile has a target test")
        if "pytest" in self.tools:
            return Found(f"{runner}pytest", "pyproject.toml has [tool.pytest]")
        for name in ("pytest.ini", "tests"):
            if (self.root / name).exists():
                return Found(f"{runner}pytest", f"there is {name}")
        return None

    def near(self, name: str) -> Iterator[Path]:
        """Files of this name here and two levels down, the closest first."""
        for depth in ("", "*/", "*/*/"):
            for path in sorted(self.root.glob(f"{depth}{name}")):
                if path.is_file() and not self.passed_by(path):
                    yield path

    def sources(self) -> Iterator[Path]:
        count = 0
        pending = [self.root]
        while pending and count < _LIMIT:
            for path in sorted(pending.pop(0).iterdir()):
                if self.passed_by(path) or path.is_symlink():
                    continue
                if path.is_dir():
                    if not (path / "pyvenv.cfg").exists():
                        pending.append(path)
                elif path.suffix == ".py" and path.parent.name != "versions":
                    count += 1
                    yield path

    def passed_by(self, path: Path) -> bool:
        parts = path.relative_to(self.root).parts
        return any(part in _PASSED_BY or part.startswith(".") for part in parts)

    def relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _members(path: Path) -> list[Path]:
    """A module's file, or the files of its package."""
    return sorted(path.parent.rglob("*.py"))[:200] if path.name == "__init__.py" else [path]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size < 1_000_000 else ""
    except OSError:
        return ""
