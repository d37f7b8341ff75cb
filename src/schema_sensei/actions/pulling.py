"""Models from a live database, and their proof: created on a scratch database they are compared with it."""

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..changes.compare import NEVER_MODELLED, is_partition, same_to_models
from ..changes.managed import managed
from ..changes.pulled import module
from ..migrations.errors import MigrationError, WorkerCancelledError
from ..migrations.layout import Layout
from ..migrations.migrations import Migrations
from ..migrations.settings import Settings
from ..postgres import session
from ..postgres.catalog import Catalog, Difference
from ..postgres.structure import Structure
from ..project.environment import Target
from ..terms.errors import SenseiError
from .comparing import left_out_tables, reading, schemas_of
from .replayed import empty
from .revisions import settings
from .services import Services
from .sides import needs_of

_MODULE = "pulled_models"


@dataclass(frozen=True, slots=True)
class Pulled:
    """`source` is the module; `equal` objects are as the database has them.

    `unlike` are those that models should carry and these do not, `beyond` those that no model can describe. `trouble`
    is why the models could not be created on a scratch database, None when they were. `notes` are what a person
    should know, in words.
    """

    source: str
    tables: int
    equal: int
    unlike: tuple[Difference, ...]
    beyond: tuple[Difference, ...]
    trouble: SenseiError | None
    notes: tuple[str, ...]


def pull(services: Services, target: Target) -> Pulled:
    """Models of everything in the target that is not a platform's. Raises UnreachableError, ScratchError."""
    version = left_out_tables(settings_or_default(services))
    with reading(target) as connection:
        schemas = schemas_of(connection)
        theirs = managed(schemas)
        wanted = sorted(schemas - theirs)
        structure = _without(Structure.read(connection, schemas=wanted), version)
        live = Catalog.read(connection, schemas=wanted, skip=version)
        granted = connection.execute(_GRANTED, {"schemas": wanted}).fetchone()
    text = module.source(structure, target.label.environment)
    made, trouble = _created(services, text, live)
    made = made.without(schemas=theirs) if made is not None and theirs else made
    different = [] if made is None else [each for each in live.difference(made) if _counts(each)]
    partitions = {row.ident for row in live.rows if row.kind == "table" and is_partition(row.definition)}
    notes = list(_notes(structure, theirs, int(granted[0]) if granted else 0))
    return Pulled(
        source=text,
        tables=len(structure.tables),
        equal=0 if made is None else len(live.rows & made.rows),
        unlike=tuple(each for each in different if not _beyond(each, partitions)),
        beyond=tuple(each for each in different if _beyond(each, partitions) and not _part(each, partitions)),
        trouble=trouble,
        notes=tuple(notes),
    )


def settings_or_default(services: Services) -> Settings:
    """Those of the project, or Alembic's own where there is no migration yet to read them from."""
    try:
        return settings(services)
    except WorkerCancelledError:
        raise
    except MigrationError:
        return Settings()


def _without(structure: Structure, tables: tuple[str, ...]) -> Structure:
    kept = tuple(table for table in structure.tables if f"{table.schema}.{table.name}" not in tables)
    return replace(structure, tables=kept)


def _created(services: Services, text: str, live: Catalog) -> tuple[Catalog | None, SenseiError | None]:
    extensions, functions = needs_of(live)
    with tempfile.TemporaryDirectory(prefix="sensei-pull-") as folder, empty(services) as url:
        (Path(folder) / f"{_MODULE}.py").write_text(text, encoding="utf-8")
        try:
            with _alone(Path(folder)) as migrations:
                migrations.create_models(url, extensions=extensions, functions=functions)
        except WorkerCancelledError:
            raise
        except MigrationError as error:
            return None, error
        with session.connect(url, application_name="sensei look") as connection:
            return Catalog.read(connection).without(kinds={"function", "procedure"}), None


@contextmanager
def _alone(folder: Path) -> Iterator[Migrations]:
    """A worker for the module by itself: no env.py, nothing of the project."""
    with Migrations(Layout(root=folder, models=(_MODULE,))) as migrations:
        yield migrations


def _counts(each: Difference) -> bool:
    return each.kind != "extension" and not (each.kind == "schema" and each.right is not None and each.left is None)


def _beyond(each: Difference, partitions: Collection[str]) -> bool:
    """What only migrations can carry: a kind that models do not have, a partition, a table's row level security."""
    if each.right is None:
        inside = {each.ident, each.ident.rpartition(".")[0]}
        return each.kind in NEVER_MODELLED or not inside.isdisjoint(partitions)
    return same_to_models(each.kind, each.right, each.left)


def _part(each: Difference, partitions: Collection[str]) -> bool:
    """What a partition has of its parent, told with the partition itself."""
    return each.kind != "table" and not {each.ident, each.ident.rpartition(".")[0]}.isdisjoint(partitions)


def _notes(structure: Structure, theirs: frozenset[str], granted: int) -> Iterator[str]:
    bare = module.tables_without_key(structure)
    if bare:
        names = ", ".join(f"{table.schema}.{table.name}" for table in bare[:5])
        yield f"Without a primary key, so a Table instead of a class: {names}{' ...' if len(bare) > 5 else ''}."
    if theirs:
        yield f"Left out, because others manage them: the schemas {', '.join(sorted(theirs))}."
    if granted:
        yield f"{granted} objects have grants of their own: owners and grants are neither in models nor compared."


_GRANTED = """
    SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relacl IS NOT NULL AND n.nspname = ANY (%(schemas)s::text[])
"""
