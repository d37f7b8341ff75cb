"""The HTTP server on loopback: finds the operation for a request, and gives every answer the shape it has there."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from . import (
    access,
    bodies,
    changelogs,
    databases,
    instances,
    issues,
    plans,
    projects,
    releases,
    rollouts,
    runs,
    sheets,
)
from . import workspace as workspace_calls
from .calls import Call, Route
from .refusals import Code, Refusal, lacking
from .world import World

ROUTES: tuple[Route, ...] = (
    *workspace_calls.ROUTES,
    *projects.ROUTES,
    *instances.ROUTES,
    *databases.ROUTES,
    *changelogs.ROUTES,
    *sheets.ROUTES,
    *plans.ROUTES,
    *issues.ROUTES,
    *rollouts.ROUTES,
    *runs.ROUTES,
    *releases.ROUTES,
)

_PAGE = "This Bytebase build does not bundle frontend and backend together."
"""What every path outside of the API answers, with status 200: a page for people."""


class Service:
    """Serves a world on 127.0.0.1. `port` 0 takes a free one; `url` names it from the start."""

    def __init__(self, world: World, port: int = 0) -> None:
        self.world = world
        try:
            self._http = _Server(world, port)
        except OSError:  # somebody else has taken the port meanwhile
            self._http = _Server(world, 0)
        self.port = int(self._http.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        world.address = self.url

    def start(self) -> None:
        """Answer from now on, on threads of its own."""
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        runs.recover(self.world)
        plans.recover(self.world)
        issues.recover(self.world)

    def stop(self) -> None:
        """Answer no more, cancel what runs, close the files."""
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self.world.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, world: World, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Conversation)
        self.world = world
        self._connections: set[socket.socket] = set()

    def server_bind(self) -> None:
        # The inherited method asks the name service for this machine's name, which can take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the client was faster
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is none of our business."""


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- its name there
        """The terminal belongs to the person."""

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, kind, body = self._dispatch(raw)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _answer  # noqa: N815 -- http.server names them

    def _dispatch(self, raw: bytes) -> tuple[int, str, bytes]:
        path = urlsplit(self.path).path
        if path == "/healthz":
            return 200, "text/plain; charset=UTF-8", b"OK"
        if path.startswith("/v1/"):
            return _json(*_rest(self.server.world, self.command, self.path, self.headers.get("Authorization"), raw))
        if path.startswith("/bytebase.v1."):
            return _connect(self.server.world, path, self.headers.get("Authorization"), raw)
        return 200, "text/html; charset=UTF-8", _PAGE.encode()


def _json(status: int, body: Any) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _rest(world: World, method: str, target: str, authorization: str | None, raw: bytes) -> tuple[int, Any]:
    parts = urlsplit(target)
    query: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value  # a repeated field
    matching = [(route, found) for route in ROUTES if (found := route.pattern.match(parts.path))]
    for route, found in matching:
        if route.method == method:
            names = {name: unquote(value) for name, value in found.groupdict().items()}
            try:
                body = bodies.read(raw, route.fields) if route.fields is not None else {}
                return 200, _act(world, route, names, query, body, authorization)
            except Refusal as refusal:
                return refusal.code.http, refusal.rest()
    status = 405 if matching else 404
    message = f"not_found: gateway routing error {status}: request method {method}, URI {target}"
    return status, {"code": 2, "message": message}


def _connect(world: World, path: str, authorization: str | None, raw: bytes) -> tuple[int, str, bytes]:
    """The other surface, for calls that read one resource by its name; unknown fields are ignored there."""
    rpc = path.removeprefix("/bytebase.v1.")
    given = json.loads(raw or b"{}")
    routes = [route for route in ROUTES if route.rpc == rpc and route.method == "GET"]
    if not routes:
        return 404, "text/plain; charset=utf-8", b"404 page not found\n"
    try:
        for route in routes:
            if found := route.pattern.match(f"/v1/{given.get('name', given.get('parent', ''))}"):
                return _json(200, _act(world, route, found.groupdict(), {}, {}, authorization))
        raise Refusal(Code.INVALID, f"invalid name {json.dumps(given.get('name', ''))}")
    except Refusal as refusal:
        return _json(refusal.code.http, refusal.connect())


def _act(
    world: World, route: Route, names: dict[str, str], query: dict[str, str], body: Any, authorization: str | None
) -> Any:
    if route.permission == "-":
        with world.store.changing():
            return route.act(Call(world, "", names, query, body))
    caller = world.accounts.caller(authorization)
    call = Call(world, caller, names, query, body)
    if route.outside_lock:
        _permit(call, route)
        return route.act(call)
    with world.store.changing():
        _permit(call, route)
        return route.act(call)


def _permit(call: Call, route: Route) -> None:
    """Raise the 403 that names the permission, or the 404 of a project that is not there."""
    if not route.permission:
        return
    project = call.names.get("project", "")
    if project and project != "-":
        call.project()
    elif "database" in call.names and (found := databases.find(call.world.store, call.names)) is not None:
        project = found["project"]
    if not access.may(call.world.store, call.caller, route.permission, project if project != "-" else ""):
        raise lacking(route.rpc, route.permission, f"projects/{project}" if project not in ("", "-") else "")
