"""Autogenerate: compares the models with the approved database, and writes the revision file whole or not at all."""

import contextlib
import os
import re
import shutil
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from alembic.autogenerate.api import RevisionContext
from alembic.autogenerate.render import _render_python_into_templatevars
from alembic.operations.ops import MigrateOperation, MigrationScript, UpgradeOps
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory

from ...terms.trash import TRASH
from ..errors import NotAtHeadsError, NotConfiguredError, RefusedError, SeveralHeadsError
from ..generated import Abrupt, Caution, Generated, Rename, Shape, Waiting, Way
from ..history import History
from ..wire import Message
from .applying import stamped_ahead
from .blind_spots import blind_spots, suspicions
from .environment import Environment, Options
from .operations import described, flat
from .reading import settings_of, sound
from .renames import column_pairs, restorable, table_pairs
from .shaping import abrupt, shaped, waiting

_NOT_THEIRS = re.compile(r"Can't validate argument '\w+'; can't locate any SQLAlchemy dialect named")
"""What SQLAlchemy 2.1 says of a constraint that is NOT VALID in the database, and means by it a slip of its own."""


def autogenerate(environment: Environment, arguments: Mapping[str, Any], _emit: Callable[[Message], None]) -> Generated:
    """A revision with the id that the caller chose, in the given shape.

    No file when nothing was found, when `write` is false, or when a person has to be asked first.
    """
    shape: Shape = arguments["shape"]
    history = sound(environment)
    head = _base(history, arguments["head"])
    if history.get(arguments["revision"]) is not None:
        raise RefusedError(
            f"There is a revision {arguments['revision']} already.", remedy="Choose another id, or use that revision."
        )
    script = environment.script
    context = RevisionContext(
        environment.config,
        script,
        {
            "message": arguments["message"],
            "autogenerate": True,
            "sql": False,
            "head": head,
            "splice": False,
            "branch_label": None,
            "version_path": None,
            "rev_id": arguments["revision"],
            "depends_on": None,
        },
    )
    seen: Options = {}
    found: list[MigrationScript] = []
    raw: list[MigrateOperation] = []
    pairs: list[Rename] = []
    hints: list[Abrupt] = []
    columns: list[Waiting] = []
    cautions: list[Caution] = []
    spots: list[Caution] = []

    def take(migration: MigrationContext, scripts: list[MigrationScript]) -> None:
        raw.extend(each for ops in _upgrades(scripts) for each in flat(ops))
        if not shape.discard:
            pairs.extend(_pairs(raw, shape.way, migration))
            hints.extend(abrupt(raw))
            columns.extend(waiting(raw))
        for each in scripts:
            shaped(each, shape, migration)
        found.extend(scripts)

    def adjust(options: Options) -> None:
        seen.update(options)
        if not options.get("target_metadata"):
            raise NotConfiguredError(
                "env.py hands no target_metadata to context.configure().",
                where=script.env_py_location,
                remedy="Set `target_metadata = Base.metadata` in env.py and import every module that defines tables.",
            )
        options["include_name"] = _but_trash(options.get("include_name"))
        options["process_revision_directives"] = _after(options.get("process_revision_directives"), take)

    def steps(heads: Any, migration: MigrationContext) -> Iterable[RevisionStep]:
        _require_heads(history, tuple(heads))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            context.run_autogenerate(heads, migration)
        cautions.extend(
            Caution("comparison", "", str(each.message), "Compare this object by hand.")
            for each in caught
            if issubclass(each.category, UserWarning | RuntimeWarning) and not _NOT_THEIRS.match(str(each.message))
        )
        cautions.extend(suspicions(_upgrades(found), migration))
        spots.extend(blind_spots(settings_of(seen), seen, migration))
        return []

    environment.run(
        steps, adjust, dont_mutate=True, template_args=context.template_args, revision_context=context, as_sql=False
    )
    if not found:  # the project's own directives decided that there is nothing to write
        return Generated(arguments["revision"], None, (), "", "", tuple(cautions), tuple(spots))
    operations = described(_upgrades(found))
    sources: dict[str, Any] = {}
    for each in found:
        _render_python_into_templatevars(context._last_autogen_context, each, sources)  # noqa: SLF001 - as it renders
    ask = (shape.ask and pairs) or (shape.in_steps and hints)
    path = _write(script, context) if operations and arguments["write"] and not ask else None
    return Generated(
        revision=arguments["revision"],
        path=path,
        operations=operations,
        upgrade_source=_flush(sources.get("upgrades", "")),
        downgrade_source=_flush(sources.get("downgrades", "")),
        warnings=tuple(cautions),
        blind_spots=tuple(spots),
        pairs=tuple(pairs),
        abrupt=tuple(hints),
        waiting=tuple(columns),
    )


