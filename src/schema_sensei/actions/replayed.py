"""Scratch databases with the migrations applied: what the history makes, without touching any environment."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..migrations.history import History
from ..terms.secrets import Secret
from .services import Services

_NOT_CODE = frozenset({"__pycache__"})


@contextmanager
def replayed(services: Services, history: History, heads: tuple[str, ...]) -> Iterator[Secret]:
    """The URL of a database of our own at these heads; it is gone afterwards, its template is kept for the next.

    Raises MigrationError when the history cannot be replayed on an empty database, ScratchError and
    UnreachableError when there is no server for it.
    """

    def build(url: Secret) -> None:
        if heads:
            services.migrations().upgrade(url, heads)

    with services.scratch().database(_key(history, heads), build) as url:
        yield url


@contextmanager
def empty(services: Services) -> Iterator[Secret]:
    """The URL of an empty database of our own."""
    with services.scratch().database() as url:
        yield url


def _key(history: History, heads: tuple[str, ...]) -> str:
    """Changes with every file of the migrations directory, env.py and SQL beside the revisions included."""
    digest = hashlib.sha256(" ".join(sorted(heads)).encode())
    for folder in sorted({revision.path.parent.parent for revision in history.revisions}):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not _NOT_CODE.intersection(path.parts):
                _add(digest, path, folder)
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", path: Path, folder: Path) -> None:
    content = path.read_bytes()
    digest.update(f"\n{path.relative_to(folder)} {len(content)}\n".encode())
    digest.update(content)
