"""Which databases of a Bytebase server an environment is, and that nobody else has a plan open on them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..bytebase.client import Client, sheet_name
from ..bytebase.errors import MissingError
from ..bytebase.finding import highest, open_on
from ..bytebase.inventory import Database
from ..bytebase.plans import Plan
from ..bytebase.refused import OtherPlanError
from ..bytebase.tasks import TaskStatus
from ..project.bytebase import GROUP, BytebaseRoute
from ..project.environment import Target
from . import sheets
from .errors import RefusedError

_FEW = 3
"""From this many databases on they are listed rather than asked for one by one."""


@dataclass(frozen=True, slots=True)
class Way:
    """The databases, the one environment of the server that they are in, and the highest plan number before ours."""

    databases: tuple[Database, ...]
    environment: str
    after: int

    @property
    def words(self) -> str:
        """The databases for people."""
        return sheets.shown(tuple(each.name for each in self.databases))

    @property
    def backup(self) -> bool:
        """Whether the server can keep old rows before they change, everywhere."""
        return all(each.backup_available for each in self.databases)


def find_way(client: Client, route: BytebaseRoute, target: Target, operation: str) -> Way:
    """The way to a target; reads only. Plans of `operation` are our own.

    Raises RefusedError for databases that cannot be changed, OtherPlanError while somebody else's plan is open.
    """
    databases = _databases(client, route)
    environment = _one_environment(databases, target)
    plans = client.newest_plans(route.project)
    names = tuple(each.name for each in databases)
    ours = f"sensei-{operation}-"
    if others := [plan for plan in open_on(plans, environment, names) if not plan.specs[0].id.startswith(ours)]:
        shared = next(each for spec in others[0].specs for each in spec.targets if each in names)
        raise OtherPlanError(others[0], shared, client.page(others[0].name))
    return Way(databases, environment, highest(plans))


def refuse_unfit(database: Database | None, name: str, project: str) -> None:
    """Raise RefusedError for a database that a rollout of this project could not change."""
    if database is None or database.deleted:
        raise RefusedError(
            f"{name} is not in {project} in Bytebase.",
            remedy="Move it into the project there, or correct sensei.yaml; sensei bytebase check lists what is there.",
        )
    if database.project != project:
        raise RefusedError(
            f"{name} belongs to {database.project} in Bytebase, not to {project}.",
            remedy="Move it into the project there, or correct sensei.yaml.",
        )
    if not database.environment:
        raise RefusedError(
            f"{name} has no environment in Bytebase, so no task can be made for it.",
            remedy="Give its instance an environment there.",
        )
    if not database.synced:
        raise RefusedError(
            f"Bytebase cannot read {name}: {database.sync_error or 'its last sync failed'}.",
            remedy="Correct the instance's connection there, then sync it.",
        )


@dataclass(frozen=True, slots=True)
class Begun:
    """A plan whose sheet is `unit` (from 1) of a Script, and that is not DONE on `left` of `total` databases."""

    plan: Plan
    unit: int
    left: int
    total: int
    operation: str
    """How it is found again (gates.bytebase); "" for a plan that is not ours, or that nobody can finish any more."""


def begun(client: Client, route: BytebaseRoute, way: Way, texts: Sequence[str]) -> Begun | None:
    """The newest plan that brought a sheet to some databases of the environment only.

    `texts` are the sheets, by unit, that the one database which we can read has already.
    """
    units = {sheet_name(route.project, text): unit for unit, text in enumerate(texts, 1)}
    names = {*route.databases, *(each.name for each in way.databases)}
    for plan in client.newest_plans(route.project):
        counts = (plan.stages or {}).get(way.environment, {})
        spec = next((each for each in plan.specs if each.sheet in units and names & set(each.targets)), None)
        if spec is None or not counts:
            continue
        unit = units.pop(spec.sheet)
        left = sum(count for status, count in counts.items() if status is not TaskStatus.DONE)
        if left:
            ours = spec.id.startswith("sensei-") and spec.targets == route.databases
            final = counts.get(TaskStatus.SKIPPED)
            operation = spec.id.removeprefix("sensei-").rpartition("-")[0] if ours and not final else ""
            return Begun(plan, unit, left, sum(counts.values()), operation)
    return None


def refuse_half_done(client: Client, found: Begun, target: Target) -> None:
    """Raise RefusedError: one database has the change, another lacks it, and we cannot bring it there."""
    raise RefusedError(
        f"Not every database of {target.environment.name} has what {target.label.database} has: "
        f"{found.left} of {found.total} tasks of {found.plan.name} are not DONE.",
        means="Nothing was touched.",
        remedy=f"Finish it in Bytebase: {client.page(f'{found.plan.name}/rollout')}",
        where=str(target.label),
    )


def databases_of(client: Client, route: BytebaseRoute) -> tuple[str, ...]:
    """The names of the databases of a route; a database group is asked for those that it matches now."""
    return client.group(route.databases[0]) if GROUP.fullmatch(route.databases[0]) else route.databases


def _databases(client: Client, route: BytebaseRoute) -> tuple[Database, ...]:
    """The databases of the route, looked up. Raises RefusedError for those that cannot be changed."""
    names = databases_of(client, route)
    try:
        if len(names) <= _FEW:
            found = {name: client.database(name) for name in names}
        else:
            found = {each.name: each for each in client.databases(route.project)}
    except MissingError as missing:
        raise RefusedError(
            f"Bytebase does not know {sheets.shown(names)}: {missing.what}",
            remedy="Correct the name in sensei.yaml, or sync the instance; sensei bytebase check looks closer.",
        ) from missing
    for name in names:
        refuse_unfit(found.get(name), name, route.project)
    if not names:
        raise RefusedError(f"{route.databases[0]} matches no database.", remedy="Correct the group in Bytebase.")
    return tuple(found[name] for name in names)


def _one_environment(databases: tuple[Database, ...], target: Target) -> str:
    environments = sorted({each.environment for each in databases})
    if len(environments) > 1:
        raise RefusedError(
            f"The databases of {target.environment.name} are in several environments of Bytebase: "
            f"{', '.join(environments)}.",
            means="The server would run them as several stages; here one environment is one stage.",
            remedy="Map each of them to an environment of its own in sensei.yaml.",
            where=str(target.label),
        )
    return environments[0]
