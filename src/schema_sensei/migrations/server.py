"""The warm server: imports Alembic, SQLAlchemy and psycopg once, then forks a fresh process for each command.

It never runs the project's code itself and has one thread, so forking it is safe. Requests come over the control
socket, each with two descriptors: the command's own socket and the pipe for its output. The server ends, and takes
every child with it, when the control socket closes: that is also what happens when its parent is killed.
"""

import array
import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
import traceback
from typing import NoReturn

from ..terms import garbage
from .wire import Frames, Message, pack

PRELOADED = (
    "alembic.command",
    "alembic.autogenerate",
    "sqlalchemy.orm",
    "sqlalchemy.dialects.postgresql.psycopg",
    "psycopg",
    "schema_sensei.migrations.inside.job",
)
_PR_SET_PDEATHSIG = 1


class Server:
    """Forks and reaps. A byte or the end of a command's socket means: cancel it."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._frames = Frames()
        self._descriptors: list[int] = []
        self._jobs: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._bell, bell = os.pipe()
        for end in (self._bell, bell):
            os.set_blocking(end, False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(bell, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Until the control socket ends."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._control:
                    if not self._receive():
                        self._end()
                        return
                elif key.fileobj == self._bell:
                    os.read(self._bell, 4096)
                else:
                    self._kill(key.data)
            self._reap()

    def _receive(self) -> bool:
        data, ancillary, _, _ = self._control.recvmsg(1 << 16, socket.CMSG_SPACE(2 * 8))
        if not data:
            return False
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(content[: len(content) - len(content) % received.itemsize])
                self._descriptors += received
        for request in self._frames.feed(data):
            job, output, *self._descriptors = self._descriptors
            self._fork(request, socket.socket(fileno=job), output)
        return True

    def _fork(self, request: Message, job: socket.socket, output: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._become(request, job, output)
        os.close(output)
        with contextlib.suppress(OSError):  # the child may have ended, or done it first
            os.setpgid(pid, pid)
        self._jobs[pid] = job
        self._selector.register(job, selectors.EVENT_READ, pid)

    def _become(self, request: Message, job: socket.socket, output: int) -> NoReturn:
        status = 70
        try:
            os.setpgid(0, 0)
            _die_with_parent()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            self._control.close()
            for other in self._jobs.values():
                other.close()
            for standard in (1, 2):
                os.dup2(output, standard)
            os.close(output)
            from .inside.job import run

            run(request, job)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def _kill(self, pid: int) -> None:
        self._selector.unregister(self._jobs[pid])
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while self._jobs:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            pid = ended.si_pid
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # what the project's code left running; the id is ours until waitpid
            _, status = os.waitpid(pid, 0)
            job = self._jobs.pop(pid)
            with contextlib.suppress(KeyError):
                self._selector.unregister(job)
            with contextlib.suppress(OSError):
                job.sendall(pack({"exit": os.waitstatus_to_exitcode(status)}))
            job.close()

    def _end(self) -> None:
        for pid in self._jobs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        import ctypes

        server = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if server == 1:  # it died between the fork and this line
            os._exit(70)


def serve(descriptor: int) -> None:
    """Imports everything, then serves the control socket with this descriptor until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(garbage.THRESHOLD)
    control = socket.socket(fileno=descriptor)
    for module in PRELOADED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    Server(control).serve()
