"""The three-way comparison of targets: what models say, what migrations make, what the databases have."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg

from ..changes.compare import NEVER_MODELLED, Verdict, compare
from ..changes.managed import managed
from ..migrations.errors import MigrationError
from ..migrations.settings import Settings
from ..migrations.survey import Survey
from ..postgres import grants, session
from ..postgres.catalog import Catalog
from ..postgres.session import Connection
from ..project.environment import Target
from ..project.ignoring import Rule
from ..project.project import Project
from ..terms.counting import counted
from ..terms.errors import SenseiError, UnreachableError
from .services import Memory, Services
from .sides import Sides, made_at, read_sides
from .whereabouts import refuse_unknown, version_table, words

LOCK_MS = 5_000
"""How long reading a target waits for a lock, so that nobody queues up behind it and no pipeline hangs."""


class UnreadableError(UnreachableError):
    """A target that can be reached could not be read."""


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
    services: Services,
    target: Target,
    *,
    checkpoint: Callable[[], None] = lambda: None,
    surveyed: Survey | None = None,
) -> Comparison:
    """Compare models, migrations and a target. Raises MigrationError, UnreachableError, StampedAheadError."""
    found = look_at(services, (target,), checkpoint=checkpoint, lenient=False, surveyed=surveyed)
    result = found[target.environment.name]
    if isinstance(result, SenseiError):
        raise result
    return result


def look_at(
    services: Services,
    targets: Sequence[Target],
    *,
    checkpoint: Callable[[], None] = lambda: None,
    lenient: bool = True,
    surveyed: Survey | None = None,
) -> Mapping[str, Comparison | SenseiError]:
    """Compare several targets, by the names of their environments; what keeps one from it stands in its place.

    Databases are read while the files are. `lenient`: when the models or the migrations cannot be used, the other
    side is compared alone and a note says so. `surveyed` is what was read of the files a moment ago. Raises
    MigrationError and ScratchError.
    """
    options: Future[Settings] = Future()
    services.migrations()  # it imports Alembic while the databases are asked
    with ThreadPoolExecutor(max_workers=len(targets) + 2, thread_name_prefix="sensei look") as pool:
        live = {target.environment.name: pool.submit(_read, target, options) for target in targets}
        try:
            sides = read_sides(services, pool, options, checkpoint=checkpoint, lenient=lenient, surveyed=surveyed)
        except BaseException as error:
            if not options.done():
                options.set_exception(error)
            raise
        found: dict[str, Comparison | SenseiError] = {}
        for target in targets:
            checkpoint()
            try:
                found[target.environment.name] = _compared(
                    services, target, sides, live[target.environment.name].result()
                )
            except MigrationError:
                raise  # of the files, whatever the target
            except SenseiError as error:
                found[target.environment.name] = error
    return found


def look_ahead(services: Services) -> None:
    """Have what models and migrations say ready for the comparison that follows a deploy; returns at once."""
    apart = replace(services, memory=Memory())  # what it reads of the files is not what the steps go by

    def read() -> None:
        with ThreadPoolExecutor(max_workers=2, thread_name_prefix="sensei ahead") as pool:
            read_sides(apart, pool, Future())

    services.ahead.begin(read, services.migrations().cancel)


def count_drift(services: Services, target: Target, surveyed: Survey | None = None) -> int:
    """How many objects of the target are not as models and migrations say. Raises as `look` does."""
    return len(look(services, target, surveyed=surveyed).wrong)


def rules_of(project: Project) -> tuple[Rule, ...]:
    """What the project leaves out of comparisons."""
    return tuple(Rule.parse(text) for text in project.ignore)


@dataclass(frozen=True, slots=True)
class _Live:
    """One database as it was read: its schemas, those of them that others manage, and how many extension members."""

    catalog: Catalog
    heads: tuple[str, ...]
    schemas: frozenset[str]
    managed: frozenset[str]
    members: int


def _read(target: Target, options: Future[Settings]) -> _Live:
    """Everything but what others manage; the revisions last, once env.py has said where they stand."""
    with reading(target) as connection:
        schemas = schemas_of(connection)
        theirs = managed(schemas)
        row = connection.execute(_OF_EXTENSIONS).fetchone()
        catalog = Catalog.read(connection, without=sorted(theirs))
        catalog = Catalog(catalog.rows | grants.read(connection, without=theirs))
        heads = version_table(options.result()).heads(connection)
    return _Live(catalog, heads, schemas, theirs, int(row[0]) if row else 0)


@contextmanager
def reading(target: Target) -> Iterator[Connection]:
    """A connection that only reads, and waits for nobody's lock for long. Raises UnreadableError, UnreachableError."""
    try:
        with session.connect(
            target.url,
            application_name="sensei look",
            read_only=True,
            lock_timeout_ms=LOCK_MS,
            label=target.label,
            variable=target.source or None,
        ) as connection:
            yield connection
    except psycopg.Error as error:
        raise UnreadableError(
            f"{target.label.environment} could not be read to the end.",
            means=f"PostgreSQL said: {session.masked(str(error), target.url)}",
            remedy="Somebody is changing it: wait and try again."
            if isinstance(error, psycopg.errors.LockNotAvailable)
            else "Try again; if it says that permission is denied, use a member of pg_read_all_data.",
            where=str(target.label),
        ) from error


