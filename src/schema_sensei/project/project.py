"""A person's project as a value: where its files are, and its environments in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..migrations.layout import Layout
from .environment import Environment, Target, UnknownEnvironmentError
from .place import DIRECTORY, FILE_NAME
from .variables import Variables


@dataclass(frozen=True, slots=True)
class Project:
    """A person's project. `models` stand as written (modules or paths); `tests` and `lint` are a shell line or a list
    of arguments; `journal_variable` and `scratch_variable` name variables that hold URLs; `ignore` are rules
    of what a comparison leaves out (changes.ignoring).
    """

    root: Path
    name: str
    environments: tuple[Environment, ...]
    layout: Layout
    models: tuple[str, ...] = ()
    tests: tuple[str, ...] | str | None = None
    lint: tuple[str, ...] | str | None = None
    journal_variable: str | None = None
    scratch_variable: str | None = None
    workflows: Path | None = None
    env_file: Path | None = None
    ignore: tuple[str, ...] = ()

    @property
    def directory(self) -> Path:
        """Where its journal and caches live; made by whoever writes there first."""
        return self.root / DIRECTORY

    @property
    def model_files(self) -> tuple[Path, ...]:
        """The files of the models that exist: what `edit` opens and watches."""
        found = (file for each in self.models if (file := find_module(self.root, each)) is not None)
        return tuple(dict.fromkeys(found))

    def environment(self, name: str) -> Environment:
        """The environment of this name. Raises UnknownEnvironmentError."""
        for environment in self.environments:
            if environment.name == name:
                return environment
        known = ", ".join(each.name for each in self.environments)
        raise UnknownEnvironmentError(
            f"There is no environment {name}.",
            remedy=f"Use one of {known}, or add it to {FILE_NAME}.",
            where=str(self.root / FILE_NAME),
        )

    def variables(self, environ: Mapping[str, str] | None = None) -> Variables:
        """The variables to resolve its URLs with: `environ` (default: this process's), then its env file."""
        return Variables.of(environ, self.env_file)

    def target(self, name: str, environ: Mapping[str, str] | None = None) -> Target:
        """An environment resolved to one database. Raises as Environment.target does, and EnvFileError."""
        return self.environment(name).target(self.variables(environ))


def find_module(root: Path, text: str) -> Path | None:
    """The file of a module (`app.models`) or path (`app/models.py`) of the project, in its root or in src/."""
    for base in (root, root / "src"):
        path = base / text
        if path.is_file():
            return path
        folder = path if path.is_dir() else base.joinpath(*text.split("."))
        for candidate in (folder / "__init__.py", folder.with_name(f"{folder.name}.py")):
            if candidate.is_file():
                return candidate
    return None
