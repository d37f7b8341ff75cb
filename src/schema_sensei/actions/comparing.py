"""The three-way comparison of one target: what models say, what migrations make, what the database has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..changes.compare import NEVER_MODELLED, Verdict, compare
from ..changes.managed import managed
from ..migrations.errors import MigrationError, WorkerCancelledError
from ..migrations.history import History
from ..migrations.settings import Settings
from ..postgres import session
from ..postgres.catalog import Catalog
from ..project.environment import Target
from ..project.ignoring import Rule
from ..project.project import Project
from ..terms.errors import SenseiError, UnreachableError
from .replayed import empty, replayed
from .revisions import history, settings
from .services import Services
from .whereabouts import StampedAheadError, heads_of, refuse_unknown, version_table, words


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared: the verdicts, where the database stands, and how many objects the migrations make.

    `left_out` says what was not looked at, `notes` which side is missing and why.
    """

    verdicts: tuple[Verdict, ...]
    heads: tuple[str, ...]
    place: str
    objects: int
    left_out: str = ""
    notes: tuple[str, ...] = ()

    @property
    def wrong(self) -> tuple[Verdict, ...]:
        """The objects about which something has to be done."""
        return tuple(verdict for verdict in self.verdicts if not verdict.standing.normal)


def look(
    services: Services, target: Target, *, checkpoint: Callable[[], None] = lambda: None, lenient: bool = False
) -> Comparison:
    """Compare models, migrations and a target. Raises MigrationError, UnreachableError, StampedAheadError.

    `lenient`: when the models or the migrations cannot be used, the other side is compared alone and a note says so.
    """
    known, options = history(services), settings(services)
    heads = heads_of(target, options)
    refuse_unknown(known, heads, target)
    checkpoint()
    missing: list[str] = []
    made = deployed = _or_none(lambda: made_at(services, known, known.heads, options), "migrations", missing, lenient)
    if made is not None and heads != known.heads:
        deployed = made_at(services, known, heads, options)
    checkpoint()
    models = _or_none(lambda: _models(services, made), "models", missing, lenient and made is not None)
    checkpoint()
    if made is None:
        made = deployed = models
    if models is None:
        models = made
    if made is None or models is None or deployed is None:
        raise AssertionError("one of the two sides is there, or its error was raised")
    live, left_out, theirs = _live(target, (made, models), options)
    if missing and missing[0].startswith("The migrations"):
        live = live.without(kinds=NEVER_MODELLED)
    ours = [side.without(schemas=theirs) if theirs else side for side in (models, made, deployed)]
    rules = rules_of(services.project)
    verdicts = compare(
        ours[0],
        ours[1],
        live,
        deployed=ours[2],
        ignore=left_out_tables(options),
        unless=lambda kind, ident: any(rule.fits(kind, ident) for rule in rules),
    )
    return Comparison(verdicts, heads, words(known, heads), len(ours[1].rows), left_out, tuple(missing))


def look_at(services: Services, targets: Sequence[Target]) -> Mapping[str, Comparison | SenseiError]:
    """Compare several targets by name of environment, leniently; what keeps one from it stands in its place."""
    found: dict[str, Comparison | SenseiError] = {}
    for target in targets:
        try:
            found[target.environment.name] = look(services, target, lenient=True)
        except (UnreachableError, StampedAheadError) as error:
            found[target.environment.name] = error
    return found


def count_drift(services: Services, target: Target) -> int:
    """How many objects of the target are not as models and migrations say. Raises as `look` does."""
    return len(look(services, target).wrong)


def rules_of(project: Project) -> tuple[Rule, ...]:
    """What the project leaves out of comparisons."""
    return tuple(Rule.parse(text) for text in project.ignore)


def made_at(services: Services, known: History, heads: tuple[str, ...], options: Settings) -> Catalog:
    """What the migrations make at these heads, on a scratch database."""
    with replayed(services, known, heads) as url, session.connect(url, application_name="sensei look") as connection:
        return Catalog.read(connection, skip=left_out_tables(options))


def _or_none(read: Callable[[], Catalog], side: str, missing: list[str], lenient: bool) -> Catalog | None:
    try:
        return read()
    except WorkerCancelledError:
        raise
    except MigrationError as error:
        if not lenient:
            raise
        missing.append(f"The {side} could not be used and were left out of the comparison: {error.what}")
        return None


def _models(services: Services, made: Catalog | None) -> Catalog:
    # Types and operators that the models use may come from extensions; the migrations know which.
    rows = () if made is None else made.rows
    extensions = sorted(row.ident for row in rows if row.kind == "extension" and row.ident != "plpgsql")
    with empty(services) as url:
        services.migrations().create_models(url, extensions=extensions)
        with session.connect(url, application_name="sensei look") as connection:
            return Catalog.read(connection)


def _live(target: Target, sides: tuple[Catalog, ...], options: Settings) -> tuple[Catalog, str, frozenset[str]]:
    """The live side, in the schemas that models or migrations use: other schemas are other people's.

    With it what was left out, in words, and the schemas that a platform manages.
    """
    used = {row.ident for side in sides for row in side.rows if row.kind == "schema"}
    with session.connect(
        target.url, application_name="sensei look", read_only=True, label=target.label, variable=target.source or None
    ) as connection:
        present = frozenset(str(name) for (name,) in connection.execute(_SCHEMAS))
        theirs = managed(present)
        live = Catalog.read(connection, schemas=sorted(used - theirs), skip=left_out_tables(options))
        row = connection.execute(_OF_EXTENSIONS).fetchone()
    members = int(row[0]) if row else 0
    parts = [f"{len(theirs)} managed schemas ({', '.join(sorted(theirs))})"] if theirs else []
    if members:
        parts.append(f"{members} objects of extensions")
    if others := present - theirs - used:
        parts.append(f"{len(others)} schemas that neither models nor migrations use ({', '.join(sorted(others)[:5])})")
    return live, "; ".join(parts), theirs


_SCHEMAS = "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
_OF_EXTENSIONS = """
    SELECT count(*) FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
     WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND e.extname <> 'plpgsql'
"""


def left_out_tables(options: Settings) -> tuple[str, ...]:
    """The version table: no model has it."""
    table = version_table(options)
    return (f"{table.schema or 'public'}.{table.name}",)
