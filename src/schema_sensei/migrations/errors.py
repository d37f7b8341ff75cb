"""What can go wrong between us, Alembic and the project's own code; each names its way out."""

from ..terms.errors import SenseiError
from ..terms.exit_codes import ExitCode


class MigrationError(SenseiError):
    """An Alembic command did not do what it was asked to.

    `revision` is the one that was being run or rendered, None where it was none; `output` is what the project's code
    printed, secrets masked, at most its last 64 KiB.
    """

    def __init__(
        self,
        what: str,
        *,
        remedy: str,
        means: str = "",
        where: str = "",
        revision: str | None = None,
        output: str = "",
    ) -> None:
        super().__init__(what, remedy=remedy, means=means, where=where)
        self.revision = revision
        self.output = output


class NotConfiguredError(MigrationError):
    """There is no Alembic configuration, script location or env.py where the layout says."""

    exit_code = ExitCode.USAGE


class BrokenHistoryError(MigrationError):
    """The revision files contradict each other or cannot be imported."""

    exit_code = ExitCode.USAGE


class UserCodeError(MigrationError):
    """The project's own code (models, env.py, a module they import) raised; `where` is its file and line."""


class RevisionFailedError(MigrationError):
    """A revision's upgrade or downgrade raised; `revision` says which, `where` its file and line."""


class SeveralHeadsError(MigrationError):
    """The history has several heads and the command needs one."""

    exit_code = ExitCode.USAGE


class NotAtHeadsError(MigrationError):
    """The database does not stand at the heads of the history, so the models cannot be compared with it."""


class UnknownHeadsError(MigrationError):
    """The database stands at revisions that no file describes."""


class UnsupportedEnvironmentError(MigrationError):
    """env.py works in a way that cannot be driven from outside."""


class WrongDatabaseError(MigrationError):
    """The project's code tried to reach a database that was not approved for this command."""


class RolledBackError(MigrationError):
    """Alembic reported success, but the version table did not move: env.py swallowed the transaction."""


class RefusedError(MigrationError):
    """Alembic itself refused the command."""


class DatabaseRefusedError(MigrationError):
    """The database cannot be reached, or does not let us in."""

    exit_code = ExitCode.UNREACHABLE


class WorkerDiedError(MigrationError):
    """The process that ran the project's code ended without a result."""


class WorkerTimedOutError(MigrationError):
    """The project's code took longer than it may; its process was killed."""

    exit_code = ExitCode.TIMEOUT


class WorkerCancelledError(MigrationError):
    """The command was cancelled; its process was killed."""

    exit_code = ExitCode.INTERRUPTED
