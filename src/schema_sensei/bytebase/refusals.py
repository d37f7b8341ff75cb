"""Turns an answer that is no success into its error: both body shapes, and the pages that proxies put in between."""

import json
import re
from collections.abc import Mapping
from typing import Any

from .errors import (
    BytebaseError,
    ConcurrentUpdateError,
    EndpointMissingError,
    ExistsError,
    ForbiddenError,
    InvalidError,
    LicenceError,
    LockedOutError,
    LoginRefusedError,
    MissingError,
    NotBytebaseError,
    PreconditionError,
    ServerFaultError,
    TokenRefusedError,
    UnavailableError,
)

# grpc-gateway answers numbers, Connect answers words.
_CODES = {
    "canceled": 1, "unknown": 2, "invalid_argument": 3, "deadline_exceeded": 4, "not_found": 5, "already_exists": 6,
    "permission_denied": 7, "resource_exhausted": 8, "failed_precondition": 9, "aborted": 10, "out_of_range": 11,
    "unimplemented": 12, "internal": 13, "unavailable": 14, "data_loss": 15, "unauthenticated": 16,
}  # fmt: skip
_FEATURE = re.compile(r"feature FEATURE_(?P<feature>\w+) is an? (?P<plan>\w+)")
_LIMIT = re.compile(r"reached the (?:maximum|limit)|reaching the limit")
_PERMISSION = re.compile(r'permission "(?P<permission>bb\.[\w.]+)"')
_SEE_BYTEBASE = "Look at it in Bytebase, then try again."


def read(status: int, content_type: str, body: bytes, *, call: str, login: bool = False) -> BytebaseError:
    """The error for an answer with a status of 400 or more; `call` (method and path) says where it happened."""
    data = _json(content_type, body)
    if data is None:
        return _foreign(status, body, call)
    code, message = _code(data.get("code")), _text(data)
    if login:
        return _login(status, code, message, call)
    match code:
        case 16:
            return TokenRefusedError(
                f"Bytebase does not accept our access token: {message}.",
                remedy="Check the account and its key, then try again; a deactivated account cannot log in.",
                where=call,
                status=status,
            )
        case 7:
            return _forbidden(status, message, data, call)
        case 8:
            if _LIMIT.search(message):
                return _licence(message, call, status)
            return UnavailableError(
                f"Bytebase asks us to slow down: {message}.",
                remedy="Wait a minute, then try again.",
                where=call,
                status=status,
            )
        case 14 | 4 | 1:
            return UnavailableError(
                f"Bytebase is not available now: {message}.", remedy="Try again later.", where=call, status=status
            )
        case 12:
            return _no_endpoint(call, status)
    if "gateway routing error" in message:
        return _no_endpoint(call, status)
    kind = {
        5: MissingError,
        6: ExistsError,
        10: ConcurrentUpdateError,
        9: PreconditionError,
        3: InvalidError,
        11: InvalidError,
    }.get(code)
    if kind is not None:
        return kind(f"Bytebase: {message}.", remedy=_SEE_BYTEBASE, where=call, status=status)
    if status in (429, 502, 503, 504):
        return UnavailableError(
            f"Bytebase is not available now ({status}): {message}.",
            remedy="Try again later.",
            where=call,
            status=status,
        )
    return ServerFaultError(
        f"Bytebase failed inside ({status}): {message}.",
        means="Whether it acted before it failed is open; it is looked into before anything is repeated.",
        remedy="Try again; if it stays, the server's log says more.",
        where=call,
        status=status,
    )


def foreign_page(content_type: str, body: bytes, *, call: str, status: int = 200) -> NotBytebaseError:
    """The error for an answer that is not JSON."""
    start = body[:2000].decode("utf-8", "replace")
    title = re.search(r"<title>\s*(.*?)\s*</title>", start, re.IGNORECASE | re.DOTALL)
    said = " ".join((title[1] if title else start).split())[:80]
    kind = content_type.partition(";")[0] or "no content type"
    return NotBytebaseError(
        f"What answers there is not the Bytebase API: {kind} ({status}).",
        means=f"It says: {said}" if said else "",
        remedy="Check the URL (scheme, port, a path prefix), and whether a proxy or login page stands in between; "
        "a header for it goes into the variable that `headers` in sensei.yaml names.",
        where=call,
        status=status,
    )


def _foreign(status: int, body: bytes, call: str) -> BytebaseError:
    if status == 429 or status >= 500:
        return UnavailableError(
            f"Bytebase, or a proxy before it, answers {status}.", remedy="Try again later.", where=call, status=status
        )
    return foreign_page("text/html" if body.lstrip().startswith(b"<") else "", body, call=call, status=status)


def _json(content_type: str, body: bytes) -> Mapping[str, Any] | None:
    if "json" not in content_type:
        return None
    try:
        data = json.loads(body)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _code(value: Any) -> int:
    if isinstance(value, str):
        return int(value) if value.isdigit() else _CODES.get(value, 2)
    return value if isinstance(value, int) else 2


def _text(data: Mapping[str, Any]) -> str:
    # Protobuf puts a no-break space into its messages at random.
    text = str(data.get("message") or data.get("error") or "no reason given")
    return text.replace("\u00a0", " ").strip().rstrip(".")


def _login(status: int, code: int, message: str, call: str) -> BytebaseError:
    if code == 8 or status == 429:
        return LockedOutError(
            f"Bytebase has locked this account's login: {message}.",
            means="Ten failed logins lock it for ten minutes, for the right key too.",
            remedy="Wait ten minutes, with the right key in place.",
            where=call,
            status=status,
        )
    if code in (16, 5, 3, 7):
        return LoginRefusedError(
            f"Bytebase does not let this account in: {message}.",
            means="It is not tried again: ten failures lock the account for ten minutes.",
            remedy="Check the account's e-mail and its key (a key is shown only when it is made or rotated).",
            where=call,
            status=status,
        )
    return UnavailableError(
        f"Bytebase cannot log anybody in now ({status}): {message}.",
        remedy="Try again later.",
        where=call,
        status=status,
    )


def _forbidden(status: int, message: str, data: Mapping[str, Any], call: str) -> BytebaseError:
    if _FEATURE.search(message):
        return _licence(message, call, status)
    lacking: list[str] = []
    for detail in data.get("details") or ():
        found = detail.get("debug", detail) if isinstance(detail, dict) else {}
        lacking += [str(each) for each in found.get("requiredPermissions") or ()] if isinstance(found, dict) else []
    lacking = lacking or _PERMISSION.findall(message)
    return ForbiddenError(
        f"This account may not do that in Bytebase: {', '.join(lacking) or message}.",
        means=f"The server said: {message}." if lacking else "",
        remedy="Have a role granted that includes it; sensei bytebase check lists all that is missing.",
        where=call,
        status=status,
        permissions=tuple(lacking),
    )


def _licence(message: str, call: str, status: int) -> LicenceError:
    return LicenceError(
        f"The server's licence does not allow it: {message}.",
        means="This is no missing permission.",
        remedy="Do without the feature, or have the licence upgraded.",
        where=call,
        status=status,
    )


def _no_endpoint(call: str, status: int) -> EndpointMissingError:
    return EndpointMissingError(
        f"This Bytebase has no such call: {call}.",
        means="Its version is older, or much newer, than what this program knows.",
        remedy="sensei bytebase check names the server's version; 3.17 and newer are supported.",
        where=call,
        status=status,
    )
