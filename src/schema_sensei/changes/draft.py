"""Draws up a Change from revision files as they are now: their SQL up and down, and the files it came from."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ..migrations import Migrations
from ..migrations.errors import BrokenHistoryError, RevisionFailedError
from ..migrations.history import History
from .change import Change
from .nature import Nature
from .script import Script


def draft(
    migrations: Migrations,
    history: History,
    *,
    root: Path,
    base: tuple[str, ...],
    heads: tuple[str, ...],
    message: str,
    nature: Nature,
) -> Change:
    """The change that leads a database from `base` to `heads`; `nature` is believed. Raises MigrationError."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sensei emit") as pool:
        way_back = pool.submit(_way_back, migrations, base, heads)
        up = Script(migrations.emit(base, heads, direction="up"))
        down, no_way_back = way_back.result()
    return Change(
        message=message,
        base=base,
        up=up,
        down=down,
        nature=nature,
        sources=sources(history, up.revisions, root),
        no_way_back=no_way_back,
    )


def redraft(change: Change, migrations: Migrations, history: History, *, root: Path) -> Change:
    """The same change from the files as they are now: equal to it, approval and all, while nothing was edited.

    What was generated says nothing about a file that was edited since: then the nature is unknown.
    """
    now = draft(
        migrations,
        history,
        root=root,
        base=change.base,
        heads=change.heads,
        message=change.message,
        nature=change.nature,
    )
    if now.sources != change.sources:
        now = replace(now, nature=Nature())
    return replace(now, approval=change.approval, proof=change.proof, accepted=change.accepted, backups=change.backups)


def sources(history: History, revisions: Iterable[str], root: Path) -> dict[str, str]:
    """The revisions' files, relative to the project, each with its sha256. Raises BrokenHistoryError."""
    found = {}
    for revision in revisions:
        known = history.get(revision)
        if known is None:
            raise BrokenHistoryError(
                f"There is no file for revision {revision}.",
                means="The change was made with files that this checkout does not have.",
                remedy="Check out the branch that has the file, or generate the change again.",
                revision=revision,
            )
        found[relative(known.path, root)] = known.sha256
    return found


def relative(path: Path, root: Path) -> str:
    """The path as people name it inside the project; absolute when it is elsewhere."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def file_digest(path: Path) -> str:
    """The sha256 (hex) of a file's bytes; empty when there is no such file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _way_back(migrations: Migrations, base: tuple[str, ...], heads: tuple[str, ...]) -> tuple[Script | None, str]:
    destination = _downwards(base, heads)
    if destination is None:
        return None, "it changes several branches at once, and Alembic goes down one at a time"
    try:
        script = Script(migrations.emit(heads, destination, direction="down"))
    except RevisionFailedError as error:
        return None, error.what
    if script.opaque:
        reason = next(unit.reason for unit in script.units if unit.opaque)
        return None, f"its downgrade reads data to decide what to do ({reason})"
    if set(script.end) != set(base):
        return None, "its downgrade would lead to another place than where it began"
    return script, ""


def _downwards(base: tuple[str, ...], heads: tuple[str, ...]) -> str | None:
    """Where a downgrade from `heads` to `base` leads, as Alembic wants it: one revision, base, or a branch's base."""
    left, reached = sorted(set(base) - set(heads)), sorted(set(heads) - set(base))
    if not base:
        return "base"
    if len(left) == 1:
        return left[0]
    return f"{reached[0]}@base" if not left and len(reached) == 1 else None
