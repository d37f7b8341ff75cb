"""Writes sensei.yaml for a project, from what stands there: first a plan that can be shown, then the files."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..terms.errors import SenseiError, UsageError
from . import config, schema
from .bytebase_mapping import EXAMPLE, BytebaseMapping
from .discover import Discovery, Found, FoundEnvironment, discover
from .place import DIRECTORY, FILE_NAME

_LATER = ("staging", "prod")
"""The environments that are written even where nothing tells of them: as a comment, or when Bytebase leads there."""

SCHEMA_FILE = f"{DIRECTORY}/{schema.FILE_NAME}"
_IGNORED = f"{DIRECTORY}/"

Scaffold = Callable[[Path], object]
"""Sets up Alembic in a directory (migrations.scaffold)."""


class AlreadyThereError(UsageError):
    """There is a sensei.yaml, and nobody said to write over it."""


class UnwritableError(SenseiError):
    """A file of the project cannot be written."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What `write` would do. `text` is sensei.yaml; `scaffold` says that Alembic is to be set up first; `ignore`
    are lines to add to .gitignore; `notes` are sentences a person should read before.
    """

    root: Path
    text: str
    found: Discovery
    exists: bool
    scaffold: bool
    ignore: tuple[str, ...]
    notes: tuple[str, ...]
    mapping: BytebaseMapping | None = None

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of those that a mapping may lead to."""
        names = [each.name for each in self.found.environments]
        return (*names, *(name for name in _LATER if name not in names))

    @property
    def path(self) -> Path:
        """Where sensei.yaml is or would be."""
        return self.root / FILE_NAME

    def reasons(self) -> tuple[tuple[str, str, str], ...]:
        """Every value with its origin: (key, value, why)."""
        found = self.found
        named = {
            "name": found.name,
            "alembic.ini": found.ini,
            "alembic.pyproject": found.pyproject,
            "alembic.script_location": found.script_location,
            "tests": found.tests,
            "lint": found.lint,
            "env_file": found.env_file,
        }
        rows = [(key, each.value, each.why) for key, each in named.items() if each]
        rows += [("models", each.value, each.why) for each in found.models]
        rows += [(f"environments.{each.name}", each.variable.value, each.variable.why) for each in found.environments]
        return tuple(rows)


def plan(root: Path, environ: Mapping[str, str] | None = None, *, mapping: BytebaseMapping | None = None) -> Plan:
    """What sensei.yaml would say for the project in `root`, with this way through Bytebase; writes nothing."""
    root = root.absolute()
    found = discover(root, os.environ if environ is None else environ)
    ignored = _ignored(root)
    ignore = [] if _covers(ignored, _IGNORED) else [_IGNORED]
    notes: list[str] = []
    if found.env_file and not _covers(ignored, found.env_file.value):
        ignore.append(found.env_file.value)
        notes.append(f"{found.env_file.value} holds secrets and was not in .gitignore; it is added there.")
    if not found.models and found.has_alembic:
        notes.append("No models were found: name their modules under `models`, so that `edit` can open them.")
    scaffold = not found.has_alembic
    if scaffold:
        notes.append("There is no Alembic set-up yet; one is made in migrations/.")
    text, exists = _render(found, mapping), (root / FILE_NAME).exists()
    return Plan(root, text, found, exists, scaffold, tuple(ignore), tuple(notes), mapping)


def write(planned: Plan, *, force: bool = False, scaffold: Scaffold | None = None) -> tuple[Path, ...]:
    """Do what the plan says; the files written. Raises AlreadyThereError unless `force`, and UnwritableError.

    `scaffold` sets up Alembic where the plan wants it; afterwards the plan is made again, since there is more to find.
    """
    if planned.exists and not force:
        raise AlreadyThereError(
            f"{FILE_NAME} is already there.",
            means="It was not touched.",
            remedy="Edit it, or write a new one over it: sensei init --force",
            where=str(planned.path),
        )
    try:
        if planned.scaffold and scaffold is not None:
            scaffold(planned.root)
            planned = plan(planned.root, mapping=planned.mapping)
        written = [planned.path, planned.root / SCHEMA_FILE]
        written[1].parent.mkdir(mode=0o700, exist_ok=True)
        _replace(written[1], schema.text())
        if planned.ignore:
            written.append(planned.root / ".gitignore")
            _append(written[-1], planned.ignore)
        _replace(planned.path, planned.text)
    except OSError as error:
        raise UnwritableError(
            f"{error.filename or planned.path} cannot be written: {error.strerror}.",
            remedy="Check the disk and the directory's permissions, then run `sensei init` again.",
        ) from error
    config.load(planned.path)
    return tuple(written)


