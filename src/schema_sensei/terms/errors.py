"""The root of every error a person can meet: what happened, what it means, what to do now."""

from .exit_codes import ExitCode


class SenseiError(Exception):
    """An error with its way out.

    `what` happened, in one line; `means` says what follows from it (may be empty); `remedy` says what to do now;
    `where` is a file position, a target or a revision (may be empty). Subclasses set `exit_code`.
    """

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, what: str, *, remedy: str, means: str = "", where: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.means = means
        self.remedy = remedy
        self.where = where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return "\n".join(part for part in (place + self.what, self.means, self.remedy) if part)


class UsageError(SenseiError):
    """The command line, an answers file or a definition is wrong."""

    exit_code = ExitCode.USAGE


class UnreachableError(SenseiError):
    """A database or server cannot be reached, or refuses us."""

    exit_code = ExitCode.UNREACHABLE


class HeldError(SenseiError):
    """Somebody else holds the run or the target."""

    exit_code = ExitCode.HELD


class TimedOutError(SenseiError):
    """Something took longer than it may."""

    exit_code = ExitCode.TIMEOUT
