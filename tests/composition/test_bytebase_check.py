"""`sensei bytebase check` at a shell, whatever may stand in its way: what it says, the remedy, the exit code."""

import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from tests.bytebase.practice_house import PROJECT, House, opened

from schema_sensei.cli import sensei
from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.practice.bytebase.world import WORKSPACE
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Secret

CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUVyhPW/lYtPvP91OqHGzVDlaUWgQwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODE2NDMyOFoYDzIxMjYxMTA0
MTY0MzI4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATY51F7igvCYVbWwWf4h3blj9b1Bt4mn6yM7Aw0Ala2dgPZaWWtD6pk
xENyVoz2Kyl02eXQmRXPeKW8b3d193RNo28wbTAdBgNVHQ4EFgQUVwKiSfUUFsAS
ICQzONi2zPxwt60wHwYDVR0jBBgwFoAUVwKiSfUUFsASICQzONi2zPxwt60wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSAAwRQIhAKc5EZHQy0VK3eukLtTOin/iBVjYF5SPHLX0z38cDxYXAiAG
7SyCHFQtyrC4D2O5HmjOs4qb6lz1/nZ8s2Clgdl3dA==
-----END CERTIFICATE-----
"""
"""Of localhost, signed by itself, good for a hundred years; with its key, which opens nothing else."""
CERTIFICATE_KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6jiGvyAdeI7HKYj/
0GQSAtYI9wEKTt/I0dGxmd+Wt1ihRANCAATY51F7igvCYVbWwWf4h3blj9b1Bt4m
n6yM7Aw0Ala2dgPZaWWtD6pkxENyVoz2Kyl02eXQmRXPeKW8b3d193RN
-----END PRIVATE KEY-----
"""

Change = Callable[[str, Any], Any]
"""Given the path and the answer's body, the body that is passed on."""


@pytest.fixture
def house(server: Embedded) -> Iterator[House]:
    with opened(server) as made:
        yield made


@pytest.fixture
def name(house: House, database: Secret) -> str:
    """The name of the test's database on the server, in environment test."""
    return house.add_database("test-pg", "test", database)