def _render(found: Discovery, mapping: BytebaseMapping | None) -> str:
    databases = mapping.databases if mapping else {}
    names = {each.name for each in found.environments}
    environments = [*found.environments, *(_added(name) for name in _LATER if name in databases and name not in names)]
    lines = [
        f"# yaml-language-server: $schema={SCHEMA_FILE}",
        "# Schema Sensei: what this project is. Written by `sensei init`; correct what it guessed wrong.",
        "",
        *_entry("name", _quoted(found.name.value), found.name.why),
        "",
        "# Where a change goes, in this order. `url` is the NAME of the variable that holds the database URL; a URL",
        "# never stands in this file. gate: direct = sensei executes the reviewed SQL; none = not through sensei.",
        "# protected: true = never directly; every screen says PROTECTED. bytebase: its databases there, see below.",
        "environments:",
        *(line for each in environments for line in _environment(each, databases.get(each.name, ""))),
    ]
    names = {each.name for each in environments}
    if "staging" not in names:
        lines.append("  # staging: {url: STAGING_DATABASE_URL, gate: direct}")
    if "prod" not in names:
        lines.append("  # prod: {url: PROD_DATABASE_URL, gate: none, protected: true}")
    lines += ["", "# The modules (or files) that define the tables."]
    if found.models:
        lines += ["models:", *(f"  - {_quoted(each.value)}  # {each.why}" for each in found.models)]
    else:
        lines += ["# models: [app.models]"]
    lines += ["", "# Where Alembic's files are."]
    parts = {"ini": found.ini, "pyproject": found.pyproject, "script_location": found.script_location}
    given = [(key, each) for key, each in parts.items() if each]
    if found.url_variable:
        given.append(("url_variable", found.url_variable))
    lines += ["alembic:"] if given else ["# alembic: {ini: alembic.ini}"]
    lines += [f"  {key}: {_quoted(each.value)}  # {each.why}" for key, each in given]
    for key, each, example, what in (
        ("tests", found.tests, "pytest", "The command that runs the tests."),
        ("lint", found.lint, "ruff check .", "The command that checks the code."),
        ("env_file", found.env_file, ".env", "NAME=VALUE lines for what the shell does not set; never commit it."),
    ):
        lines += ["", f"# {what}"]
        lines += _entry(key, _quoted(each.value), each.why) if each else [f"# {key}: {example}"]
    lines += [
        "",
        "# A journal that a team shares: the variable with its PostgreSQL URL. Without it: .sensei/journal.db",
        "# journal: SENSEI_JOURNAL_URL",
        "",
        "# A Bytebase server for environments that name their databases there. account and key are NAMES of variables;",
        "# `sensei bytebase check` looks whether it works.",
        *(mapping.lines if mapping else EXAMPLE),
        "",
        "# A server to make scratch databases on, if the embedded one lacks an extension that you use.",
        "# scratch: {url: SCRATCH_DATABASE_URL}",
    ]
    return "\n".join(lines) + "\n"


def _added(name: str) -> FoundEnvironment:
    variable = Found(f"{name.upper()}_DATABASE_URL", "nothing names it yet; set it")
    return FoundEnvironment(name, variable, protected=name == "prod")


def _environment(each: FoundEnvironment, database: str) -> list[str]:
    gate = "bytebase" if database else each.gate
    lines = [f"  {each.name}:", f"    url: {each.variable.value}  # {each.variable.why}", f"    gate: {gate}"]
    if database:
        lines.append(f"    bytebase: {_quoted(database)}")
    return [*lines, "    protected: true"] if each.protected else lines


def _entry(key: str, value: str, why: str) -> list[str]:
    return [f"{key}: {value}  # {why}"]


def _quoted(text: str) -> str:
    """The text as YAML reads it back: quoted unless it is a plain word, path or command."""
    plain = text[:1].isalpha() or text[:1] in {".", "/"}
    safe = all(character.isalnum() or character in " ._/-" for character in text) and text.isascii()
    if plain and safe and text == text.strip() and text not in {"null", "true", "false"}:
        return text
    return "'" + text.replace("'", "''") + "'"


def _ignored(root: Path) -> list[str]:
    try:
        return [line.strip() for line in (root / ".gitignore").read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return []


def _covers(ignored: list[str], name: str) -> bool:
    bare = name.rstrip("/")
    return any(line.strip("/") in {bare, f"**/{bare}", f"{bare}*"} for line in ignored)


def _append(path: Path, lines: tuple[str, ...]) -> None:
    before = path.read_bytes() if path.exists() else b""
    separator = b"" if not before or before.endswith(b"\n") else b"\n"
    path.write_bytes(before + separator + "".join(f"{line}\n" for line in lines).encode())


def _replace(path: Path, text: str) -> None:
    half = path.with_name(f"{path.name}.new")
    half.write_text(text, encoding="utf-8")
    half.replace(path)
