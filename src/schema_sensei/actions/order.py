"""The order of environments: a change reaches one only after exactly its text succeeded in each one before."""

import time
from collections.abc import Iterator, Sequence

from ..changes.change import Change
from ..changes.deployment import Deployment
from ..gates.errors import RefusedError
from ..gates.position import shown
from ..postgres import identity, session
from ..postgres.version_table import VersionTable
from ..project.environment import Environment, Target
from ..terms.errors import UnreachableError, UsageError
from .revisions import history, settings
from .services import Services
from .whereabouts import version_table


def earlier_rows(services: Services, change: Change, target: Target) -> tuple[tuple[str, str], ...]:
    """What a table about a deploy says of the environments before this one.

    Raises RefusedError when one of them did not get this text, is another database now, or was taken back.
    """
    every = services.project.environments
    earlier = every[: every.index(target.environment)]
    if not earlier:
        return ()
    known = services.deployments((change.digest, *change.revisions))
    return tuple(_rows(services, change, target, earlier, known))


def _rows(
    services: Services,
    change: Change,
    target: Target,
    earlier: tuple[Environment, ...],
    known: tuple[Deployment, ...],
) -> Iterator[tuple[str, str]]:
    for environment in earlier:
        there = [each for each in known if each.environment == environment.name]
        deployed = [each for each in there if each.digest == change.digest]
        if not deployed:
            raise _too_early(change, target, environment, "this text was not deployed there.")
        newest = deployed[-1]
        words = f"run {newest.run}, {time.strftime('%Y-%m-%d %H:%M', time.localtime(newest.at))}"
        try:
            place = services.project.target(environment.name, services.environ)
            here, heads = _stands(place, version_table(settings(services)))
        except (UnreachableError, UsageError) as error:
            yield f"in {environment.name}", f"{words}; not looked at now: {error.what}"
            continue
        if here not in {each.identity for each in deployed}:
            raise _too_early(change, target, environment, "it is another database now than the one that got this text.")
        if other := _other_texts(change, [each for each in there if each.identity == here]):
            raise _too_early(change, target, environment, f"it got another text of {', '.join(other)}.")
        if not set(change.heads) <= history(services).ancestors(heads):
            raise _too_early(change, target, environment, f"it was taken back: it stands at {shown(heads)}.")
        yield f"in {environment.name}", words


def _other_texts(change: Change, there: Sequence[Deployment]) -> tuple[str, ...]:
    """The revisions whose text, as it was run last in a database, is not the one of this change."""
    ran = {revision: digest for each in there for revision, digest in each.texts.items()}
    return tuple(each for each, digest in change.up.texts().items() if ran.get(each, digest) != digest)


def _stands(target: Target, versions: VersionTable) -> tuple[str, tuple[str, ...]]:
    """Which database the target is, and its heads, read on a fresh connection. Raises UnreachableError."""
    with session.connect(
        target.url, application_name="sensei look", read_only=True, label=target.label, variable=target.source or None
    ) as connection:
        return identity.read(connection).key, versions.heads(connection)


def _too_early(change: Change, target: Target, environment: Environment, reason: str) -> RefusedError:
    name = target.environment.name
    return RefusedError(
        f"{name} comes after {environment.name}, and {environment.name} does not have this change: {reason}",
        means=f"Each environment proves a change for the next one. {name} was not touched.",
        remedy=f"Take {change.named} through {environment.name} first: sensei run promote",
        where=str(target.label),
    )
