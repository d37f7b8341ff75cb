"""Says where a database stands in the history, in words that lead on: at the heads, behind, ahead, elsewhere."""

from ..gates.position import shown
from ..migrations.history import History
from ..migrations.settings import Settings
from ..postgres import session
from ..postgres.version_table import VersionTable
from ..project.environment import Target
from ..terms.counting import counted
from ..terms.errors import SenseiError
from ..terms.exit_codes import ExitCode


class StampedAheadError(SenseiError):
    """The database has revisions that this checkout does not know."""

    exit_code = ExitCode.DECLINED


class BehindError(SenseiError):
    """The database lacks revisions that come before."""

    exit_code = ExitCode.DECLINED


def version_table(settings: Settings) -> VersionTable:
    """The project's version table."""
    return VersionTable(settings.version_table, settings.version_table_schema)


def heads_of(target: Target, settings: Settings) -> tuple[str, ...]:
    """The heads of a target, read on a fresh connection. Raises UnreachableError."""
    with session.connect(
        target.url, application_name="sensei look", read_only=True, label=target.label, variable=target.source or None
    ) as connection:
        return version_table(settings).heads(connection)


def refuse_unknown(history: History, heads: tuple[str, ...], target: Target) -> None:
    """Raise StampedAheadError when no file describes one of the heads."""
    unknown = history.unknown(heads)
    if unknown:
        raise StampedAheadError(
            f"{target.label.environment} stands at {shown(unknown)}, which no file here describes.",
            means="It was migrated from another branch or a newer checkout. Nothing was touched.",
            remedy="Pull, or check out the branch with that revision; never stamp it away before you know what it did.",
            where=str(target.label),
        )


def refuse_behind(history: History, heads: tuple[str, ...], wanted: tuple[str, ...], target: Target) -> None:
    """Raise BehindError when a database at `heads` lacks revisions that `wanted` rests on."""
    applied = history.ancestors(heads)
    needed = history.ancestors(wanted)
    missing = [each.revision for each in history.revisions if each.revision in needed - applied]
    if missing:
        count = counted(len(missing), "revision")
        raise BehindError(
            f"{target.label.environment} is {count} behind: it stands at {shown(heads)}, not at {shown(wanted)}.",
            means=f"Missing before this: {', '.join(missing)}. Nothing was touched.",
            remedy=f"Deploy what is missing to {target.label.environment} first: sensei run promote",
            where=str(target.label),
        )


def words(history: History, heads: tuple[str, ...]) -> str:
    """Where these heads are: `at 3f2a91, the newest revision`, `at 8c01d2, 2 pending`, `ahead at ...`."""
    if unknown := history.unknown(heads):
        return f"ahead: at {shown(unknown)}, which no file here describes"
    pending = len(history.pending(heads))
    place = f"at {shown(heads)}" if heads else "without a revision"
    return f"{place}, {pending} pending" if pending else f"{place}, nothing pending"
