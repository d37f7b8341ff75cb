"""Reads: the revision files, env.py's settings, and where a database stands."""

import ast
import hashlib
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from alembic.script.revision import RevisionMap

from ..errors import BrokenHistoryError, NotConfiguredError
from ..history import History, Problem, Revision
from ..settings import Settings
from ..wire import Message
from .environment import Environment, Options
from .failures import last_line, place

_Read = dict[str, tuple[Script, Path]]


def history(environment: Environment, _arguments: Mapping[str, Any], _emit: Callable[[Message], None]) -> History:
    """The revisions and every problem of their files; never raises for what is wrong with them."""
    try:
        locations = environment.script._version_locations  # noqa: SLF001 - the only list of them
    except NotConfiguredError as error:
        return History((), (), (), (Problem("no-configuration", error.what, error.remedy, Path(error.where)),))
    problems: list[Problem] = []
    read: _Read = {}
    for path in dict.fromkeys(each.resolve() for place_ in locations for each in _files(environment, place_)):
        script = _read(environment, path, problems)
        if script is None:
            continue
        if script.revision in read:
            problems.append(_duplicate(script.revision, read[script.revision][1], path))
        else:
            read[script.revision] = script, path
    parents = {revision: _parents(script) for revision, (script, _) in read.items()}
    problems += _dangling(read)
    order, circle = _parents_first(parents)
    if circle:
        problems.append(_cycle(circle, read))
    if any(problem.fatal for problem in problems):
        followed = {parent for script, _ in read.values() for parent in _tuple(script.down_revision)}
        heads = tuple(sorted(set(read) - followed))
        return History(_revisions(order, read, heads, resolve=False), heads, (), tuple(problems))
    scripts = [script for script, _ in read.values()]
    environment.script.revision_map = RevisionMap(lambda: iter(scripts))  # each file is imported once
    try:
        heads = tuple(sorted(environment.script.get_heads()))
        known = _revisions(order, read, heads, resolve=True, environment=environment)
        branches = _branches(environment, known)
    except Exception as error:
        remedy = "`alembic history` shows it; correct the revision that it names."
        problems.append(Problem("unreadable", f"Alembic cannot use these files: {last_line(error)}", remedy))
        return History(_revisions(order, read, (), resolve=False), (), (), tuple(problems))
    if len(heads) > 1:
        remedy = "Merge them (`alembic merge heads`), or name the head to build upon."
        problems.append(
            Problem("several-heads", f"The history has {len(heads)} heads: {', '.join(heads)}.", remedy, fatal=False)
        )
    return History(known, heads, branches, tuple(problems))


def sound(environment: Environment) -> History:
    """The history, for commands that need one without fatal problems. Raises NotConfigured- or BrokenHistoryError."""
    found = history(environment, {}, lambda _: None)
    for problem in found.problems:
        if problem.fatal:
            kind = NotConfiguredError if problem.code == "no-configuration" else BrokenHistoryError
            raise kind(problem.message, where=str(problem.path or ""), remedy=problem.remedy, revision=problem.revision)
    return found


def settings(environment: Environment, _arguments: Mapping[str, Any], _emit: Callable[[Message], None]) -> Settings:
    """What env.py hands to `configure`, read without a database."""
    return read_settings(environment)


def read_settings(environment: Environment) -> Settings:
    """The same, for the other commands of this process."""
    seen: Options = {}
    environment.render(lambda _heads, _context: [], seen.update)
    return settings_of(seen)


def settings_of(given: Options) -> Settings:
    """The Settings in the keyword arguments of `context.configure`."""
    metadata = given.get("target_metadata")
    every = metadata if isinstance(metadata, (list, tuple)) else [metadata] if metadata is not None else []
    tables = [table for each in every for table in each.tables.values()]
    return Settings(
        version_table=given.get("version_table") or "alembic_version",
        version_table_schema=given.get("version_table_schema"),
        include_schemas=bool(given.get("include_schemas")),
        include_name=given.get("include_name") is not None,
        include_object=given.get("include_object") is not None,
        compare_type=given.get("compare_type") is not False,
        compare_server_default=bool(given.get("compare_server_default")),
        plugins=tuple(given.get("autogenerate_plugins") or ()),
        has_metadata=bool(every),
        schemas=tuple(sorted({table.schema for table in tables}, key=lambda name: (name is not None, name))),
        tables=len(tables),
    )


def database_heads(
    environment: Environment, _arguments: Mapping[str, Any], _emit: Callable[[Message], None]
) -> tuple[str, ...]:
    """The revisions in the version table that env.py names."""
    return stands_at(environment, read_settings(environment))


def stands_at(environment: Environment, found: Settings) -> tuple[str, ...]:
    """The heads of the approved database, sorted, read on a fresh connection."""
    options = {"version_table": found.version_table, "version_table_schema": found.version_table_schema}
    with environment.approved.connection() as connection:
        return tuple(sorted(MigrationContext.configure(connection, opts=options).get_current_heads()))


