"""judged: the hazards of a change, found by running it on a scratch copy of the place where it begins."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..changes.change import Change
from ..changes.draft import relative
from ..changes.hazards import plan
from ..changes.hazards.model import Review
from ..changes.hazards.plan import Plan, Source, WayBack
from ..changes.hazards.review import Ground, judge
from ..changes.hazards.trace import RehearsalError
from ..gates.position import shown
from ..migrations.errors import MigrationError
from ..postgres import session
from ..postgres.errors import EmbeddedServerError, ScratchError
from ..terms.errors import SenseiError, UnreachableError, UsageError
from ..terms.secrets import Secret
from .revisions import history, settings
from .services import Services
from .standing import standing
from .whereabouts import version_table


class NotJudgedError(SenseiError):
    """Nobody has looked for hazards: there is no scratch copy."""


class RefusedOnCopyError(NotJudgedError):
    """The copy refuses the SQL, as any environment probably would."""


def judged(services: Services, change: Change, environment: str | None = None) -> Review:
    """The hazards of the way up, judged once for the same SQL and the same files. Raises NotJudgedError, UsageError.

    `environment` names the one whose schema and sizes count; without it the migrations are replayed, and how many rows
    a table has is not known.
    """
    found = known(services, change, environment)
    if found is None:
        found = services.memory.judged[_key(change, environment)] = _judge(services, change, environment)
    return found


def known(services: Services, change: Change, environment: str | None = None) -> Review | None:
    """What `judged` has found before for the same SQL and the same files; None when it has to look."""
    return services.memory.judged.get(_key(change, environment))


def _key(change: Change, environment: str | None) -> tuple[str, str]:
    files = " ".join(f"{path} {digest}" for path, digest in sorted(change.sources.items()))
    return f"{change.digest} {files}", environment or ""


def _judge(services: Services, change: Change, environment: str | None) -> Review:
    planned = _plan(services, change)
    try:
        with _ground(services, change, environment) as ground:
            found = judge(planned, ground)
    except (UsageError, NotJudgedError):
        raise
    except RehearsalError as error:
        raise RefusedOnCopyError(error.what, means=error.means, remedy=error.remedy, where=error.where) from error
    except SenseiError as error:
        raise NotJudgedError(error.what, means=error.means, remedy=error.remedy, where=error.where) from error
    if ground.real:
        return found
    # An empty copy says nothing about rows.
    return replace(found, hazards=tuple(replace(each, rows=None, size=None) for each in found.hazards))


def _plan(services: Services, change: Change) -> Plan:
    files, root = history(services), services.project.root
    sources = {}
    for revision in change.revisions:
        written = files.get(revision)
        if written is not None:
            sources[revision] = Source(relative(written.path, root), written.path.read_text("utf-8", "replace"))
    return plan.of_script(
        change.up,
        version_table=version_table(settings(services)),
        sources=sources,
        way_back=WayBack(change.down, change.no_way_back.rstrip(".")),
    )


@contextmanager
def _ground(services: Services, change: Change, environment: str | None) -> Iterator[Ground]:
    """Raises NotJudgedError when no copy can be made."""
    inside = False
    try:
        with standing(services, change.base, environment) as copy:
            inside = True
            yield Ground(
                copy.url,
                copy.words,
                sizes=copy.sizes,
                real=copy.real,
                version=copy.version,
                notes=copy.notes,
                online=_online(services, change, copy.url),
            )
    except (MigrationError, ScratchError, EmbeddedServerError, UnreachableError) as error:
        if inside:
            raise
        what = f"A scratch copy at {shown(change.base)} cannot be made: {error.what}"
        raise NotJudgedError(what, means=error.means, remedy=error.remedy, where=error.where) from error


def _online(services: Services, change: Change, url: Secret) -> Callable[[str], None]:
    """Runs a revision whose SQL depends on data; what came before has run without moving the version table."""
    table = version_table(settings(services))
    before = {unit.revision: unit.heads_before for unit in reversed(change.up.units)}

    def run(revision: str) -> None:
        with session.connect(url, application_name="sensei review") as connection:
            table.put(connection, before[revision])
        services.migrations().upgrade(url, revision)

    return run
