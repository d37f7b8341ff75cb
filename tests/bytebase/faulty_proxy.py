"""A real proxy on loopback that spoils one request: before the server sees it, or after the server has acted."""

import http.client
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self, get_args
from urllib.parse import urlsplit

Kind = Literal[
    "reset before", "reset after", "late before", "late after", "503 before", "500 after", "429 before",
    "page before", "502 after", "torn after",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass
class Proxy:
    """Forwards to `upstream`. The request number `at` (from 0) meets `kind`; `late` is how long an answer is held."""

    upstream: str
    late: float = 0.3
    kind: Kind | None = None
    at: int = -1
    seen: list[str] = field(default_factory=list)
    fired: str = ""

    def arm(self, kind: Kind | None, at: int) -> None:
        """Spoil the request number `at`, counted from now."""
        self.kind, self.at, self.fired = kind, at, ""
        self.seen.clear()

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _Conversation)
        self._http.proxy = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def fate(self, request: str) -> Kind | None:
        """Count a request; what is to happen to it."""
        with self._lock:
            number = len(self.seen)
            self.seen.append(request)
            if number != self.at:
                return None
            self.fired = request
            return self.kind


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what this is about."""


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 -- the inherited signature

    def _pass_on(self) -> None:
        proxy = self.server.proxy
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = proxy.fate(f"{self.command} {urlsplit(self.path).path}")
        match kind:
            case "reset before":
                self._reset()
            case "503 before":
                self._answer(503, "text/html", b"<html><title>No server</title></html>")
            case "429 before":
                self._answer(429, "application/json", json.dumps({"code": 8, "message": "slow down"}).encode())
            case "page before":
                self._answer(200, "text/html", b"<html><title>Sign in</title></html>")
            case "late before":
                time.sleep(proxy.late)
                self._forward(raw)
                self._reset()
            case "late after":
                self._forward(raw)
                time.sleep(proxy.late)
                self._reset()
            case "reset after":
                self._forward(raw)
                self._reset()
            case "500 after":
                self._forward(raw)
                self._answer(500, "application/json", b'{"error":"Internal server error"}')
            case "502 after":
                self._forward(raw)
                self._answer(502, "text/html", b"<html><title>Bad gateway</title></html>")
            case "torn after":
                status, content_type, body = self._forward(raw)
                self._answer(status, content_type, body[: len(body) // 2], length=len(body))
                self._reset()
            case None:
                self._answer(*self._forward(raw))

    do_GET = do_POST = do_PATCH = do_DELETE = _pass_on  # noqa: N815 -- the names that the base class looks for

    def _forward(self, raw: bytes) -> tuple[int, str, bytes]:
        target = urlsplit(self.server.proxy.upstream)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() in {"authorization", "content-type"}}
            connection.request(self.command, self.path, raw or None, headers)
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type", ""), response.read()
        finally:
            connection.close()

    def _answer(self, status: int, content_type: str, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _reset(self) -> None:
        """Close with RST, as a broken connection does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.close_connection = True
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
