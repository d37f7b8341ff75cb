"""The two sides that the project's files say: what the models describe, and what the migrations make, as catalogs."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TypeAlias

from ..migrations.errors import BrokenHistoryError, MigrationError, NotConfiguredError, WorkerCancelledError
from ..migrations.history import History
from ..migrations.settings import Settings
from ..migrations.survey import Survey
from ..postgres import grants, session
from ..postgres.catalog import Catalog
from ..terms.secrets import Secret
from .remembered import remembered
from .replayed import empty, replay_key, seen_in_replay
from .revisions import survey
from .services import Services

Needs: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
_CALLED = frozenset({"function", "procedure"})


@dataclass(frozen=True, slots=True)
class Sides:
    """`models` or `made` (by the migrations, at their heads) is None when it cannot be used; `notes` say why.

    `plain` when env.py cannot be run and the revisions were replayed without it; `options` are then Alembic's own.
    """

    known: History
    options: Settings
    models: Catalog | None
    made: Catalog | None
    plain: bool
    notes: tuple[str, ...]


def read_sides(
    services: Services,
    pool: Executor,
    options: Future[Settings],
    *,
    checkpoint: Callable[[], None] = lambda: None,
    lenient: bool = False,
    surveyed: Survey | None = None,
) -> Sides:
    """Both sides, read at the same time on two workers of `pool`; `options` is fulfilled as soon as env.py was run.

    `lenient`: one side alone is enough. Raises MigrationError, ScratchError, UnreachableError for the scratch server.
    """
    server = pool.submit(services.scratch)
    found = surveyed or survey(services)
    known, plain = found.history, found.settings is None
    if found.trouble is not None and not lenient:
        raise found.trouble
    options.set_result(found.settings or Settings())
    checkpoint()
    server.result()
    described = None if found.trouble is not None else pool.submit(_described, services, found.models, ((), ()))
    problems: list[tuple[str, MigrationError]] = []
    made = models = None
    try:
        made = made_at(services, known, known.heads, plain=plain)
    except WorkerCancelledError:
        raise
    except MigrationError as error:
        problems.append(("migrations", error))
    checkpoint()
    try:
        models = _models(services, found.models, described, made) if described is not None else None
    except WorkerCancelledError:
        raise
    except MigrationError as error:
        problems.append(("models", error))
    if found.trouble is not None:
        problems.insert(0, ("models", found.trouble))
    if problems and (not lenient or (made is None and models is None)):
        raise problems[0][1]
    notes = [_note(side, error) for side, error in problems]
    if plain and made is not None:
        notes.append("The revisions were replayed without env.py: its version table and its own set-up do not count.")
    return Sides(known, found.settings or Settings(), models, made, plain, tuple(notes))


def made_at(services: Services, known: History, heads: tuple[str, ...], *, plain: bool = False) -> Catalog:
    """What the migrations make at these heads, with grants and version table. Raises MigrationError, ScratchError."""
    _require_sound(known)

    def look(url: Secret) -> Catalog:
        with session.connect(url, application_name="sensei look") as connection:
            return Catalog(Catalog.read(connection).rows | grants.read(connection))

    def read() -> Catalog:
        return seen_in_replay(services, known, heads, look, plain=plain)

    return remembered(services, f"migrations, with grants {replay_key(known, heads, plain=plain)}", read)


def _models(services: Services, mark: str, described: "Future[Catalog]", made: Catalog | None) -> Catalog:
    """What the models need and do not make (extensions, functions that defaults call) the migrations make."""
    try:
        return described.result()
    except WorkerCancelledError:
        raise
    except MigrationError:
        needs: Needs = ((), ()) if made is None else needs_of(made)
        if not any(needs):
            raise
        return _described(services, mark, needs)


def _described(services: Services, mark: str, needs: Needs) -> Catalog:
    def read() -> Catalog:
        with empty(services) as url:
            services.migrations().create_models(url, extensions=needs[0], functions=needs[1])
            with session.connect(url, application_name="sensei look") as connection:
                return Catalog.read(connection).without(kinds=_CALLED)

    return remembered(services, f"models {mark} {needs}", read) if mark else read()


def needs_of(made: Catalog) -> Needs:
    """The extensions of a catalog, and the statements that create its types and functions that no model can say."""
    extensions = sorted(row.ident for row in made.rows if row.kind == "extension" and row.ident != "plpgsql")
    functions = sorted(row.definition for row in made.rows if row.kind in _CALLED)
    types = sorted(_types(made))
    return tuple(extensions), (*types, *types, *functions)  # twice: one may be made of another


def _types(made: Catalog) -> Iterator[str]:
    """Ranges, and the composite types: what has columns and is no table."""
    tables = {row.ident for row in made.rows if row.kind == "table"}
    for row in made.rows:
        if row.kind == "range":
            yield f"CREATE TYPE {_quoted(row.ident)} AS RANGE (subtype = {row.definition})"
        elif row.kind == "column_order" and row.ident not in tables:
            columns = ", ".join(
                f"{_quoted(name)} {definition.partition(' | ')[0]}"
                for name in row.definition.split(",")
                if (definition := made.by_object.get(("column", f"{row.ident}.{name}")))
            )
            yield f"CREATE TYPE {_quoted(row.ident)} AS ({columns})"


def _quoted(ident: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in ident.split(".", 1))


def _require_sound(known: History) -> None:
    """Replaying files that cannot be followed would make an empty database, from which everything differs."""
    for problem in known.problems:
        if problem.fatal:
            kind = NotConfiguredError if problem.code == "no-configuration" else BrokenHistoryError
            raise kind(problem.message, where=str(problem.path or ""), remedy=problem.remedy, revision=problem.revision)


def _note(side: str, error: MigrationError) -> str:
    place = f" ({error.where})" if error.where else ""
    return f"The {side} could not be used and were left out of the comparison: {error.what}{place}\n{error.remedy}"
