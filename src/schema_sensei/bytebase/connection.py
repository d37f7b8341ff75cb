"""One way to one server: logs in, logs in again, repeats only what may be repeated, types every error."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import quote

from ..terms.errors import UsageError
from ..terms.secrets import REDACTOR, Redactor, Secret
from . import refusals
from .account import AccessToken, Account, ServiceAccount, WorkloadIdentity
from .decoding import Body, text
from .errors import BytebaseError, LostAnswerError, NotBytebaseError, TokenRefusedError, UnavailableError

if TYPE_CHECKING:  # httpx costs a tenth of a second: it comes with the first call
    import httpx

_log = logging.getLogger(__name__)

LOGIN = "/v1/auth/login"
EXCHANGE = "/v1/auth:exchangeToken"
_VERBATIM = "/:@-._~!$&'()*+,;="  # what may stand in a path as it is; a database may have any name


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is and what the way there needs; `headers` are for gateways in between and may be secret."""

    url: str
    headers: Mapping[str, Secret] = field(default_factory=dict)
    ca_file: str = ""

    def __post_init__(self) -> None:
        scheme, separator, rest = self.url.partition("://")
        if not separator or scheme not in {"http", "https"} or not rest.strip("/"):
            raise UsageError(
                f"{self.url!r} is no URL of a Bytebase server.", remedy="Write for example https://bytebase.example.com"
            )
        for name in self.headers:
            if name.lower() == "authorization":
                raise UsageError(
                    "The header Authorization belongs to the client itself.", remedy="Use another header for the proxy."
                )


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a call that may be repeated is made, the pauses between (they double), and the time each may take."""

    most: int = 3
    pause: float = 1.0
    longest_pause: float = 30.0
    timeout: float = 120.0
    connect_timeout: float = 10.0


class Connection:
    """Thread-safe; logs in with the first call. `calls` counts the requests that were sent, logins included."""

    def __init__(
        self,
        address: Address,
        account: Account,
        *,
        tries: Tries | None = None,
        redactor: Redactor = REDACTOR,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        self.account = account
        self.calls = 0
        self._tries = tries or Tries()
        self._redactor = redactor
        self._now = now
        self._pause = pause
        self._token: AccessToken | None = None
        self._answered = False
        self._http: httpx.Client | None = None
        self._lock = threading.RLock()
        self._redactor.learn(*(value.reveal() for value in address.headers.values()))
        if isinstance(account, ServiceAccount):
            self._redactor.learn(account.key.reveal())

    def close(self) -> None:
        """Let go of the sockets."""
        with self._lock:
            if self._http is not None:
                self._http.close()
                self._http = None

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Body:
        """GET; repeated when the answer is lost. Raises BytebaseError."""
        return self.send("GET", path, params=params, repeatable=True)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        repeatable: bool = False,
    ) -> Body:
        """One call with the token. `repeatable`: sending it twice does the same as once. Raises BytebaseError.

        A token that the server does not accept any more is replaced once and the call repeated: it was not acted on.
        """
        token = self._access_token()
        try:
            return self._repeat(method, path, params, body, token, repeatable=repeatable)
        except TokenRefusedError:
            with self._lock:
                if self._token is token:
                    self._token = None
            return self._repeat(method, path, params, body, self._access_token(), repeatable=repeatable)

    def _access_token(self) -> AccessToken:
        with self._lock:
            if self._token is None or not self._token.fresh(self._now()):
                self._token = self._log_in()
            return self._token

    def _log_in(self) -> AccessToken:
        match self.account:
            case ServiceAccount(email, key):
                path, body, answer = LOGIN, {"email": email, "password": key.reveal()}, "token"
            case WorkloadIdentity(email, token):
                secret = token().reveal()
                self._redactor.learn(secret)
                path, body, answer = EXCHANGE, {"token": secret, "email": email}, "accessToken"
            case _:
                assert_never(self.account)
        # A refused login is never repeated; a lost answer is, since it counts as no failure.
        data = self._repeat("POST", path, None, body, None, repeatable=True)
        found = text(data, answer)
        if not found:
            wants_more = "mfaTempToken" in data or data.get("requireResetPassword")
            raise NotBytebaseError(
                "The login brought no token.",
                means="This account has a second factor, or must change its password first." if wants_more else "",
                remedy="Use a service account: it needs neither.",
                where=path,
            )
        self._redactor.learn(found)
        return AccessToken.of(found)

    def _repeat(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: Any,
        token: AccessToken | None,
        *,
        repeatable: bool,
    ) -> Body:
        attempt = 1
        while True:
            try:
                return self._once(method, path, params, body, token)
            except (LostAnswerError, UnavailableError) as error:
                if not repeatable or attempt >= self._tries.most:
                    raise
                pause = min(self._tries.pause * 2 ** (attempt - 1), self._tries.longest_pause)
                _log.debug("attempt %d of %s %s: %s; again in %g s", attempt, method, path, error.what, pause)
                self._pause(pause)
                attempt += 1

    def _once(
        self, method: str, path: str, params: Mapping[str, str] | None, body: Any, token: AccessToken | None
    ) -> Body:
        import httpx

        call = f"{method} {self.address.url.rstrip('/')}{path}"
        headers = {name: value.reveal() for name, value in self.address.headers.items()}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.text.reveal()}"
        with self._lock:
            self.calls += 1
            client = self._client()
        try:
            response = client.request(method, quote(path, safe=_VERBATIM), params=params, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise self._lost(error, call) from error
        self._answered = True
        kind = response.headers.get("content-type", "")
        if response.status_code >= 400:
            raise refusals.read(response.status_code, kind, response.content, call=call, login=token is None)
        if response.is_redirect:
            raise NotBytebaseError(
                f"{call} leads elsewhere: {response.headers.get('location', '')}",
                remedy="Write the address it leads to (http where https is?) as the URL.",
                where=call,
                status=response.status_code,
            )
        return self._decoded(kind, response.content, call, response.status_code)

    def _decoded(self, kind: str, content: bytes, call: str, status: int) -> Body:
        if "json" not in kind:
            raise refusals.foreign_page(kind, content, call=call, status=status)
        try:
            data = json.loads(content)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise LostAnswerError(
                "The server's answer is cut short.",
                remedy="Try again; something in between breaks answers.",
                where=call,
            )
        return data

    def _lost(self, error: "httpx.HTTPError", call: str) -> BytebaseError:
        import httpx

        said = str(error).rstrip(".") or type(error).__name__
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            hint = "Check the URL, and whether the server runs and this machine may reach it (VPN, firewall)."
            if "CERTIFICATE" in said.upper():
                hint = "Its certificate is not trusted here: name the CA's file with `ca` in sensei.yaml."
            elif "SSL" in said.upper() or "wrong version" in said.lower():
                hint = "It does not speak TLS there: is it http instead of https?"
            return LostAnswerError(f"Bytebase cannot be reached: {said}.", remedy=hint, where=call)
        if isinstance(error, httpx.RemoteProtocolError) and "illegal" in said.lower():
            hint = "Is it https instead of http?"
            return NotBytebaseError("What answers there does not speak HTTP.", remedy=hint, where=call)
        return LostAnswerError(
            f"The connection to Bytebase was lost: {said}.",
            means="Whether the server acted on this call is open; it is looked into before anything is repeated.",
            remedy="Try again." if self._answered else f"Try again. {self._other_scheme()}",
            where=call,
        )

    def _other_scheme(self) -> str:
        http = self.address.url.startswith("http:")
        return f"If it stays so: is it {'https instead of http' if http else 'http instead of https'}?"

    def _client(self) -> "httpx.Client":
        if self._http is None:
            import httpx

            self._http = httpx.Client(
                base_url=self.address.url.rstrip("/"),
                timeout=httpx.Timeout(self._tries.timeout, connect=self._tries.connect_timeout),
                verify=self._trust(),
                headers={"User-Agent": "schema-sensei", "Accept": "application/json"},
            )
        return self._http

    def _trust(self) -> "Any":
        if self.address.url.startswith("http:"):
            return False  # there is nothing to verify, and the list of CAs takes its time to load
        if not self.address.ca_file:
            return True
        import ssl

        try:
            return ssl.create_default_context(cafile=self.address.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"The CA file {self.address.ca_file} cannot be used: {error}.",
                remedy="Name a PEM file with the certificate of the CA.",
            ) from error
