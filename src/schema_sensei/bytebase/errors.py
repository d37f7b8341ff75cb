"""What can go wrong between us and a Bytebase server, as one small tree of errors with their way out."""

from ..terms.errors import SenseiError, UnreachableError
from ..terms.exit_codes import ExitCode


class BytebaseError(SenseiError):
    """The server refused a call, or could not be asked; `status` is the HTTP status, 0 when there was no answer.

    `ambiguous` means that the server may have acted although the call failed: look before it is repeated.
    """

    ambiguous = False

    def __init__(self, what: str, *, remedy: str, means: str = "", where: str = "", status: int = 0) -> None:
        super().__init__(what, remedy=remedy, means=means, where=where)
        self.status = status


class LostAnswerError(BytebaseError, UnreachableError):
    """The connection broke or the time was up before an answer came."""

    exit_code = ExitCode.UNREACHABLE
    ambiguous = True


class UnavailableError(BytebaseError, UnreachableError):
    """The server, or a proxy before it, is not able to answer now (5xx, 429)."""

    exit_code = ExitCode.UNREACHABLE
    ambiguous = True


class NotBytebaseError(BytebaseError, UnreachableError):
    """What answers at this URL is not the API: a page, another service, http where https is."""

    exit_code = ExitCode.UNREACHABLE
    ambiguous = True


class UnsupportedVersionError(BytebaseError):
    """The server is older than what this client can speak to."""

    exit_code = ExitCode.DECLINED


class LoginRefusedError(BytebaseError, UnreachableError):
    """The account or its key is wrong; never tried again, since ten failures lock the account out."""

    exit_code = ExitCode.UNREACHABLE


class LockedOutError(LoginRefusedError):
    """Ten failed logins within ten minutes: the server refuses even the right key for a while."""


class TokenRefusedError(BytebaseError, UnreachableError):
    """The access token is missing, expired or garbled (401)."""

    exit_code = ExitCode.UNREACHABLE


class ForbiddenError(BytebaseError):
    """The account may not do this; `permissions` names what it lacks where the server says so."""

    exit_code = ExitCode.DECLINED

    def __init__(  # the base's parts and one of its own
        self,
        what: str,
        *,
        remedy: str,
        means: str = "",
        where: str = "",
        status: int = 403,
        permissions: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what, remedy=remedy, means=means, where=where, status=status)
        self.permissions = permissions


class LicenceError(BytebaseError):
    """The server's licence does not include this feature, or its limit is reached."""

    exit_code = ExitCode.DECLINED


class MissingError(BytebaseError):
    """The resource is not there (404)."""


class EndpointMissingError(BytebaseError):
    """This server has no such call: it is too old, or too new, for it."""


class ExistsError(BytebaseError):
    """It is there already (409, already_exists)."""


class ConcurrentUpdateError(BytebaseError):
    """Somebody else changed it at the same moment (409, aborted): read it again."""


class PreconditionError(BytebaseError):
    """The resource is in no state for this call (400, failed_precondition)."""


class InvalidError(BytebaseError):
    """The server does not accept the request as it is written (400)."""


class ServerFaultError(BytebaseError):
    """The server broke inside (5xx with a message of its own)."""

    ambiguous = True
