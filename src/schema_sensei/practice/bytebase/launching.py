"""The server as a program of its own: started by its first user, shared by all, gone when the last of them is.

As with the embedded PostgreSQL, every user holds a shared lock on a file; the program waits for the exclusive one,
which the kernel gives when the last user is gone, however it went.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from ...terms.errors import SenseiError

_PATIENCE = 20.0
"""Seconds for the program to start, or for its predecessor to stop."""
_POLL = 0.005


class PracticeServerError(SenseiError):
    """The practice Bytebase cannot be started."""


@dataclass(slots=True)
class PracticeBytebase:
    """A practice server whose memory is in the directory `home`; its URL stays the same as long as the port is free."""

    home: Path
    options: tuple[str, ...] = ()
    """What the program is told, as __main__ reads it."""
    _users: int | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Start the server, or join the one that runs. Raises PracticeServerError."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._users is None:
            self._users = _open(self.home / "users.lock")
            _lock_patiently(self._users, fcntl.LOCK_SH)
        starting = _open(self.home / "start.lock")
        try:
            _lock_patiently(starting, fcntl.LOCK_EX)
            if self._running() is None:
                self._launch()
        finally:
            os.close(starting)

    def stop(self) -> None:
        """Leave; if nobody else uses the server, return when it has ended."""
        if self._users is None:
            return
        os.close(self._users)
        self._users = None
        deadline = time.monotonic() + _PATIENCE
        while not _free(self.home / "serving.lock") and time.monotonic() < deadline:
            # The ending server holds this lock alone; who can share it shares it with other users.
            if not _free(self.home / "users.lock") and _free(self.home / "users.lock", fcntl.LOCK_SH):
                return
            time.sleep(_POLL)

    @property
    def url(self) -> str:
        """Where it answers. Raises PracticeServerError."""
        found = self._running()
        if found is None:
            raise PracticeServerError("The practice Bytebase is not running.", remedy="Start it with: sensei practice")
        return str(found["url"])

    @property
    def pid(self) -> int:
        """The program's process. Raises PracticeServerError."""
        found = self._running()
        if found is None:
            raise PracticeServerError("The practice Bytebase is not running.", remedy="Start it with: sensei practice")
        return int(found["pid"])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _running(self) -> dict[str, Any] | None:
        if _free(self.home / "serving.lock"):
            return None
        try:
            told: dict[str, Any] = json.loads((self.home / "server.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return told if told.get("ready") else None

    def _launch(self) -> None:
        with (self.home / "server.log").open("ab") as log:
            subprocess.run(
                [sys.executable, "-P", "-m", __package__, str(self.home), *self.options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
                start_new_session=True,  # a Ctrl-C in the terminal is not for it
            )
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self._running() is not None:
                return
            if _free(self.home / "serving.lock"):
                break
            time.sleep(_POLL)
        said = (self.home / "server.log").read_text(errors="replace")[-2000:]
        raise PracticeServerError(
            "The practice Bytebase did not start.",
            means=said.strip(),
            remedy="Build the practice project again: sensei practice --fresh",
            where=str(self.home),
        )


class Serving(Protocol):
    """What `serve` needs to know of a service that has started."""

    url: str
    port: int

    def stop(self) -> None: ...


def serve(home: Path, start: Callable[[int], Serving]) -> None:
    """Start a service on the port it had before, announce it, and stop it when nobody uses it any more."""
    serving = _open(home / "serving.lock")
    _lock_patiently(serving, fcntl.LOCK_EX)  # a predecessor may be on its way out
    announcement = home / "server.json"
    try:
        port = int(json.loads(announcement.read_text())["port"])
    except (FileNotFoundError, json.JSONDecodeError, KeyError):
        port = 0
    _announce(announcement, {"port": port})  # a predecessor that was killed still says that it is ready
    if os.fork():
        os._exit(0)  # to the starter, who now knows that the lock is held; it goes on in the child
    service = start(port)
    _announce(announcement, {"url": service.url, "port": service.port, "pid": os.getpid(), "ready": True})
    users = _open(home / "users.lock")
    fcntl.flock(users, fcntl.LOCK_EX)
    _announce(announcement, {"port": service.port})
    service.stop()
    os.close(users)


def _announce(path: Path, what: dict[str, Any]) -> None:
    half = path.with_suffix(".new")
    half.write_text(json.dumps(what))
    half.replace(path)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _free(path: Path, kind: int = fcntl.LOCK_EX) -> bool:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _lock_patiently(descriptor: int, kind: int) -> None:
    """Take the lock; polled, so that a signal can end the wait."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise PracticeServerError(
                    "Another sensei has been starting or stopping the practice Bytebase for a while.",
                    remedy="Look for a stopped sensei process, end it, and try again.",
                ) from None
            time.sleep(_POLL)
        else:
            return
