"""sync: models, migrations and the live database, compared object by object."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from ..changes.compare import Standing, Verdict, compare
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Prose, Table
from ..migrations.history import History
from ..migrations.settings import Settings
from ..postgres import session
from ..postgres.catalog import Catalog
from ..project.environment import Target
from ..terms.secrets import Secret
from . import parameters
from .replayed import empty, replayed
from .revisions import history, settings
from .services import Services
from .signatures import SYNC
from .whereabouts import heads_of, refuse_unknown, version_table, words

SHOWN_ROWS = 40
"""The table names so many objects; the outputs hold all."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Reads three catalogs; changes nothing but scratch databases."""

    services: Services
    signature: ClassVar[Signature] = SYNC

    def preview(self, context: Context) -> Preview:
        target = self._target(context)
        return Preview(
            summary=f"Compare the models, the migrations and {target.environment.name}",
            target=target.label,
            effect=False,
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        target = self._target(context)
        found = look(self.services, target, checkpoint=context.checkpoint)
        return _outcome(found, target)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Comparing changes nothing.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError

    def _target(self, context: Context) -> Target:
        return self.services.project.target(parameters.text(context, "environment"), self.services.environ)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared: the verdicts, where the database stands, and how many objects the migrations make."""

    verdicts: tuple[Verdict, ...]
    heads: tuple[str, ...]
    place: str
    objects: int

    @property
    def wrong(self) -> tuple[Verdict, ...]:
        """The objects about which something has to be done."""
        return tuple(verdict for verdict in self.verdicts if not verdict.standing.normal)


def look(services: Services, target: Target, *, checkpoint: Callable[[], None] = lambda: None) -> Comparison:
    """Compare models, migrations and a target. Raises MigrationError, UnreachableError, StampedAheadError."""
    known, options = history(services), settings(services)
    heads = heads_of(target, options)
    refuse_unknown(known, heads, target)
    checkpoint()
    made = _made(services, known, known.heads, options)
    deployed = made if heads == known.heads else _made(services, known, heads, options)
    checkpoint()
    models = _models(services, made)
    checkpoint()
    live = _live(target, made, models, options)
    verdicts = compare(models, made, live, deployed=deployed, ignore=_left_out(options))
    return Comparison(verdicts, heads, words(known, heads), len(made.rows))


def count_drift(services: Services, target: Target) -> int:
    """How many objects of the target are not as models and migrations say. Raises as `look` does."""
    return len(look(services, target).wrong)


def _made(services: Services, known: History, heads: tuple[str, ...], options: Settings) -> Catalog:
    with replayed(services, known, heads) as url:
        return _read(url, options)


def _models(services: Services, made: Catalog) -> Catalog:
    # Types and operators that the models use may come from extensions; the migrations know which.
    extensions = sorted(row.ident for row in made.rows if row.kind == "extension" and row.ident != "plpgsql")
    with empty(services) as url:
        services.migrations().create_models(url, extensions=extensions)
        with session.connect(url, application_name="sensei look") as connection:
            return Catalog.read(connection)


def _live(target: Target, made: Catalog, models: Catalog, options: Settings) -> Catalog:
    """The live side, in the schemas that models or migrations use: other schemas are other people's."""
    schemas = {row.ident for side in (made, models) for row in side.rows if row.kind == "schema"}
    with session.connect(target.url, application_name="sensei look", read_only=True, label=target.label) as connection:
        return Catalog.read(connection, schemas=sorted(schemas), skip=_left_out(options))


def _read(url: Secret, options: Settings) -> Catalog:
    with session.connect(url, application_name="sensei look") as connection:
        return Catalog.read(connection, skip=_left_out(options))


def _left_out(options: Settings) -> tuple[str, ...]:
    table = version_table(options)
    return (f"{table.schema or 'public'}.{table.name}",)


def _outcome(found: Comparison, target: Target) -> Outcome:
    counts = Counter(verdict.standing for verdict in found.wrong)
    if counts:
        summary = f"{len(found.wrong)} objects differ: " + ", ".join(
            f"{counts[standing]} {standing.value}" for standing in Standing if counts[standing]
        )
    else:
        summary = f"Models, migrations and {target.environment.name} agree ({found.objects} objects)"
    told = [verdict for verdict in found.verdicts if verdict.standing is not Standing.NOT_MODELLED]
    return Outcome(
        name="drift" if counts else "ok",
        summary=summary,
        outputs={"verdicts": [verdict.to_json() for verdict in told], "heads": list(found.heads)},
        blocks=tuple(_blocks(found.verdicts, f"{target.label} is {found.place}")),
    )


def _blocks(verdicts: tuple[Verdict, ...], place: str) -> Iterable[Block]:
    yield Prose(place)
    told = [verdict for verdict in verdicts if verdict.standing is not Standing.NOT_MODELLED]
    if told:
        rows = tuple((each.object, each.standing.value, each.detail) for each in told[:SHOWN_ROWS])
        yield Table(("object", "verdict", "how"), rows)
    if len(told) > SHOWN_ROWS:
        yield Prose(f"and {len(told) - SHOWN_ROWS} more, all in the transcript", "quiet")
    for standing in dict.fromkeys(each.standing for each in told):
        yield Prose(f"{standing.value}: {standing.remedy}", "quiet" if standing.normal else "warning")
    silent = len(verdicts) - len(told)
    if silent:
        yield Prose(f"{silent} objects are in the migrations and the database and no model can describe them.", "quiet")
