"""Who calls: accounts with a password or key, tokens that end after an hour, and the lock after ten bad logins."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections import defaultdict
from typing import Any

from .refusals import Code, Refusal, denied
from .store import Document, Store
from .wire import Body, lean, now

TOKEN_LIFE = 3600.0
"""Seconds that a token lives; there is no refresh for service accounts."""
FAILURES = 10
FAILURES_WITHIN = 600.0
"""So many bad logins of one e-mail within so many seconds lock it out, good ones included."""

SERVICE_DOMAIN = "service.bytebase.com"


class Accounts:
    """The accounts of the one workspace."""

    def __init__(self, store: Store, workspace: str) -> None:
        self._store = store
        self._workspace = workspace
        self._failures: dict[str, list[float]] = defaultdict(list)
        with store.changing():
            kept = store.get("secret", "token") or store.put("secret", "token", {"key": secrets.token_hex(32)})
        self._key = bytes.fromhex(kept["key"])
        self.token_life = TOKEN_LIFE

    def add(self, email: str, title: str, password: str) -> Document:
        """Make an account, or give an existing one this password."""
        salt = secrets.token_hex(8)
        account = {"email": email, "title": title, "salt": salt, "digest": _digest(password, salt)}
        return self._store.put("account", email, account)

    def find(self, email: str) -> Document | None:
        """The account of an e-mail."""
        return self._store.get("account", email)

    def log_in(self, body: Body) -> Body:
        """A token for a good login. Raises Refusal; ten of them within ten minutes lock the e-mail out."""
        email = str(body.get("email", ""))
        moment = time.monotonic()
        failures = self._failures[email]
        failures[:] = [each for each in failures if moment - each < FAILURES_WITHIN]
        if len(failures) >= FAILURES:
            raise Refusal(Code.EXHAUSTED, "too many failed login attempts, please try again later")
        account = self.find(email)
        given = str(body.get("password", ""))
        if account is None or not hmac.compare_digest(account["digest"], _digest(given, account["salt"])):
            failures.append(moment)
            raise Refusal(Code.UNAUTHENTICATED, "invalid email or password")
        if is_service(email):
            if body.get("web"):
                raise denied("only users can use web login")
            return {"token": self.token(email)}
        self._store.put("account", email, account | {"lastLogin": now()})
        return {"token": self.token(email), "user": self.user(self.find(email) or account)}

    def token(self, email: str) -> str:
        """A token that lives for `token_life` seconds."""
        claims = {
            "iss": "bytebase",
            "sub": email,
            "aud": ["bb.user.access"],
            "exp": int(time.time() + self.token_life),
            "workspace_id": self._workspace,
        }
        signed = f"{_encode({'alg': 'HS256', 'kid': 'v1', 'typ': 'JWT'})}.{_encode(claims)}"
        return f"{signed}.{self._sign(signed)}"

    def caller(self, authorization: str | None) -> str:
        """The e-mail behind an Authorization header. Raises Refusal."""
        if not authorization:
            raise Refusal(Code.UNAUTHENTICATED, "access token not found")
        words = authorization.split()
        if len(words) != 2 or words[0].lower() != "bearer":
            raise Refusal(Code.UNAUTHENTICATED, "authorization header format must be Bearer {token}")
        signed, _, signature = words[1].rpartition(".")
        if not hmac.compare_digest(self._sign(signed).encode(), signature.encode()):
            raise Refusal(Code.UNAUTHENTICATED, "failed to parse claim")
        claims = _decode(signed.partition(".")[2])
        if claims["exp"] <= time.time():
            raise Refusal(Code.UNAUTHENTICATED, "access token expired")
        if self.find(claims["sub"]) is None:
            raise Refusal(Code.UNAUTHENTICATED, f'user "{claims["sub"]}" not found')
        return str(claims["sub"])

    def user(self, account: Document) -> Body:
        """An account as a User message."""
        email = account["email"]
        return lean(
            {
                "name": f"users/{email}",
                "state": "ACTIVE",
                "email": email,
                "title": account["title"],
                "profile": lean({"lastLoginTime": account.get("lastLogin")}),
                "workspace": f"workspaces/{self._workspace}",
            }
        )

    def _sign(self, text: str) -> str:
        return _base64(hmac.new(self._key, text.encode(), hashlib.sha256).digest())


def is_service(email: str) -> bool:
    """Whether the e-mail is that of a service account."""
    return email.endswith(SERVICE_DOMAIN)


def member(email: str) -> str:
    """The e-mail as a member of an IAM policy."""
    return f"serviceAccount:{email}" if is_service(email) else f"user:{email}"


def new_service_key() -> str:
    """A service account's key, in the form of the real ones."""
    return f"bbs_{secrets.token_urlsafe(15)}"


def _digest(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=256, r=8, p=1).hex()


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _encode(claims: dict[str, Any]) -> str:
    return _base64(json.dumps(claims).encode())


def _decode(text: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return claims