def _flush(body: str) -> str:
    """A body as Alembic's templates take it (its first line stands after their own indentation), at the margin."""
    return textwrap.dedent(f"    {body}")


def _base(history: History, head: str | None) -> str:
    """The revision to build upon."""
    if head is not None:
        return head
    if len(history.heads) > 1:
        heads = "; ".join(f"{each.revision} ({each.doc})" for each in history.revisions if each.is_head)
        raise SeveralHeadsError(
            f"The history has {len(history.heads)} heads: {heads}.",
            means="A new revision follows one of them; which one is a person's decision.",
            remedy=f"Merge them with `alembic merge -m merge {' '.join(history.heads)}`, or choose the head to follow.",
        )
    return "head"


def _require_heads(history: History, heads: tuple[str, ...]) -> None:
    unknown = history.unknown(heads)
    if unknown:
        raise stamped_ahead(unknown)
    pending = history.pending(heads)
    if pending:
        raise NotAtHeadsError(
            f"The database lacks {len(pending)} revisions, the first is {pending[0].revision} ({pending[0].doc}).",
            means="Compared with it, tables that these revisions make would be generated once more.",
            remedy="Deploy the pending revisions to this database first.",
        )


def _pairs(found: Sequence[MigrateOperation], way: Way, migration: MigrationContext) -> Iterator[Rename]:
    """What may be a rename and has to be asked about, in this way of writing."""
    if way in {"whole", "set-aside"}:
        yield from column_pairs(found)
        yield from table_pairs(found)
    if migration.connection is not None:
        yield from restorable(found, migration.connection)


def _but_trash(theirs: Callable[..., bool] | None) -> Callable[..., bool]:
    """The project's own filter, and never a table of the trash."""

    def include(name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
        if kind == "schema" and name == TRASH:
            return False
        return True if theirs is None else theirs(name, kind, parents)

    return include


def _after(
    theirs: Callable[..., None] | None, take: Callable[[MigrationContext, list[MigrationScript]], None]
) -> Callable[..., None]:
    """Runs the project's own directives first, then takes what they leave."""

    def directives(context: MigrationContext, revision: Any, scripts: list[MigrationScript]) -> None:
        if theirs is not None:
            theirs(context, revision, scripts)
        take(context, list(scripts))

    return directives


def _upgrades(scripts: Iterable[MigrationScript]) -> tuple[UpgradeOps, ...]:
    return tuple(ops for each in scripts for ops in each.upgrade_ops_list)


def _write(script: ScriptDirectory, context: RevisionContext) -> Path | None:
    """Lets Alembic and the project's post-write hooks work on a file aside, then links it to its place in one step."""
    with _workshop(Path(script.dir)) as workshop:
        places: dict[str, Path] = {}
        in_place = script._rev_path  # noqa: SLF001 - where Alembic decides on the name

        def aside(*arguments: Any) -> Path:
            path = in_place(*arguments)
            places[path.name] = path
            return workshop / path.name

        script._rev_path = aside  # type: ignore[method-assign, assignment]  # noqa: SLF001 - this process runs one command
        written = [each for each in context.generate_scripts() if each is not None]
        for each in written:
            _publish(Path(each.path), places[Path(each.path).name])
        return places[Path(written[0].path).name] if written else None


def _publish(path: Path, place: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, place)
    except FileExistsError:
        raise RefusedError(f"{place} exists already.", remedy="Give the change another message or id.") from None
    except OSError:  # a file system without hard links
        if place.exists():
            raise RefusedError(f"{place} exists already.", remedy="Give the change another message or id.") from None
        path.replace(place)


@contextlib.contextmanager
def _workshop(home: Path) -> Iterator[Path]:
    """A directory beside versions/ for one file in the making; clears those that killed processes left."""
    for left in home.glob(".sensei-*"):
        number = left.name.removeprefix(".sensei-")
        if number.isdigit() and not _alive(int(number)):
            shutil.rmtree(left, ignore_errors=True)
    workshop = home / f".sensei-{os.getpid()}"
    workshop.mkdir(exist_ok=True)
    try:
        yield workshop
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()
