"""Recorded exchanges with a real server, sent again to another one, and both answers brought to a comparable form."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

RECORDINGS = Path(__file__).parent / "recordings"

PATIENCE = 15.0
"""Seconds that a GET is repeated until the recorded state is reached."""

WORDS = {
    "status",
    "state",
    "type",
    "approvalStatus",
    "issueStatus",
    "riskLevel",
    "engine",
    "syncStatus",
    "code",
    "specId",
    "title",
    "labels",
    "automatic",
    "hasRollout",
    "hasPriorBackup",
    "line",
    "start",
    "end",
    "requiredPermissions",
    "method",
    "statementTypes",
    "role",
}
"""Fields whose values must be the same, not only their kind."""

EXACT_IN_LOGS = {"affectedRows", "allAffectedRows"}
"""Row counts are facts in a log, estimates of the planner elsewhere."""

PROGRESS = {"PENDING": 0, "AVAILABLE": 0, "CHECKING": 0, "NOT_STARTED": 0, "OPEN": 0, "RUNNING": 1}
"""How far a state is; every other one is the end. A poll may find that the recorded state is over already."""

Shape = Any


@dataclass(frozen=True)
class Exchange:
    """One line of a recording; `caller` is empty where no token was sent."""

    file: str
    place: int
    step: str
    caller: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int
    content_type: str
    answer: Any

    def __str__(self) -> str:
        return f"{self.file}:{self.place} {self.step}: {self.method} {self.path}"

    @property
    def route(self) -> str:
        """The call without names: what other recordings of the same call share."""
        path = re.sub(
            r"(projects|plans|issues|sheets|instances|databases|stages|tasks|taskRuns)/[^/:]+", r"\1/*", self.path
        )
        return f"{self.method} {path}"


def exchanges() -> Iterator[Exchange]:
    """All recorded exchanges in the order in which they were sent."""
    for file in sorted(RECORDINGS.glob("*.jsonl")):
        for place, line in enumerate(file.read_text().splitlines()):
            yield Exchange(file.stem, place, *json.loads(line))


def shape(value: Any, name: str = "", *, log: bool = False) -> Shape:
    """The value with numbers, times, ids and free text replaced by what kind of thing they are."""
    if isinstance(value, dict):
        log = log or "entries" in value
        if name == "planCheckRunStatusCount":
            return {("RUNNING" if key == "AVAILABLE" else key): value[key] for key in sorted(value)}
        estimates = set() if log else {"affectedRows"}
        # An empty condition is shown or not by which way a binding came into its policy.
        shown = {key: each for key, each in sorted(value.items()) if (key, each) != ("condition", {})}
        return {key: shape(each, key, log=log) for key, each in shown.items() if key not in estimates}
    if isinstance(value, list):
        # The permissions of the roles were cut to one each in the recording.
        return [shape(each, name, log=log) for each in (value[:1] if name == "permissions" else value)]
    if name in WORDS or (log and name in EXACT_IN_LOGS):
        return value
    if name == "message":
        # What follows is chosen at random (protobuf), or PostgreSQL's own words about an address.
        stable = re.split(r"proto:|failed to connect to `", str(value))[0]
        return re.sub(r"\d+", "#", stable)
    if isinstance(value, str):
        return "digits" if value.isdigit() else "text"
    return type(value).__name__


def progress(value: Any) -> list[int]:
    """How far the states in an answer are."""
    if isinstance(value, dict):
        own = [PROGRESS.get(each, 2) for key, each in value.items() if key in {"status", "approvalStatus"}]
        return own + [place for each in value.values() for place in progress(each)]
    return [place for each in value for place in progress(each)] if isinstance(value, list) else []


class Replay:
    """Sends recorded requests with the names that this server gave, and says where its answers differ."""

    def __init__(
        self, url: Callable[[], str], secrets: dict[str, str], sources: Mapping[str, Mapping[str, str]]
    ) -> None:
        self._url = url
        self._secrets = secrets
        self._sources = sources
        self._names: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._http = httpx.Client(timeout=20.0)

    def close(self) -> None:
        """Hang up; the next call makes a new connection."""
        self._http.close()
        self._http = httpx.Client(timeout=20.0)

    def call(self, caller: str, method: str, path: str, **fields: Any) -> httpx.Response:
        """A call of our own, between the recorded ones."""
        return self._http.request(method, self._url() + path, headers=self._headers(caller), **fields)

    def compare(self, exchange: Exchange, pool: set[str]) -> str:
        """Send it; "" when the answer is as recorded. A poll is repeated until it is, or until patience ends.

        What was recorded under way may be over here: then the answer must be one that was recorded for such a call.
        """
        wanted = (exchange.status, exchange.content_type.lower(), shape(exchange.answer))
        deadline = time.monotonic() + PATIENCE
        recorded = sum(progress(exchange.answer))
        while True:
            response = self._send(exchange)
            kind = response.headers["Content-Type"].lower()
            answer = response.json() if kind == "application/json" else {"__text__": response.text}
            got = (response.status_code, kind, shape(answer))
            if got == wanted:
                self._learn(exchange.answer, answer)
                return ""
            if got[:2] == wanted[:2] and sum(progress(answer)) > recorded and canonical(got[2]) in pool:
                self._learn(exchange.answer, answer)
                return ""
            if exchange.method != "GET" or time.monotonic() > deadline:
                return f"{exchange}\n  recorded {wanted}\n  answered {got}\n  {response.text[:600]}"
            time.sleep(0.005)

    def _send(self, exchange: Exchange) -> httpx.Response:
        body = exchange.body
        content = None
        if isinstance(body, dict) and "__raw__" in body:
            content, body = body["__raw__"], None
        headers = self._headers(exchange.caller)
        headers |= {"malformed authorization": {"Authorization": "Basic x"}}.get(exchange.step, {})
        headers |= {"garbled token": {"Authorization": "Bearer garbled"}}.get(exchange.step, {})
        response = self._http.request(
            exchange.method,
            self._url() + self._renamed(exchange.path),
            params={name: self._renamed(value) for name, value in exchange.query.items()},
            headers=headers,
            **({"json": self._own(body, exchange)} if body is not None else {"content": content}),
        )
        if key := response.text.partition('"serviceKey":"')[2].partition('"')[0]:
            self._secrets[exchange.query["serviceAccountId"]] = key
        return response

    def _headers(self, caller: str) -> dict[str, str]:
        if not caller:
            return {}
        if caller not in self._tokens:
            email = "admin@example.com" if caller == "admin" else f"{caller}@service.bytebase.com"
            login = {"email": email, "password": self._secrets[caller]}
            self._tokens[caller] = self._http.post(f"{self._url()}/v1/auth/login", json=login).json()["token"]
        return {"Authorization": f"Bearer {self._tokens[caller]}"}

    def _own(self, body: Any, exchange: Exchange) -> Any:
        """The body with our names, secrets and addresses."""
        if isinstance(body, list):
            return [self._own(each, exchange) for each in body]
        if not isinstance(body, dict):
            return self._renamed(body) if isinstance(body, str) else body
        own = {name: self._own(value, exchange) for name, value in body.items()}
        if exchange.path.endswith("/sheets"):
            text = base64.b64decode(body["content"]).decode()
            own["content"] = base64.b64encode(self._renamed(text).encode()).decode()
        if own.get("password") in {"<password>", "bbs_<key>"} and "email" in own:
            bad = exchange.step.startswith("bad login")
            own["password"] = "bbs_wrong" if bad else self._secrets[own["email"].partition("@")[0]]
        if own.get("type") == "ADMIN" and "host" in own:
            known = self._sources.get(exchange.query["instanceId"], self._sources["test-pg"])
            own |= known if own["password"] != "wrong" else {**known, "password": "wrong"}
        if "etag" in own and own["etag"] != "0":
            own["etag"] = self._names.get(own["etag"], own["etag"])
        return own

    def _renamed(self, text: str) -> str:
        if not self._names:
            return text
        known = "|".join(re.escape(name) for name in sorted(self._names, key=len, reverse=True) if name in text)
        return re.sub(rf"(?:{known})(?![\w-])", lambda found: self._names[found[0]], text) if known else text

    def _learn(self, recorded: Any, answered: Any, name: str = "") -> None:
        if isinstance(recorded, dict) and isinstance(answered, dict):
            for key in recorded.keys() & answered.keys():
                self._learn(recorded[key], answered[key], key)
        elif isinstance(recorded, list) and isinstance(answered, list):
            for one, other in zip(recorded, answered, strict=False):
                self._learn(one, other, name)
        elif recorded != answered and name in {"name", "workspace", "defaultProject", "etag", "table"}:
            self._names[recorded] = answered


def canonical(value: Shape) -> str:
    """A shape as a text that sets can hold."""
    return json.dumps(value, sort_keys=True)