def schemas_of(connection: Connection) -> frozenset[str]:
    """The schemas of a database but for PostgreSQL's own."""
    return frozenset(str(name) for (name,) in connection.execute(_SCHEMAS))


def _compared(services: Services, target: Target, sides: Sides, live: _Live) -> Comparison:
    known = sides.known
    deployed = sides.made
    if sides.made is not None:
        refuse_unknown(known, live.heads, target)
        if live.heads != known.heads:
            deployed = made_at(services, known, live.heads, plain=sides.plain)
    models = sides.models or sides.made
    made = sides.made or sides.models
    if models is None or made is None:
        raise AssertionError("one of the two sides is there, or its error was raised")
    used = {row.ident for side in (models, made) for row in side.rows if row.kind == "schema"} - live.managed
    others = live.schemas - live.managed - used
    there = live.catalog.without(schemas=others) if others else live.catalog
    # What nobody grants in a migration is given out by somebody else; what everybody got is told all the same.
    there, strangers = grants.of_roles(there, grants.roles_of(made) | grants.roles_of(deployed or made))
    ours = [each.without(schemas=live.managed) if live.managed else each for each in (models, made, deployed or made)]
    if sides.made is None:  # of what only migrations carry nobody knows
        there, *ours = (each.without(kinds=NEVER_MODELLED) for each in (there, *ours))
    rules, skipped = rules_of(services.project), set[tuple[str, str]]()

    def ignored(kind: str, ident: str) -> bool:
        fits = any(rule.fits(kind, ident) for rule in rules)
        if fits:
            skipped.add((kind, ident))
        return fits

    verdicts = compare(
        ours[0],
        ours[1],
        there,
        deployed=ours[2],
        ignore=left_out_tables(sides.options),
        unless=ignored,
        made_by="the migrations make" if sides.made is not None else "the models make",
    )
    version = left_out_tables(sides.options)
    inside = tuple(f"{name}." for name in version)
    objects = sum(row.ident not in version and not row.ident.startswith(inside) for row in ours[1].rows)
    left_out = _left_out(live, others, len(skipped), strangers)
    return Comparison(verdicts, live.heads, words(known, live.heads), objects, left_out, sides.notes)


def _left_out(live: _Live, others: frozenset[str], by_rule: int, roles: frozenset[str]) -> str:
    parts = []
    if live.managed:
        parts.append(f"{counted(len(live.managed), 'managed schema')} ({', '.join(sorted(live.managed))})")
    if live.members:
        parts.append(counted(live.members, "object") + " of extensions")
    if others:
        named = ", ".join(sorted(others)[:5])
        parts.append(f"{counted(len(others), 'schema')} that neither models nor migrations use ({named})")
    if roles:
        parts.append(f"grants to roles that no migration names ({', '.join(sorted(roles)[:5])})")
    if by_rule:
        parts.append(counted(by_rule, "object") + " by the rules in sensei.yaml")
    return "; ".join(parts)


_SCHEMAS = "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
_OF_EXTENSIONS = """
    SELECT count(*) FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
     WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND e.extname <> 'plpgsql'
"""


def left_out_tables(options: Settings) -> tuple[str, ...]:
    """The version table: no model has it."""
    table = version_table(options)
    return (f"{table.schema or 'public'}.{table.name}",)
