"""Our end of the warm server: starts it, sends it commands, and turns whatever comes back into results or errors."""

import collections
import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from ..terms.secrets import Redactor, Secret
from .errors import MigrationError, WorkerCancelledError, WorkerDiedError, WorkerTimedOutError
from .wire import Frames, Message, freeze, pack

OUTPUT_LIMIT = 64 * 1024
"""How many bytes of a command's output are kept, from its end."""

_START = "import sys; sys.path.append(sys.argv[1]); from schema_sensei.migrations.server import serve; serve({})"
_KEPT = frozenset({"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT"})
_KEPT_PREFIXES = ("PYTHON", "LC_", "LD_", "DYLD_")
_CODE_HOME = str(Path(__file__).parents[2])


@dataclass(eq=False, slots=True)
class _Job:
    socket: socket.socket
    output: int
    cancelled: bool = False
    tail: collections.deque[bytes] = field(default_factory=collections.deque)
    kept: int = 0

    def cancel(self) -> None:
        self.cancelled = True
        self.kill()

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.send(b"c")

    def collect(self) -> bool:
        """Keeps what the pipe holds now; False at its end."""
        try:
            data = os.read(self.output, 1 << 16)
        except BlockingIOError:
            return True
        self.tail.append(data)
        self.kept += len(data)
        while self.kept - len(self.tail[0]) >= OUTPUT_LIMIT:
            self.kept -= len(self.tail.popleft())
        return bool(data)

    def text(self) -> str:
        return b"".join(self.tail)[-OUTPUT_LIMIT:].decode(errors="replace")


