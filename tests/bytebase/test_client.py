"""The client against a real server on loopback that answers what a real Bytebase, or something in between, answers."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.bytebase.practice_house import TRIES

from schema_sensei.bytebase import errors
from schema_sensei.bytebase.account import Account, ServiceAccount, WorkloadIdentity
from schema_sensei.bytebase.client import Client
from schema_sensei.bytebase.connection import Address, Connection, Tries
from schema_sensei.bytebase.plans import Approval, CheckStatus, Issue, Plan, PlanCheck
from schema_sensei.bytebase.tasks import LogEntry, Rollout, TaskRun, TaskStatus
from schema_sensei.terms.errors import UsageError
from schema_sensei.terms.secrets import Redactor, Secret

RECORDINGS = Path(__file__).parents[1] / "practice_bytebase" / "recordings"
JSON = "application/json"
ACCOUNT = ServiceAccount("sensei@service.bytebase.com", Secret("bbs_12345678901234567890"))


def jwt(expires: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).rstrip(b"=").decode()
    return f"head.{claims}.sign"


@dataclass
class Script:
    """What the server answers, in order, the last one again and again; and what it was asked."""

    answers: list[tuple[int, str, Any]] = field(default_factory=list)
    asked: list[tuple[str, Any, dict[str, str]]] = field(default_factory=list)
    login: tuple[int, str, Any] = (200, JSON, {"token": jwt(4e9)})
    url: str = ""

    def client(
        self, account: Account = ACCOUNT, tries: Tries = TRIES, redactor: Redactor | None = None, **address: Any
    ) -> Client:
        self.made = Client(
            Connection(Address(self.url, **address), account, tries=tries, redactor=redactor or Redactor())
        )
        return self.made

    @property
    def lines(self) -> list[str]:
        return [line for line, _, _ in self.asked]


@pytest.fixture
def server() -> Iterator[Script]:
    script = Script()

    class Conversation(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 -- the inherited signature

        def _do(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.asked.append((f"{self.command} {self.path}", json.loads(raw or b"null"), dict(self.headers)))
            if self.path in ("/v1/auth/login", "/v1/auth:exchangeToken"):
                status, kind, body = script.login
            else:
                status, kind, body = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _do  # noqa: N815 -- the names that the base class looks for

    http = ThreadingHTTPServer(("127.0.0.1", 0), Conversation)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    script.url = f"http://127.0.0.1:{http.server_address[1]}"
    yield script
    if hasattr(script, "made"):
        script.made.close()
    http.shutdown()
    http.server_close()


@pytest.mark.parametrize(
    ("status", "kind", "body", "wanted"),
    [
        (400, JSON, {"code": 3, "message": 'proto:\u00a0(line 1:45): unknown field "x"'}, errors.InvalidError),
        (400, JSON, {"code": 9, "message": "issue approval is required"}, errors.PreconditionError),
        (400, JSON, {"code": "failed_precondition", "message": "stale"}, errors.PreconditionError),
        (401, JSON, {"code": 16, "message": "access token expired"}, errors.TokenRefusedError),
        (403, JSON, {"code": 7, "message": "permission denied to create rollout"}, errors.ForbiddenError),
        (403, JSON, {"code": 7, "message": "feature FEATURE_AUDIT_LOG is a TEAM feature"}, errors.LicenceError),
        (429, JSON, {"code": 8, "message": "reached the maximum instance count 10"}, errors.LicenceError),
        (429, JSON, {"code": 8, "message": "slow down"}, errors.UnavailableError),
        (404, JSON, {"code": 5, "message": "plan 999 not found"}, errors.MissingError),
        (404, JSON, {"code": 2, "message": "not_found: gateway routing error 404"}, errors.EndpointMissingError),
        (405, JSON, {"code": 2, "message": "gateway routing error 405"}, errors.EndpointMissingError),
        (409, JSON, {"code": 6, "message": "plan 101 already has a non-draft issue"}, errors.ExistsError),
        (409, JSON, {"code": 10, "message": "concurrent update"}, errors.ConcurrentUpdateError),
        (500, JSON, {"error": "Internal server error"}, errors.ServerFaultError),
        (500, JSON, {"code": 13, "message": "approval template is required"}, errors.ServerFaultError),
        (502, "text/html", "<html><title>Bad Gateway</title></html>", errors.UnavailableError),
        (503, JSON, {"code": 14, "message": "unavailable"}, errors.UnavailableError),
        (404, "text/plain", "404 page not found", errors.NotBytebaseError),
        (200, "text/html", "<html><title>Sign in to Acme</title></html>", errors.NotBytebaseError),
        (200, JSON, '{"name": "proj', errors.LostAnswerError),
        (302, "text/html", "", errors.NotBytebaseError),
    ],
)
def test_every_refusal_has_its_type(server: Script, status: int, kind: str, body: Any, wanted: type[Exception]) -> None:
    server.answers = [(status, kind, body)]

    with pytest.raises(errors.BytebaseError) as raised:
        server.client().project("projects/app")

    assert type(raised.value) is wanted
    assert raised.value.remedy
    assert "\u00a0" not in str(raised.value)


def test_a_missing_permission_is_named(server: Script) -> None:
    detail = {
        "@type": "type.googleapis.com/bytebase.v1.PermissionDeniedDetail",
        "requiredPermissions": ["bb.plans.list"],
    }
    server.answers = [(403, JSON, {"code": 7, "message": "permission denied for method", "details": [detail]})]

    with pytest.raises(errors.ForbiddenError) as raised:
        server.client().newest_plans("projects/app")

    assert raised.value.permissions == ("bb.plans.list",)


def test_one_login_serves_many_calls_and_its_key_is_masked(server: Script) -> None:
    server.answers = [(200, JSON, {"name": "projects/app"})]
    redactor = Redactor()
    client = server.client(redactor=redactor)

    for _ in range(5):
        client.project("projects/app")

    assert server.lines.count("POST /v1/auth/login") == 1
    assert client.calls == 6
    assert "bbs_12345678901234567890" not in redactor.mask("key bbs_12345678901234567890")
    assert jwt(4e9) not in redactor.mask(f"Bearer {jwt(4e9)}")


@pytest.mark.parametrize(
    ("status", "message", "wanted"),
    [
        (401, "invalid email or password", errors.LoginRefusedError),
        (429, "too many failed login attempts, please try again later", errors.LockedOutError),
    ],
)
def test_a_refused_login_is_never_tried_again(
    server: Script, status: int, message: str, wanted: type[Exception]
) -> None:
    server.login = (status, JSON, {"code": 16 if status == 401 else 8, "message": message})

    with pytest.raises(wanted):
        server.client().server()

    assert server.lines == ["POST /v1/auth/login"]


def test_a_token_that_expires_in_the_middle_is_replaced_once(server: Script) -> None:
    server.answers = [(401, JSON, {"code": 16, "message": "access token expired"}), (200, JSON, {"name": "p"})]

    assert server.client().project("projects/app").name == "p"
    assert server.lines.count("POST /v1/auth/login") == 2


def test_a_token_about_to_expire_is_replaced_before_it_is_used(server: Script) -> None:
    server.login = (200, JSON, {"token": jwt(0.5)})
    server.answers = [(200, JSON, {})]
    client = server.client()

    client.project("projects/app")
    client.project("projects/app")

    assert server.lines.count("POST /v1/auth/login") == 2


def test_what_may_be_repeated_is_and_what_may_not_is_not(server: Script) -> None:
    gone = (503, JSON, {"code": 14, "message": "unavailable"})
    server.answers = [gone, gone, (200, JSON, {"name": "projects/app"})]
    client = server.client()
    assert client.project("projects/app").name == "projects/app"

    server.answers = [gone]
    with pytest.raises(errors.UnavailableError):
        client.create_plan("projects/app", "t", "", [])
    assert server.lines.count("POST /v1/projects/app/plans") == 1


def test_a_workload_identity_exchanges_its_token_and_reads_it_anew(server: Script) -> None:
    tokens = iter(("first", "second"))
    server.login = (200, JSON, {"accessToken": jwt(0.5)})
    server.answers = [(200, JSON, {})]
    identity = WorkloadIdentity("ci@workload.bytebase.com", lambda: Secret(next(tokens)))
    client = server.client(identity)

    client.project("projects/app")
    client.project("projects/app")

    exchanged = [body for line, body, _ in server.asked if line == "POST /v1/auth:exchangeToken"]
    assert [body["token"] for body in exchanged] == ["first", "second"]


def test_gateway_headers_go_with_every_call_and_a_prefix_stays_in_the_path(server: Script) -> None:
    server.answers = [(200, JSON, {})]
    client = server.client(headers={"CF-Access-Client-Id": Secret("abc123")})

    client.project("projects/app")

    assert all(headers["CF-Access-Client-Id"] == "abc123" for _, _, headers in server.asked)
    with pytest.raises(UsageError):
        Address(server.url, headers={"authorization": Secret("x")})


@pytest.mark.parametrize("url", ["bytebase.example.com", "ftp://x", "https://", ""])
def test_a_url_that_is_none_is_refused_before_any_call(url: str) -> None:
    with pytest.raises(UsageError):
        Address(url)


def test_https_where_http_is_spoken_says_so(server: Script) -> None:
    connection = Connection(Address(server.url.replace("http:", "https:")), ACCOUNT, tries=TRIES)

    with pytest.raises(errors.LostAnswerError) as raised:
        Client(connection).server()

    connection.close()
    assert "http instead of https" in raised.value.remedy


def test_lists_are_read_page_by_page(server: Script) -> None:
    server.answers = [
        (200, JSON, {"databases": [{"name": "a"}], "nextPageToken": "more"}),
        (200, JSON, {"databases": [{"name": "b"}]}),
    ]

    assert [each.name for each in server.client().databases("projects/app")] == ["a", "b"]
    assert "pageToken=more" in server.lines[-1]


def test_a_database_may_have_any_name(server: Script) -> None:
    server.answers = [(200, JSON, {})]

    server.client().database("instances/i/databases/Größe 50%?#")

    assert server.lines[-1] == "GET /v1/instances/i/databases/Gr%C3%B6%C3%9Fe%2050%25%3F%23"


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ("3.16.4", False),
        ("3.17.0", True),
        ("3.22.0", True),
        ("cloud-20260801", True),
        ("development", True),
        ("2.9.1", False),
    ],
)
def test_servers_before_3_17_are_refused_with_the_reason(server: Script, version: str, fits: bool) -> None:
    server.answers = [(200, JSON, {"version": version})]
    client = server.client()
    if fits:
        assert client.server().version == version
    else:
        with pytest.raises(errors.UnsupportedVersionError, match="oldest"):
            client.server()


def test_decoding_takes_omitted_unknown_and_stringed_values() -> None:
    assert PlanCheck.of({}).status is CheckStatus.QUEUED
    assert PlanCheck.of({"status": "PONDERING"}).status is CheckStatus.UNKNOWN
    assert Issue.of({"name": "i", "approvalStatus": "ELSEWHERE", "more": [1]}).approval is Approval.UNKNOWN
    assert TaskRun.of({"status": 7}).status is TaskStatus.UNKNOWN
    entry = LogEntry.of(
        {"type": "COMMAND_EXECUTE", "commandExecute": {"range": {"end": "17"}, "response": {"affectedRows": "3"}}}
    )
    assert (entry.start, entry.end, entry.words) == (0, 17, "3 rows")
    assert Plan.of({"specs": "none", "rolloutStageSummaries": [1]}).specs == ()


def recorded() -> list[tuple[str, int, str, Any]]:
    """Path, status, content type and body of each recorded exchange with a real server."""
    lines = [
        json.loads(line)
        for file in sorted(RECORDINGS.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return [(path, status, kind, body) for _, _, _, path, _, _, status, kind, body in lines]


def test_every_recorded_refusal_has_a_type_of_its_own(server: Script) -> None:
    client, seen = server.client(tries=Tries(most=1)), set()
    for path, status, kind, body in recorded():
        if status < 400 or "/auth/" in path:
            continue
        server.answers = [(status, kind, body)]
        with pytest.raises(errors.BytebaseError) as raised:
            client.connection.get("/v1/x")
        assert type(raised.value) is not errors.BytebaseError
        seen.add(type(raised.value))
    assert {errors.InvalidError, errors.PreconditionError, errors.ForbiddenError, errors.LicenceError} <= seen


def test_every_recorded_rollout_and_log_is_read_without_an_unknown() -> None:
    tasks = runs = entries = 0
    for path, status, _, body in recorded():
        if status != 200:
            continue
        if path.endswith("/rollout"):
            found = Rollout.of(body).tasks
            assert all(task.status is not TaskStatus.UNKNOWN for task in found)
            tasks += len(found)
        elif path.endswith("/taskRuns"):
            read = [TaskRun.of(run) for run in body.get("taskRuns", [])]
            assert all(run.status is not TaskStatus.UNKNOWN and "/taskRuns/" not in run.task for run in read)
            runs += len(read)
        elif path.endswith("/log"):
            entries += len([LogEntry.of(entry) for entry in body.get("entries", [])])
    assert min(tasks, runs, entries) > 20
