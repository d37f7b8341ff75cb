"""Turns the document of a sensei.yaml into a Project, noting every problem on the way."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from ..migrations.layout import Layout
from ..terms.json import JsonValue
from .bytebase_fields import BytebaseFields
from .environment import Environment, Gate
from .fields import Place
from .ignoring import Rule
from .project import Project, find_module

ENVIRONMENT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
_TAKEN = frozenset({"first", "last", "this"})
_GATES: Mapping[str, Gate] = {"direct": "direct", "bytebase": "bytebase", "none": "none"}

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
    "ignore": "objects that comparisons leave out, such as table:audit.*",
    "env_file": "a file of NAME=VALUE lines to read variables from",
    "bytebase": "the Bytebase server that changes go through, for environments with that gate",
}
ENVIRONMENT_KEYS = ("url", "gate", "protected", "bytebase")
ALEMBIC_KEYS = ("ini", "pyproject", "script_location", "url_variable")


class Reading(BytebaseFields):
    """One pass over a document; `problems` fills up, and `project` is to be used only while it is empty."""

    def project(self, root: Path) -> Project:
        """The project at `root`, with stand-ins for whatever has a problem."""
        self.root = root
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
            ignore=self._optional(top, "ignore", self._rules) or (),
        )

    def _rules(self, value: JsonValue, place: Place) -> tuple[str, ...]:
        texts = self._texts(value, place) or ()
        for index, text in enumerate(texts):
            try:
                Rule.parse(text)
            except ValueError as wrong:
                where = (*place, index) if isinstance(value, list) else place
                self._note("ignore", str(wrong), where, "For example table:audit.* or schema:reporting.")
        return texts

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
        self._check_shared(top)
        environments = [self._environment(top, place, name, entry) for place, name, entry in pairs]
        self._check_distinct(environments, pairs)
        return tuple(environments)

    def _environment(self, top: Mapping[str, JsonValue], place: Place, name: str, entry: JsonValue) -> Environment:
        if not ENVIRONMENT_NAME.fullmatch(name):
            hint = "Small letters, digits, - and _, beginning with a letter, 32 at most."
            self._note("environment-name", "this is no name for an environment", place, hint, key=True)
        elif name in _TAKEN:
            hint = "In workflows environment.first, .last and .this are places in the order."
            self._note("environment-name", f"no environment can be called {name}", place, hint, key=True)
        fields = self._mapping(entry, place, ENVIRONMENT_KEYS, f"environment {name[:32]}")
        if "url" not in fields and isinstance(entry, dict):
            self._note(
                "missing", f"{name[:32]} has no url", place, "Name the variable that holds it: url: DATABASE_URL"
            )
        url = self._optional(fields, "url", self._variable, place) or ""
        protected = self._optional(fields, "protected", self._boolean, place) or False
        route = self._route(top, fields, place, name)
        default: Gate = "bytebase" if "bytebase" in fields else "none" if protected else "direct"
        gate = self._optional(fields, "gate", self._gate, place) or default
        if protected and gate == "direct":
            self._note(
                "protected-direct",
                f"{name[:32]} is protected, so it cannot have a direct gate",
                (*place, "gate"),
                "Write gate: bytebase or gate: none; what is protected is reached only through a gate with its own "
                "approval.",
            )
        if gate == "bytebase" and "bytebase" not in fields:
            hint = "For example:\n    bytebase: {databases: instances/prod-pg/databases/app}"
            self._note("missing", f"{name[:32]} has the gate bytebase, but no databases there", place, hint)
        return Environment(name, url, gate, protected, route if gate == "bytebase" else None)

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
        hint = (
            "direct: sensei executes the SQL; bytebase: its server does; none: changes do not go there through sensei."
        )
        self._note("gate", "a gate is direct, bytebase or none", place, hint)
        return None


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