class WarmServer:
    """One server process for any number of threads; started at the first need, started again if it died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._errors: IO[bytes] | None = None
        self._jobs: set[_Job] = set()
        self._finalizer: weakref.finalize[..., WarmServer] | None = None

    def start(self) -> None:
        """Starts the server unless it runs; returns at once, the server goes on importing by itself."""
        with self._lock:
            self._start()

    def run(
        self,
        operation: str,
        arguments: Message,
        *,
        url: Secret | None = None,
        on_event: Callable[[Message], None] = lambda _: None,
        timeout: float = 300.0,
    ) -> Any:
        """The result of one command in its own process, and nothing it leaves behind.

        `timeout` is in seconds. Raises the MigrationError that the command ended with, WorkerDiedError when its process
        ended without one, WorkerTimedOutError, or WorkerCancelledError after `cancel`.
        """
        redactor = Redactor()
        if url is not None:
            _learn(redactor, url)
        request = {
            "operation": operation,
            "arguments": arguments,
            "url": url.reveal() if url else None,
            "environ": dict(os.environ),
        }
        with self._sent(request) as job:
            try:
                answer, code = _follow(job, on_event, time.monotonic() + timeout)
            except BaseException:
                job.kill()
                raise
            output = redactor.mask(job.text())
            if job.cancelled:
                raise WorkerCancelledError(
                    "The migration command was cancelled.", remedy="Start it again when you are ready.", output=output
                )
            match answer:
                case {"result": result}:
                    return freeze(result)
                case {"error": MigrationError() as error}:
                    raise _masked(error, redactor, output)
                case _ if code is None:
                    raise self._timed_out(operation, timeout, output)
                case _:
                    raise self._died(operation, code, output)

    def cancel(self) -> None:
        """Kills every command that runs now; their callers get WorkerCancelledError. From any thread."""
        with self._lock:
            for job in self._jobs:
                job.cancel()

    def close(self) -> None:
        """Ends the server and everything it runs; a later command starts a new one."""
        with self._lock:
            self._stop()

    @contextlib.contextmanager
    def _sent(self, request: Message) -> Any:
        ours, theirs = socket.socketpair()
        readable, writable = os.pipe()
        job = _Job(ours, readable)
        try:
            os.set_blocking(readable, False)
            with self._lock:
                self._jobs.add(job)
                self._send(pack(request), [theirs.fileno(), writable])
            theirs.close()
            os.close(writable)
            writable = -1
            yield job
        finally:
            with self._lock:
                self._jobs.discard(job)
            ours.close()
            theirs.close()
            os.close(readable)
            if writable >= 0:
                os.close(writable)

    def _send(self, frame: bytes, descriptors: list[int]) -> None:
        for attempt in (1, 2):
            control = self._start()
            try:
                sent = socket.send_fds(control, [frame], descriptors)
                control.sendall(frame[sent:])
            except OSError:
                complaint = self._complaint()
                self._stop()
                if attempt == 2:
                    raise WorkerDiedError(
                        "The process that runs Alembic does not start.",
                        means=complaint,
                        remedy="Reinstall schema-sensei in your project's environment; `import alembic` must work.",
                    ) from None
            else:
                return

    def _start(self) -> socket.socket:
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control
        self._stop()
        ours, theirs = socket.socketpair()
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the server
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START.format(theirs.fileno()), _CODE_HOME],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env=_environ(),
            )
        self._process, self._control, self._errors = process, ours, errors
        self._finalizer = weakref.finalize(self, _end, process, ours, errors)
        return ours

    def _stop(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        self._process = self._control = self._errors = self._finalizer = None

    def _complaint(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _timed_out(self, operation: str, timeout: float, output: str) -> WorkerTimedOutError:
        return WorkerTimedOutError(
            f"The command `{operation}` ran longer than {timeout:g} seconds and was stopped.",
            means="The project's code waits for something: a lock, a network, input, or an endless loop.",
            remedy="Look at the output for the last thing it did; run `alembic current` by hand to see it hang.",
            output=output,
        )

    def _died(self, operation: str, code: int | None, output: str) -> WorkerDiedError:
        with self._lock:
            complaint = self._complaint()
        if code is not None and code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        elif code:
            how = f"exited with status {code}"
        else:
            how = "ended early"
        last = next((line for line in reversed(output.strip().splitlines()) if line.strip()), complaint)
        return WorkerDiedError(
            f"The process that ran `{operation}` {how} before it had a result.",
            means=f"Its last words: {last}" if last else "",
            remedy="Something that env.py imports ends or crashes the interpreter; run `alembic history` by hand.",
            output=output,
        )


def _environ() -> dict[str, str]:
    """What the server itself needs: it can be read in the process list, so nothing that may hold a password.

    Each command gets the whole environment with its request. The fixed hash seed is for Alembic, which picks from sets
    when it merges branches: so the same files always give the same SQL.
    """
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    return {**kept, "PYTHONHASHSEED": "0"}


def _follow(job: _Job, on_event: Callable[[Message], None], deadline: float) -> tuple[Message, int | None]:
    """The command's answer ({} without one) and its exit status; None after it was killed for being late."""
    frames, answer, code, late = Frames(), {}, 0, False
    with selectors.DefaultSelector() as selector:
        selector.register(job.socket, selectors.EVENT_READ)
        selector.register(job.output, selectors.EVENT_READ)
        while True:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                if late:  # not even the kill was answered: the server is gone as well
                    break
                late, deadline = True, time.monotonic() + 5.0
                job.kill()
            for key, _ in ready:
                if key.fileobj == job.output:
                    if not job.collect():
                        selector.unregister(job.output)
                    continue
                data = _received(job.socket)
                messages = frames.feed(data)
                for message in messages:
                    match message:
                        case {"exit": int(status)}:
                            code = status
                        case {"event": dict(event)} if not late:
                            on_event(event)
                        case _ if not late:
                            answer = message
                        case _:
                            pass
                if not data or (messages and "exit" in messages[-1]):
                    while job.output in selector.get_map() and selector.select(0) and job.collect():
                        pass
                    return answer, None if late else code
    return answer, None


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1 << 16)
    except ConnectionResetError:
        return b""


def _masked(error: MigrationError, redactor: Redactor, output: str) -> MigrationError:
    what, means, remedy, where = (redactor.mask(part) for part in (error.what, error.means, error.remedy, error.where))
    return type(error)(what, means=means, remedy=remedy, where=where, revision=error.revision, output=output)


def _learn(redactor: Redactor, url: Secret) -> None:
    with contextlib.suppress(ValueError):
        password = urlsplit(url.reveal()).password
        if password:
            redactor.learn(password, unquote(password))


def _end(process: "subprocess.Popen[bytes]", control: socket.socket, errors: IO[bytes]) -> None:
    control.close()
    errors.close()
    try:
        process.wait(0.5)
    except subprocess.TimeoutExpired:  # still importing: it has not looked at the socket yet
        process.kill()
        process.wait()
