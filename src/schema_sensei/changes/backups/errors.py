"""Why a backup is not taken, not believed, or not restored; each with its way out."""

from ...terms.errors import SenseiError, UnreachableError, UsageError
from ...terms.exit_codes import ExitCode


class BackupError(SenseiError):
    """The backup could not be taken or verified; nothing of it is kept, or it is listed as broken."""


class UnreadableRowsError(UnreachableError):
    """The login may not read every row that the backup is to hold."""


class LostConnectionError(UnreachableError):
    """The connection broke in the middle of a backup or a restore."""


class NoRoomError(BackupError):
    """Disk or time would not suffice."""

    exit_code = ExitCode.DECLINED


class BrokenBackupError(BackupError):
    """What lies in the folder is not what was taken."""


class UnknownBackupError(UsageError):
    """There is no backup of this name."""


class NotRestoredError(SenseiError):
    """The restore does not start, or was rolled back: what is there stays as it is."""

    exit_code = ExitCode.DECLINED
