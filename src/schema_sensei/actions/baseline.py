"""The first revision of a database that was there first: its whole schema, replayed and compared before it is kept."""

from dataclasses import replace
from pathlib import Path

from ..changes.managed import managed
from ..gates.errors import RefusedError
from ..migrations.errors import MigrationError
from ..migrations.migrations import new_revision_id
from ..postgres import grants
from ..postgres.catalog import Catalog, Difference
from ..postgres.schema_text import schema_text
from ..project.environment import Target
from .comparing import left_out_tables, reading, schemas_of
from .pulling import settings_or_default
from .revisions import history
from .services import Memory, Services
from .sides import made_at

SHOWN = 8


def write_baseline(services: Services, target: Target) -> tuple[str, Path]:
    """Write the revision; its id and its file. A file that does not make what the target has is taken away again.

    Raises RefusedError when there are revisions already or the replay differs, MigrationError, UnreachableError.
    """
    known = history(services)
    if known.revisions:
        raise RefusedError(
            "There are revisions already.",
            means="A baseline is the first one. Nothing was written.",
            remedy=f"Adopt the database instead: sensei drift --env {target.label.environment} --adopt REVISION",
        )
    version = left_out_tables(settings_or_default(services))
    with reading(target) as connection:
        theirs = managed(schemas_of(connection))
        live = Catalog.read(connection, without=sorted(theirs), skip=version)
    text = schema_text(target.url, without=sorted(theirs), skip=version, label=target.label)
    revision = new_revision_id()
    name = target.label.environment
    path = services.migrations().write_revision(revision, f"baseline of {name}", _body(text), _DOWN, _IMPORTS)
    try:
        fresh = replace(services, memory=Memory())
        made = made_at(fresh, history(fresh), (revision,), plain=True).without(
            idents=version, schemas=theirs, kinds=(grants.KIND,)
        )
        different = [each for each in live.difference(made) if each.kind not in {"extension", "column_order"}]
    except MigrationError as error:
        path.unlink(missing_ok=True)
        raise RefusedError(
            f"The schema of {name} does not replay on an empty database.",
            means=f"{error.what}\nNo revision was written.",
            remedy="Dump it yourself with pg_dump --schema-only, and make a revision of what of it can be replayed.",
        ) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if different:
        path.unlink(missing_ok=True)
        raise RefusedError(
            f"A replay of the dumped schema differs from {name} in {len(different)} objects.",
            means="\n".join(map(_told, different[:SHOWN])) + "\nNo revision was written.",
            remedy="Make a revision of the dump yourself, and adopt it after a comparison.",
        )
    return revision, path


_IMPORTS = "from sqlalchemy import DDL"
_DOWN = 'raise NotImplementedError("A baseline has no way down: before it the database was empty.")'


def _body(text: str) -> str:
    # DDL() takes the text as it is, but for the percent sign; text() would read parameters from its colons.
    doubled = text.replace("%", "%%")
    if '"""' in doubled:
        return f"op.execute(DDL({doubled!r}))"
    return f'op.execute(DDL(r"""\n{doubled}"""))'


def _told(each: Difference) -> str:
    where = "missing in the replay" if each.right is None else "only in the replay" if each.left is None else "differs"
    return f"{each.kind.replace('_', ' ')} {each.ident}: {where}"
