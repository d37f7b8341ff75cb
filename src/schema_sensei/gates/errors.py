"""Why a gate does not let a Script through, or what became of the database when it broke on the way."""

from ..terms.errors import SenseiError, UnreachableError
from ..terms.exit_codes import ExitCode


class RefusedError(SenseiError):
    """The gate does not start: nothing was touched."""

    exit_code = ExitCode.DECLINED


class OtherTextError(RefusedError):
    """The text is not the one that was approved."""


class OffTheWayError(RefusedError):
    """The database stands at no place where a unit of this Script starts."""


class OtherDatabaseError(RefusedError):
    """The connection leads to another database than the approved one."""


class StatementFailedError(SenseiError):
    """The server refused a statement; `means` says in what state the database is now."""


class SilentRollbackError(SenseiError):
    """Everything ran, and a fresh connection does not find it."""


class LostSightError(UnreachableError):
    """The connection broke while the server was at work, and nobody can say now whether it finished."""
