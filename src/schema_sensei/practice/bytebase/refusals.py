"""How the server says no: a code of gRPC's, the HTTP status that belongs to it, and the two shapes of body."""

from enum import Enum
from typing import Any


class Code(Enum):
    """The codes that occur here: gRPC's number, Connect's word, HTTP's status."""

    INVALID = (3, "invalid_argument", 400)
    NOT_FOUND = (5, "not_found", 404)
    EXISTS = (6, "already_exists", 409)
    DENIED = (7, "permission_denied", 403)
    EXHAUSTED = (8, "resource_exhausted", 429)
    PRECONDITION = (9, "failed_precondition", 400)
    ABORTED = (10, "aborted", 409)
    UNIMPLEMENTED = (12, "unimplemented", 501)
    INTERNAL = (13, "internal", 500)
    UNAUTHENTICATED = (16, "unauthenticated", 401)

    @property
    def http(self) -> int:
        """The HTTP status, the same on both surfaces."""
        return self.value[2]


class Refusal(Exception):
    """A request is refused: what the client reads in the answer's body."""

    def __init__(self, code: Code, message: str, *details: dict[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def rest(self) -> dict[str, Any]:
        """The body on the REST surface; `details` is absent when there are none."""
        body: dict[str, Any] = {"code": self.code.value[0], "message": self.message}
        return body | ({"details": list(self.details)} if self.details else {})

    def connect(self) -> dict[str, Any]:
        """The body on the Connect surface."""
        body: dict[str, Any] = {"code": self.code.value[1], "message": self.message}
        if self.details:
            body["details"] = [
                {
                    "type": str(detail["@type"]).rpartition("/")[2],
                    "debug": {name: value for name, value in detail.items() if name != "@type"},
                }
                for detail in self.details
            ]
        return body


def invalid(message: str) -> Refusal:
    """A request that is wrong in itself."""
    return Refusal(Code.INVALID, message)


def missing(message: str) -> Refusal:
    """A resource that is not there."""
    return Refusal(Code.NOT_FOUND, message)


def precondition(message: str) -> Refusal:
    """A request that the state of things does not allow."""
    return Refusal(Code.PRECONDITION, message)


def denied(message: str) -> Refusal:
    """A refusal in plain words, without a detail: rollouts and task runs check permissions by hand."""
    return Refusal(Code.DENIED, message)


def lacking(method: str, permission: str, resource: str = "") -> Refusal:
    """A missing permission, with the detail that names it."""
    resources = {"resources": [resource]} if resource else {}
    return Refusal(
        Code.DENIED,
        f'permission denied for method "/bytebase.v1.{method}", user does not have permission "{permission}", '
        f"extra [{resource}]",
        {
            "@type": "type.googleapis.com/bytebase.v1.PermissionDeniedDetail",
            "method": f"/bytebase.v1.{method}",
            "requiredPermissions": [permission],
            **resources,
        },
    )


def unlicensed(feature: str, plan: str) -> Refusal:
    """A feature that the licence does not hold."""
    return denied(f"feature FEATURE_{feature} is a {plan} feature, please upgrade to access it")