def _files(environment: Environment, location: Path) -> Iterable[Path]:
    return Script._list_py_dir(environment.script, location) if location.exists() else ()  # noqa: SLF001 - as Alembic


def _read(environment: Environment, path: Path, problems: list[Problem]) -> Script | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Script._from_path(environment.script, path)  # noqa: SLF001 - one file, where load_all is all or none
    except BaseException as error:
        where = place(error, environment.layout)
        problems.append(
            Problem(
                "import-failed",
                f"{path.name} cannot be imported: {last_line(error)}" + (f" ({where})" if where else ""),
                "Correct that line; every Alembic command needs all revision files.",
                path,
            )
        )
        return None


def _tuple(value: Any) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def _parents(script: Script) -> tuple[str, ...]:
    return (*_tuple(script.down_revision), *_tuple(script.dependencies))


def _dangling(read: _Read) -> Iterable[Problem]:
    labels = {label for script, _ in read.values() for label in _tuple(script.branch_labels)}
    for revision, (script, path) in read.items():
        for kind, parents in (("parent", script.down_revision), ("dependency", script.dependencies)):
            for parent in _tuple(parents):
                short = parent.partition("@")[0] if "@" in parent else parent
                if short in read or short in labels or any(known.startswith(short) for known in read):
                    continue
                named = "down_revision" if kind == "parent" else "depends_on"
                yield Problem(
                    f"dangling-{kind}",
                    f"Revision {revision} names {parent} as its {named}, and no file has that revision.",
                    f"Restore the file of {parent} (is it on another branch of your repository?), or correct {named}.",
                    path,
                    revision,
                )


def _duplicate(revision: str, first: Path, second: Path) -> Problem:
    return Problem(
        "duplicate-revision",
        f"Two files have the revision {revision}: {first.name} and {second.name}.",
        "Give one of them an id of its own, and correct the down_revision of what follows it.",
        second,
        revision,
    )


def _cycle(circle: tuple[str, ...], read: _Read) -> Problem:
    return Problem(
        "cycle",
        f"These revisions follow each other in a circle: {' → '.join((*circle, circle[0]))}.",
        "Correct the down_revision or depends_on of one of them.",
        read[circle[0]][1],
        circle[0],
    )


def _parents_first(parents: Mapping[str, tuple[str, ...]]) -> tuple[list[str], tuple[str, ...]]:
    """All revisions with parents before children, and the first circle that is found (() without one)."""
    order: list[str] = []
    done: set[str] = set()
    circle: tuple[str, ...] = ()
    for root in parents:
        path: dict[str, Any] = {}
        pending = [root]
        while pending:
            revision = pending[-1]
            if revision in done:
                pending.pop()
                continue
            waiting = path.setdefault(revision, iter(parents[revision]))
            following = next((each for each in waiting if each in parents and each not in done), None)
            if following is None:
                done.add(revision)
                order.append(revision)
                path.pop(revision)
                pending.pop()
            elif following in path:
                names = list(path)
                circle = circle or tuple(names[names.index(following) :])
            else:
                pending.append(following)
    return order, circle


def _revisions(
    order: Iterable[str], read: _Read, heads: tuple[str, ...], *, resolve: bool, environment: Environment | None = None
) -> tuple[Revision, ...]:
    found = []
    for revision in order:
        script, path = read[revision]
        if resolve and environment is not None:
            script = environment.script.get_revision(revision)
        down, depends = _tuple(script.down_revision), _tuple(script.dependencies)
        if resolve:
            down, depends = script._versioned_down_revisions, script._resolved_dependencies  # noqa: SLF001 - full ids
        source = path.read_bytes()
        found.append(
            Revision(
                revision=revision,
                down_revisions=tuple(down),
                branch_labels=tuple(sorted(script._orig_branch_labels)),  # noqa: SLF001 - without inherited ones
                dependencies=tuple(depends),
                doc=script.doc,
                path=path,
                sha256=hashlib.sha256(source).hexdigest(),
                is_head=revision in heads,
                irreversible=_irreversible(source),
            )
        )
    return tuple(found)


def _irreversible(source: bytes) -> bool:
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError):  # compiled only
        return False
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name == "downgrade":
            work = [
                each for each in node.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
            ]
            return bool(work) and all(isinstance(each, ast.Raise) for each in work)
    return True


def _branches(environment: Environment, revisions: Iterable[Revision]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    labels = sorted({label for each in revisions for label in each.branch_labels})
    found = []
    for label in labels:
        scripts = environment.script.get_revisions(f"{label}@heads")
        found.append((label, tuple(sorted(script.revision for script in scripts if script is not None))))
    return tuple(found)
