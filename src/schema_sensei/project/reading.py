"""Turns the document of a sensei.yaml into a Project, noting every problem on the way."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from ..definitions.problems import Problem, did_you_mean
from ..definitions.yaml_source import Document
from ..migrations.layout import Layout
from ..terms.json import JsonValue
from .environment import Environment, Gate
from .project import Project, find_module

Place = tuple[str | int, ...]
Command = tuple[str, ...] | str
_T = TypeVar("_T")

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
ENVIRONMENT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
_GATES: Mapping[str, Gate] = {"direct": "direct", "none": "none"}

KEYS = {
    "name": "the project's name",
    "environments": "where changes go, in order",
    "models": "the modules or files that define the tables",
    "alembic": "where Alembic's files are",
    "tests": "the command that runs the tests",
    "lint": "the command that checks the code",
    "journal": "the variable with the URL of a shared journal",
    "scratch": "where scratch databases are made",
    "workflows": "the directory of the team's own workflows",
    "env_file": "a file of NAME=VALUE lines to read variables from",
}
ENVIRONMENT_KEYS = ("url", "gate", "protected")
ALEMBIC_KEYS = ("ini", "pyproject", "script_location", "url_variable")


class Reading:
    """One pass over a document; `problems` fills up, and `project` is to be used only while it is empty."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def project(self, root: Path) -> Project:
        """The project at `root`, with stand-ins for whatever has a problem."""
        top = self._mapping(self.document.data, (), KEYS, "sensei.yaml")
        models = self._optional(top, "models", self._texts) or ()
        self._check_models(models, root)
        name = self._optional(top, "name", self._text)
        env_file = self._optional(top, "env_file", self._text)
        workflows = self._optional(top, "workflows", self._text)
        if workflows and not (root / workflows).is_dir():
            self._note(
                "no-directory", f"there is no directory {workflows}", ("workflows",), "Make it, or remove the key."
            )
        return Project(
            root=root,
            name=name or root.name,
            environments=self._environments(top),
            layout=self._layout(top, root, models),
            models=models,
            tests=self._command(top["tests"], ("tests",)) if "tests" in top else None,
            lint=self._command(top["lint"], ("lint",)) if "lint" in top else None,
            journal_variable=self._optional(top, "journal", self._variable),
            scratch_variable=self._scratch(top),
            workflows=root / workflows if workflows else None,
            env_file=root / env_file if env_file else None,
        )

    def _environments(self, top: Mapping[str, JsonValue]) -> tuple[Environment, ...]:
        if "environments" not in top:
            if isinstance(self.document.data, dict):
                hint = "For example:\n    environments:\n      dev: {url: DATABASE_URL}"
                self._note("missing", "there are no environments", (), hint)
            return ()
        entries = top["environments"]
        pairs: list[tuple[Place, str, JsonValue]] = []
        if isinstance(entries, dict):
            pairs = [(("environments", name), name, entry) for name, entry in entries.items()]
        elif isinstance(entries, list):
            for index, entry in enumerate(entries):
                place: Place = ("environments", index)
                if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                    rest = {key: value for key, value in entry.items() if key != "name"}
                    pairs.append((place, entry["name"], rest))
                else:
                    hint = "Write - {name: dev, url: DATABASE_URL}"
                    self._note("environment-name", "this environment has no name", place, hint)
        else:
            self._wrong(("environments",), "a mapping of names", entries)
            return ()
        if not pairs and not self.problems:
            self._note("missing", "there are no environments", ("environments",), "Name at least one.")
        environments = [self._environment(place, name, entry) for place, name, entry in pairs]
        self._check_distinct(environments, pairs)
        return tuple(environments)

    def _environment(self, place: Place, name: str, entry: JsonValue) -> Environment:
        if not ENVIRONMENT_NAME.fullmatch(name):
            hint = "Small letters, digits, - and _, beginning with a letter, 32 at most."
            self._note("environment-name", "this is no name for an environment", place, hint, key=True)
        fields = self._mapping(entry, place, ENVIRONMENT_KEYS, f"environment {name[:32]}")
        if "url" not in fields and isinstance(entry, dict):
            self._note(
                "missing", f"{name[:32]} has no url", place, "Name the variable that holds it: url: DATABASE_URL"
            )
        url = self._optional(fields, "url", self._variable, place) or ""
        protected = self._optional(fields, "protected", self._boolean, place) or False
        default: Gate = "none" if protected else "direct"
        gate = self._optional(fields, "gate", self._gate, place) or default
        if protected and gate == "direct":
            self._note(
                "protected-direct",
                f"{name[:32]} is protected, so it cannot have a direct gate",
                (*place, "gate"),
                "Write gate: none; what is protected is reached only through a gate with its own approval.",
            )
        return Environment(name, url, gate, protected)

    def _check_distinct(self, environments: list[Environment], pairs: list[tuple[Place, str, JsonValue]]) -> None:
        names: dict[str, str] = {}
        variables: dict[str, str] = {}
        for environment, (place, name, _) in zip(environments, pairs, strict=True):
            if name in names:
                self._note("duplicate-name", f"there are two environments {name[:32]}", place, "Rename one of them.")
            names[name] = name
            if environment.url_variable and (other := variables.get(environment.url_variable)):
                self._note(
                    "shared-variable",
                    f"{other} and {name[:32]} use the same variable {environment.url_variable}",
                    (*place, "url"),
                    "Two environments are two databases: give each its own variable.",
                )
            variables.setdefault(environment.url_variable, name)

    def _layout(self, top: Mapping[str, JsonValue], root: Path, models: tuple[str, ...]) -> Layout:
        place: Place = ("alembic",)
        given = self._mapping(top["alembic"], place, ALEMBIC_KEYS, "alembic") if "alembic" in top else {}
        ini = self._optional(given, "ini", self._text, place)
        pyproject = self._optional(given, "pyproject", self._text, place)
        location = self._optional(given, "script_location", self._text, place)
        for key, value in (("ini", ini), ("pyproject", pyproject)):
            if value and not (root / value).is_file():
                self._note("no-file", f"there is no file {value}", (*place, key), "Correct the path; it starts here.")
        if location and "%(" not in location and ":" not in location and not (root / location).is_dir():
            hint = "Correct the path, or make it: `sensei init` can set up Alembic."
            self._note("no-directory", f"there is no directory {location}", (*place, "script_location"), hint)
        if not given:
            ini = "alembic.ini" if (root / "alembic.ini").is_file() else None
            pyproject = "pyproject.toml" if has_alembic_settings(root / "pyproject.toml") else None
        return Layout(
            root=root,
            ini=root / ini if ini else None,
            pyproject=root / pyproject if pyproject else None,
            script_location=str(root / location)
            if location and "%(" not in location and ":" not in location
            else location,
            url_variable=self._optional(given, "url_variable", self._variable, place),
            models=tuple(_module(root, each) for each in models),
        )

    def _check_models(self, models: tuple[str, ...], root: Path) -> None:
        listed = isinstance(self.document.data, dict) and isinstance(self.document.data.get("models"), list)
        for index, text in enumerate(models):
            looks_like_path = text.endswith(".py") or "/" in text
            if looks_like_path and find_module(root, text) is None:
                place: Place = ("models", index) if listed else ("models",)
                self._note("no-file", f"there is no model file {text}", place, "Correct the path; it starts here.")

    def _scratch(self, top: Mapping[str, JsonValue]) -> str | None:
        if "scratch" not in top:
            return None
        place: Place = ("scratch",)
        given = self._mapping(top["scratch"], place, ("url",), "scratch")
        return self._optional(given, "url", self._variable, place)

    def _gate(self, value: JsonValue, place: Place) -> Gate | None:
        text = "none" if value is None else value
        if isinstance(text, str) and text in _GATES:
            return _GATES[text]
        hint = "direct: sensei executes the SQL; none: changes do not go there through sensei."
        self._note("gate", "a gate is direct or none", place, hint)
        return None

    def _variable(self, value: JsonValue, place: Place) -> str | None:
        if isinstance(value, str) and ("://" in value or "@" in value or "password=" in value):
            self._note(
                "url-not-variable",
                "a URL must not stand here; it would be committed with its password",
                place,
                "Put it in an environment variable or the env file, and write the variable's name here. "
                "If this was committed, change the password.",
            )
            return None
        text = self._text(value, place)
        if text is not None and text.startswith("$"):
            hint = f"Write {text.strip('${}')[:60]}"
            self._note("variable-name", "the variable's name stands without $", place, hint)
            return None
        if text is not None and not VARIABLE.fullmatch(text):
            self._note("variable-name", "this is no name of a variable", place, "For example DATABASE_URL.")
            return None
        return text

    def _text(self, value: JsonValue, place: Place) -> str | None:
        if isinstance(value, str) and value.strip():
            return value
        self._wrong(place, "a text", value)
        return None

    def _boolean(self, value: JsonValue, place: Place) -> bool | None:
        if isinstance(value, bool):
            return value
        self._wrong(place, "true or false", value)
        return None

    def _texts(self, value: JsonValue, place: Place) -> tuple[str, ...] | None:
        if isinstance(value, str) and value.strip():
            return (value,)
        if not isinstance(value, list):
            self._wrong(place, "a text or a list of texts", value)
            return None
        texts = [self._text(each, (*place, index)) for index, each in enumerate(value)]
        return tuple(text for text in texts if text is not None)

    def _command(self, value: JsonValue, place: Place) -> Command | None:
        if isinstance(value, str):
            return self._text(value, place)
        arguments = self._texts(value, place)
        if arguments == ():
            self._note("empty-command", "the command is empty", place, "Write it, or remove the key.")
        return arguments

    def _optional(
        self,
        fields: Mapping[str, JsonValue],
        key: str,
        read: Callable[[JsonValue, Place], _T],
        place: Place = (),
    ) -> _T | None:
        return read(fields[key], (*place, key)) if key in fields else None

    def _mapping(
        self, value: JsonValue, place: Place, known: Mapping[str, str] | tuple[str, ...], what: str
    ) -> Mapping[str, JsonValue]:
        if not isinstance(value, dict):
            self._wrong(place, "a mapping (key: value)", value)
            return {}
        for key in value:
            if key not in known:
                hint = did_you_mean(key, known)
                self._note("unknown-key", f"{what} has no key `{key[:60]}`", (*place, key), hint, key=True)
        return {key: entry for key, entry in value.items() if key in known}

    def _wrong(self, place: Place, wanted: str, found: JsonValue) -> None:
        match found:
            case None:
                kind = "nothing"
            case bool():
                kind = "true or false"
            case int() | float():
                kind = "a number"
            case str():
                kind = "a text" if found.strip() else "an empty text"
            case dict():
                kind = "a mapping"
            case _:
                kind = "a list"
        self._note("wrong-type", f"{wanted} belongs here, not {kind}", place)

    def _note(self, code: str, message: str, place: Place, hint: str = "", *, key: bool = False) -> None:
        self.problems.append(self.document.problem(code, message, place, hint, key=key))


def has_alembic_settings(path: Path) -> bool:
    """Whether this is a pyproject.toml with a [tool.alembic] table."""
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError):
        return False
    return isinstance(tool, dict) and "alembic" in tool


def _module(root: Path, text: str) -> str:
    """The module's dotted name; a path counts from the root, or from src/."""
    if not (text.endswith(".py") or "/" in text):
        return text
    parts = list(Path(text).with_suffix("").parts)
    if parts[:1] == ["src"] and not (root / "src" / "__init__.py").exists():
        del parts[0]
    if parts[-1:] == ["__init__"]:
        del parts[-1]
    return ".".join(parts)
