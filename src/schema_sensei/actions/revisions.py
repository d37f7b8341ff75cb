"""What the revision files say now: history, settings and SQL, asked of Alembic again only after a file has changed."""

from dataclasses import replace
from pathlib import Path

from ..changes.change import Change
from ..changes.draft import draft, redraft
from ..changes.nature import Nature
from ..migrations.history import History
from ..migrations.settings import Settings
from ..migrations.survey import Survey
from .services import Memory, Services

Signature = tuple[tuple[str, int, int], ...]


def history(services: Services) -> History:
    """The history as the files are now. Raises MigrationError."""
    memory = services.memory
    if memory.history is None or _stale(memory):
        _forget(memory)
        memory.history = services.migrations().history()
        memory.signature = _signature(memory.history)
    return memory.history


def surveyed(services: Services) -> History:
    """The same, for who needs `settings` as well: one command instead of two."""
    if services.memory.history is None or _stale(services.memory):
        survey(services)
    return history(services)


def survey(services: Services) -> Survey:
    """Everything that the files say now, read by one command, and kept for `history` and `settings`."""
    found = services.migrations().survey()
    memory = services.memory
    _forget(memory)
    memory.history, memory.settings = found.history, found.settings
    memory.signature = _signature(found.history)
    return found


def settings(services: Services) -> Settings:
    """How env.py configures Alembic. Raises MigrationError."""
    history(services)
    if services.memory.settings is None or services.memory.signature is None:
        services.memory.settings = services.migrations().settings()
    return services.memory.settings


def drawn(services: Services, *, base: tuple[str, ...], heads: tuple[str, ...], message: str, nature: Nature) -> Change:
    """A new change with its SQL. Raises MigrationError."""
    known = history(services)
    change = draft(
        services.migrations(), known, root=services.project.root, base=base, heads=heads, message=message, nature=nature
    )
    _remember(services, change)
    return change


def as_it_is_now(services: Services, change: Change) -> Change:
    """The same change from the files as they are now, its approval kept. Raises MigrationError.

    While no file of the migrations directory has changed since this process emitted it, it is not emitted again.
    """
    known = history(services)
    emitted = services.memory.emitted.get((change.base, change.heads))
    if emitted is not None:
        same = emitted.sources == change.sources
        return replace(
            emitted,
            message=change.message,
            nature=change.nature if same else Nature(),
            approval=change.approval,
            proof=change.proof,
            accepted=change.accepted,
            backups=change.backups,
        )
    now = redraft(change, services.migrations(), known, root=services.project.root)
    _remember(services, now)
    return now


def migration_files(known: History) -> tuple[Path, ...]:
    """Every file of the directories that hold env.py and the revisions; empty without a revision to find them by."""
    folders = sorted({revision.path.parent.parent for revision in known.revisions})
    found = (path for folder in folders for path in sorted(folder.rglob("*")))
    return tuple(path for path in found if "__pycache__" not in path.parts and path.is_file())


def _stale(memory: Memory) -> bool:
    return memory.history is None or memory.signature is None or memory.signature != _signature(memory.history)


def _remember(services: Services, change: Change) -> None:
    if services.memory.signature is not None:
        services.memory.emitted[change.base, change.heads] = change


def _forget(memory: Memory) -> None:
    memory.history = memory.settings = None
    memory.emitted.clear()


def _signature(known: History) -> Signature | None:
    files = migration_files(known)
    stats = ((str(path), path.stat()) for path in files)
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats) or None