class Shell:
    """A project in a directory of its own, in which the verb is run."""

    def __init__(self, where: Path, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self._where = where
        self._monkeypatch = monkeypatch
        self.url, self.account, self.key = house.url, house.email, house.key

    def check(self, *databases: str, more: str = "", project: str = PROJECT) -> tuple[int, dict[str, Any], str]:
        """Exit code, the findings as JSON, and the text that a person reads; the databases in this order."""
        lines = [
            "name: app",
            f"bytebase: {{url: '{self.url}', project: {project}, account: BB_ACCOUNT, key: BB_KEY{more}}}",
            "environments:",
            *(f"  e{number}: {{url: E{number}, bytebase: {each}}}" for number, each in enumerate(databases, 1)),
        ]
        (self._where / "sensei.yaml").write_text("\n".join(lines) + "\n")
        self._monkeypatch.chdir(self._where)
        for variable, value in (("BB_ACCOUNT", self.account), ("BB_KEY", self.key)):
            self._monkeypatch.setenv(variable, value)
        text = CliRunner().invoke(sensei, ["bytebase", "check"])
        data = CliRunner().invoke(sensei, ["bytebase", "check", "--format", "json"])
        assert text.exit_code == data.exit_code
        assert self.key not in text.output + data.output
        return text.exit_code, json.loads(data.output), text.output


@pytest.fixture
def shell(tmp_path: Path, house: House, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, house, monkeypatch)


def blocking(found: dict[str, Any]) -> str:
    """What blocks, with the remedies."""
    stops = [each for each in found["findings"] if each["grade"] == "blocking"]
    assert all(each["remedy"] for each in stops)
    return "\n".join(f"{each['about']}: {each['what']} -> {each['remedy']}" for each in stops)


@contextmanager
def between(upstream: str, change: Change, *, files: tuple[Path, Path] | None = None) -> Iterator[str]:
    """A server in front of another one, which changes its answers; with TLS when certificate and key are given."""

    class Conversation(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 -- the inherited signature

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = {"Authorization": self.headers.get("Authorization", "")}
            answer = httpx.request(self.command, upstream + self.path, content=body, headers=token)
            path = self.path.partition("?")[0]
            changed = change(path, answer.json())
            content = changed.encode() if isinstance(changed, str) else json.dumps(changed).encode()
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "text/html" if isinstance(changed, str) else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _pass_on  # noqa: N815 -- the names that the base class looks for

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that does not speak TLS, or does not trust us, is what this is about."""

    made = Server(("127.0.0.1", 0), Conversation)
    if files is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if files else 'http'}://127.0.0.1:{made.server_address[1]}"
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Certificate and key as files."""
    certificate, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    certificate.write_text(CERTIFICATE)
    key.write_text(CERTIFICATE_KEY)
    return certificate, key


def unchanged(_: str, body: Any) -> Any:
    return body


def test_a_way_that_is_free_says_who_what_and_where(shell: Shell, name: str) -> None:
    code, found, text = shell.check(name)

    assert code == ExitCode.DONE, text
    assert found["ready"] is True
    assert text.splitlines()[-1] == "Ready."
    assert f"Bytebase 3.22.0, licence FREE, as {shell.account}" in text
    assert "1 of its databases found, in environments/test" in text


def test_a_server_that_is_away(shell: Shell, name: str) -> None:
    shell.url = "http://127.0.0.1:9"

    code, found, _ = shell.check(name)

    assert code == ExitCode.UNREACHABLE
    assert "whether the server runs" in blocking(found)


def test_https_where_http_is_spoken(shell: Shell, name: str) -> None:
    shell.url = shell.url.replace("http:", "https:")

    code, found, _ = shell.check(name)

    assert code == ExitCode.UNREACHABLE
    assert "is it http instead of https?" in blocking(found)


def test_http_where_https_is_spoken(shell: Shell, name: str, files: tuple[Path, Path]) -> None:
    with between(shell.url, unchanged, files=files) as url:
        shell.url = url.replace("https:", "http:")

        code, found, _ = shell.check(name)

    assert code == ExitCode.UNREACHABLE
    assert "https instead of http?" in blocking(found)


def test_a_certificate_that_nobody_here_trusts_and_the_file_that_ends_it(
    shell: Shell, name: str, files: tuple[Path, Path]
) -> None:
    with between(shell.url, unchanged, files=files) as shell.url:
        code, found, _ = shell.check(name)
        assert code == ExitCode.UNREACHABLE
        assert "name the CA's file with `ca` in sensei.yaml" in blocking(found)

        code, _, text = shell.check(name, more=", ca: ca.pem")
        assert code == ExitCode.DONE, text


def test_a_page_where_the_api_should_be(shell: Shell, name: str) -> None:
    with between(shell.url, lambda *_: "<html><title>Sign in to Acme</title></html>") as shell.url:
        code, found, _ = shell.check(name)

    assert code == ExitCode.UNREACHABLE
    assert "It says: Sign in to Acme" in blocking(found)
    assert "a proxy or login page" in blocking(found)


def test_a_wrong_key_and_then_the_lock(shell: Shell, house: House, name: str) -> None:
    right, shell.key = shell.key, "bbs_not_the_right_one"

    code, found, _ = shell.check(name)

    assert code == ExitCode.UNREACHABLE
    assert "Check the account's e-mail and its key" in blocking(found)

    for _ in range(10):
        house.admin.post("/v1/auth/login", json={"email": shell.account, "password": "wrong"})
    shell.key = right
    code, found, _ = shell.check(name)
    assert code == ExitCode.UNREACHABLE
    assert "Wait ten minutes" in blocking(found)


def test_a_server_of_before_3_17(shell: Shell, name: str) -> None:
    with between(shell.url, lambda path, body: body | {"version": "3.16.4"} if "actuator" in path else body) as url:
        shell.url = url

        code, found, _ = shell.check(name)

    assert code == ExitCode.DECLINED
    assert "This Bytebase is 3.16.4; 3.17 is the oldest" in blocking(found)
    assert "Upgrade the server." in blocking(found)


@pytest.mark.parametrize(
    ("roles", "lacks", "grant"),
    [
        (["roles/projectDeveloper"], "bb.taskRuns.create (run and cancel tasks)", "roles/projectReleaser"),
        (["roles/projectReleaser"], "bb.plans.create (make plans)", "roles/projectDeveloper"),
        (["roles/gitopsServiceAgent"], "no role that shows it this project", "roles/projectOwner"),
        ([], "no role that shows it this project", "roles/projectOwner"),
    ],
)
def test_permissions_that_are_missing(
    shell: Shell, house: House, name: str, roles: list[str], lacks: str, grant: str
) -> None:
    shell.account, shell.key = house.account("clerk", *roles)

    code, found, _ = shell.check(name)

    assert code == ExitCode.DECLINED
    assert lacks in blocking(found)
    assert grant in blocking(found)
    assert house.counted("plan") == house.counted("sheet") == 0


def test_an_account_that_is_no_member_of_the_workspace(shell: Shell, house: House, name: str) -> None:
    shell.account, shell.key = house.account("clerk", "roles/projectOwner")
    workspace = f"/v1/workspaces/{WORKSPACE}"
    policy = house.call("GET", f"{workspace}:getIamPolicy")
    others = [each for each in policy["bindings"] if f"serviceAccount:{shell.account}" not in each["members"]]
    house.call("POST", f"{workspace}:setIamPolicy", {"policy": {"bindings": others}, "etag": policy.get("etag", "")})

    code, found, _ = shell.check(name)

    assert code == ExitCode.DECLINED
    assert f"Grant {shell.account} roles/workspaceMember in the workspace" in blocking(found)


def test_the_roles_that_it_asks_for_are_enough(shell: Shell, house: House, name: str) -> None:
    shell.account, shell.key = house.account("clerk", "roles/projectDeveloper", "roles/projectReleaser")

    code, _, text = shell.check(name)

    assert code == ExitCode.DONE, text


def test_a_role_that_holds_only_under_a_condition(shell: Shell, house: House, name: str) -> None:
    shell.account, shell.key = house.account("clerk", "roles/projectDeveloper")
    policy = house.call("GET", f"/v1/{PROJECT}:getIamPolicy")
    member = f"serviceAccount:{shell.account}"
    until = {"expression": 'request.time < timestamp("2099-01-01T00:00:00Z")'}
    given = {"role": "roles/projectReleaser", "members": [member], "condition": until}
    bindings = [*policy["bindings"], given]
    house.call(
        "POST", f"/v1/{PROJECT}:setIamPolicy", {"policy": {"bindings": bindings}, "etag": policy.get("etag", "")}
    )

    code, found, text = shell.check(name)

    assert code == ExitCode.DONE, blocking(found)
    assert "Granted only under a condition: bb.taskRuns.create" in text


def test_a_project_that_is_not_there(shell: Shell, name: str) -> None:
    code, found, _ = shell.check(name, project="projects/nope")

    assert code == ExitCode.DECLINED
    assert "projects/nope" in blocking(found)


def test_a_database_of_another_project(shell: Shell, house: House, name: str) -> None:
    house.call("POST", "/v1/projects", {"title": "Other"}, projectId="other")
    house.call("PATCH", f"/v1/{name}", {"project": "projects/other"}, updateMask="project")

    code, found, _ = shell.check(name)

    assert code == ExitCode.DECLINED
    assert f"e1: {name}" in blocking(found)
    assert "Move it into the project there, or correct sensei.yaml" in blocking(found)


def test_a_database_without_an_environment(shell: Shell, house: House, name: str) -> None:
    house.call("PATCH", "/v1/instances/test-pg", {"environment": ""}, updateMask="environment")

    code, found, _ = shell.check(name)

    assert code == ExitCode.DECLINED
    assert "has no environment in Bytebase" in blocking(found)
    assert "Give its instance an environment there" in blocking(found)


def test_a_database_that_could_not_be_synced(shell: Shell, name: str) -> None:
    def stale(path: str, body: Any) -> Any:
        return body | {"syncStatus": "FAILED", "syncError": "password authentication failed"} if name in path else body

    with between(shell.url, stale) as shell.url:
        code, found, _ = shell.check(name)

    assert code == ExitCode.DECLINED
    assert "password authentication failed" in blocking(found)
    assert "Correct the instance's connection there, then sync it" in blocking(found)


def test_an_environment_that_the_server_does_not_list(shell: Shell, name: str) -> None:
    def only_prod(path: str, body: Any) -> Any:
        if not path.endswith("settings/ENVIRONMENT"):
            return body
        return {"name": "settings/ENVIRONMENT", "value": {"environment": {"environments": [{"id": "prod"}]}}}

    with between(shell.url, only_prod) as shell.url:
        code, found, _ = shell.check(name)

    assert code == ExitCode.DECLINED
    assert "environments/test" in blocking(found)


def test_environments_in_another_order_than_here(shell: Shell, house: House, name: str, server: Embedded) -> None:
    with ExitStack() as stack:
        with session.connect(server.url()) as admin:
            admin.execute("CREATE DATABASE checked_prod STRATEGY file_copy")
        stack.callback(_drop, server, "checked_prod")
        prod = house.add_database("prod-pg", "prod", server.url("checked_prod"))

        assert shell.check(name, prod)[0] == ExitCode.DONE
        code, found, _ = shell.check(prod, name)

    assert code == ExitCode.DECLINED
    assert "in Bytebase it is the other way round" in blocking(found)


def _drop(server: Embedded, name: str) -> None:
    with session.connect(server.url()) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
