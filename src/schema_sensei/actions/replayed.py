"""Scratch databases with the migrations applied: what the history makes, without touching any environment."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from ..migrations.errors import RevisionFailedError
from ..migrations.history import History
from ..postgres import schema_copy
from ..postgres.catalog import Catalog
from ..terms.secrets import Secret
from .revisions import migration_files
from .services import Services

_LACKING_ROLE = re.compile(r'role "([^"]+)" does not exist')
_STEPS: Final = 5
"""Revisions back that a template is looked for."""


@contextmanager
def replayed(services: Services, history: History, heads: tuple[str, ...], *, plain: bool = False) -> Iterator[Secret]:
    """The URL of a database of our own at these heads; it is gone afterwards, its template is kept for the next.

    Migrations run there as the owner of the database, without a superuser's rights; with `plain` without env.py, for
    one that cannot be run.
    Raises MigrationError when the history cannot be replayed on an empty database, ScratchError and
    UnreachableError when there is no server for it.
    """

    def build(url: Secret) -> None:
        _upgrade(services, url, heads, plain=plain)

    with services.scratch().database(replay_key(history, heads, plain=plain), build, confined=True) as url:
        yield url


def seen_in_replay(
    services: Services, history: History, heads: tuple[str, ...], look: Callable[[Secret], Catalog], *, plain: bool
) -> Catalog:
    """What `look` sees at these heads: in the template while it is made, else in a copy of it. Raises as `replayed`."""
    seen: list[Catalog] = []

    def build(url: Secret) -> None:
        _upgrade(services, url, heads, plain=plain)
        seen.append(look(url))

    earlier = [replay_key(history, each, plain=plain) for each in _before(history, heads)]
    services.scratch().prepare(replay_key(history, heads, plain=plain), build, begin_at=earlier, confined=True)
    if seen:
        return seen[0]
    with replayed(services, history, heads, plain=plain) as url:
        return look(url)


def _upgrade(services: Services, url: Secret, heads: tuple[str, ...], *, plain: bool) -> None:
    """Roles belong to a server: where a grant or a policy of the history names one that this one lacks, it is made."""
    lacking: set[str] = set()
    while heads:
        try:
            services.migrations().upgrade(url, heads, plain=plain)
        except RevisionFailedError as error:
            found = _LACKING_ROLE.search(f"{error.what}\n{error.means}")
            if found is None or found[1] in lacking:
                raise
            lacking.add(found[1])
            schema_copy.make_roles(services.scratch(), url, [found[1]])
        else:
            return


def _before(history: History, heads: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Where a history that goes straight up stood a few revisions earlier: a replay may go on from there."""
    for _ in range(_STEPS):
        known = history.get(heads[0]) if len(heads) == 1 else None
        if known is None or len(known.down_revisions) != 1 or known.dependencies:
            return
        heads = known.down_revisions
        yield heads


@contextmanager
def empty(services: Services) -> Iterator[Secret]:
    """The URL of an empty database of our own."""
    with services.scratch().database() as url:
        yield url


def replay_key(history: History, heads: tuple[str, ...], *, plain: bool = False) -> str:
    """Changes with every file that the replay reads, env.py and SQL beside the revisions included.

    A revision that these heads do not rest on is not replayed: generating one keeps the templates of the others.
    """
    wanted = history.ancestors(heads)
    others = {each.path for each in history.revisions if each.revision not in wanted}
    digest = hashlib.sha256(" ".join(sorted(heads)).encode())
    for path in migration_files(history):
        if path in others:
            continue
        content = path.read_bytes()
        digest.update(f"\n{path} {len(content)}\n".encode())
        digest.update(content)
    return f"{'plain ' if plain else ''}{digest.hexdigest()}"
