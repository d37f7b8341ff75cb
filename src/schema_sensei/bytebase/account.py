"""Who we are to the server: a service account with its key, or a workload identity with its OIDC token."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..terms.secrets import Secret


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """`email` as <id>@service.bytebase.com, or a person's; `key` begins with bbs_ for service accounts."""

    email: str
    key: Secret


@dataclass(frozen=True, slots=True)
class WorkloadIdentity:
    """`email` as <name>@workload.bytebase.com; `token` reads the OIDC token anew each time, since it lives shortly."""

    email: str
    token: Callable[[], Secret]


Account: TypeAlias = ServiceAccount | WorkloadIdentity


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a login answers; `expires` is in seconds since the epoch, 0 when it does not say."""

    text: Secret
    expires: float = 0.0

    @classmethod
    def of(cls, token: str) -> "AccessToken":
        """The token with the time that stands in it; nothing is verified, that is the server's business."""
        return cls(Secret(token), _expiry(token))

    def fresh(self, now: float, *, margin: float = 60.0) -> bool:
        """Whether it lasts for another `margin` seconds."""
        return self.expires == 0.0 or now < self.expires - margin


def _expiry(token: str) -> float:
    parts = token.split(".")
    if len(parts) != 3:
        return 0.0
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return 0.0
    expires = claims.get("exp", 0) if isinstance(claims, dict) else 0
    return float(expires) if isinstance(expires, int | float) else 0.0
