"""The embedded server: starts with its first user, is shared by all, and stops when the last one is gone."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ..terms.secrets import Secret
from . import installation, supervisor, url
from .cluster import SUPERUSER, Cluster, Running, failure
from .errors import EmbeddedServerError

_PATIENCE = 60.0
"""Seconds for a start, crash recovery included, and for a predecessor's stop."""
_POLL = 0.005
_LOG_LIMIT = 4_000_000
"""Bytes of server.log that are kept across starts."""


@dataclass(slots=True)
class Embedded:
    """PostgreSQL 18 of our own, with its files under `home`, reached through a unix socket as its superuser.

    `disposable` data is never waited for (fsync off) and is rebuilt after a power cut; use it for scratch databases
    only. `port` also opens 127.0.0.1, where every login needs a password. Run as root, the server becomes `nobody`
    and its files move under `shared` when that account cannot reach `home`. Several processes, and several objects
    in one process, may share a home; each calls `start` and `stop`. Not to be carried through a fork.
    """

    home: Path
    disposable: bool = False
    port: int | None = None
    shared: Path = installation.SHARED
    _users: int | None = field(default=None, init=False, repr=False)
    _cluster: Cluster | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Start the server, or join the one that runs; again after it died. Raises EmbeddedServerError."""
        cluster = self._prepare()
        if self._users is None:
            self._users = _take(cluster.place / "users.lock", fcntl.LOCK_SH)
        lock = _take(cluster.place / "start.lock", fcntl.LOCK_EX)
        try:
            self._start(cluster)
        except (OSError, subprocess.SubprocessError) as error:
            self._leave()
            raise failure("The embedded PostgreSQL cannot be started.", str(error), cluster.place) from error
        except BaseException:
            self._leave()
            raise
        finally:
            os.close(lock)

    def stop(self) -> None:
        """Leave; if nobody else uses the server, return when it has stopped."""
        if self._users is None or self._cluster is None:
            return
        self._leave()
        cluster = self._cluster
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if _free(cluster.place / "users.lock", fcntl.LOCK_EX):
                if _free(cluster.place / "supervisor.lock", fcntl.LOCK_EX) and not self._adopt(cluster):
                    cluster.remove_socket_directory()
                    return
            elif _free(cluster.place / "users.lock", fcntl.LOCK_SH):
                return  # others use it
            time.sleep(_POLL)

    def url(self, database: str = SUPERUSER) -> Secret:
        """The URL of one of its databases, for the superuser, through the socket. Raises EmbeddedServerError."""
        running = self._cluster.running() if self._cluster and self._users is not None else None
        if running is None or not running.ready:
            raise EmbeddedServerError("The embedded PostgreSQL is not running.", remedy="Start it first.")
        return url.build(user=SUPERUSER, database=database, host=running.socket_directory, port=running.port)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def place(self) -> Path:
        """Where the files really are."""
        return installation.place_for(self.home, installation.account(), self.shared)

    def running(self) -> Running | None:
        """The postmaster on these files, whoever started it."""
        return self._cluster.running() if self._cluster else self._describe().running()

    def _describe(self) -> Cluster:
        runner = installation.account()
        place = installation.place_for(self.home, runner, self.shared)
        return Cluster(place, runner, installation.packaged() / "bin", self.disposable, self.port)

    def _prepare(self) -> Cluster:
        if self._cluster is not None and self._cluster.place.is_dir():
            return self._cluster
        runner = installation.account()
        place = installation.place_for(self.home, runner, self.shared)
        try:
            if runner.drops:
                installation.open_directory(place)
            else:
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if place.parent == self.shared:
                (place / "origin").write_bytes(os.fsencode(os.path.abspath(self.home)))  # noqa: PTH100 -- as place_for
                _sweep(self.shared)
            programs = installation.runnable(runner, self.shared)
        except OSError as error:
            raise failure("The embedded PostgreSQL has no place for its files.", str(error), place) from error
        self._cluster = Cluster(place, runner, programs, self.disposable, self.port)
        return self._cluster

    def _start(self, cluster: Cluster) -> None:
        if cluster.running() is not None:
            self._adopt(cluster)
            self._await(cluster)
            return
        if self.disposable and _interrupted_by_reboot(cluster):
            cluster.discard()
        cluster.create()
        cluster.forget_stale()
        _mark_boot(cluster)
        try:
            _spawn(cluster)
            self._await(cluster)
        except EmbeddedServerError:
            if not self.disposable:
                raise
            cluster.discard()
            cluster.create()
            _spawn(cluster)
            self._await(cluster)

    def _adopt(self, cluster: Cluster) -> bool:
        running = cluster.running()
        if running is None:
            return False
        if _free(cluster.place / "supervisor.lock", fcntl.LOCK_EX):
            _spawn(cluster, running.pid)
        return True

    def _await(self, cluster: Cluster) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            running = cluster.running()
            if running is not None and running.ready:
                return
            if running is None and _free(cluster.place / "supervisor.lock", fcntl.LOCK_EX):
                break
            time.sleep(_POLL)
        said = ""
        with suppress(OSError):
            said = cluster.log.read_text(errors="replace")[-4000:]
        raise failure("The embedded PostgreSQL did not start.", said, cluster.place)

    def _leave(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None


def _spawn(cluster: Cluster, adopted: int = 0) -> None:
    """Start the supervisor; it holds its lock when this returns."""
    program = [sys.executable, "-I", "-S", supervisor.__file__, str(cluster.place)]
    program += [str(cluster.account.uid), str(cluster.account.gid), str(adopted)]
    if cluster.log.is_file() and cluster.log.stat().st_size > _LOG_LIMIT:
        cluster.log.unlink()
    with cluster.log.open("ab") as log:
        subprocess.run(
            program + cluster.command(),
            cwd=cluster.place,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=True,
            start_new_session=True,  # a Ctrl-C in the terminal is not for it
        )


def _take(path: Path, kind: int) -> int:
    """A lock held until its descriptor is closed; polled, so that a signal can end the wait."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise EmbeddedServerError(
                    "Another sensei has been starting or stopping the embedded PostgreSQL for a minute.",
                    remedy="Look for a stopped sensei process, end it, and try again.",
                    where=str(path),
                ) from None
            time.sleep(_POLL)
        except BaseException:
            os.close(descriptor)
            raise
        else:
            return descriptor


def _free(path: Path, kind: int) -> bool:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _sweep(shared: Path) -> None:
    """Remove what stands under `shared` for homes whose surroundings were deleted, unless somebody uses it."""
    for origin in shared.glob("home-*/origin"):
        with suppress(OSError):
            if Path(os.fsdecode(origin.read_bytes())).parent.is_dir():
                continue
            if _free(origin.parent / "users.lock", fcntl.LOCK_EX):
                shutil.rmtree(origin.parent)


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _mark_boot(cluster: Cluster) -> None:
    (cluster.place / "boot").write_text(_boot())


def _interrupted_by_reboot(cluster: Cluster) -> bool:
    """Whether the machine went down under a server that does not wait for the disk: its files may be wrong."""
    if not (cluster.data / "postmaster.pid").exists():
        return False  # it was shut down in order
    with suppress(OSError):
        return (cluster.place / "boot").read_text() != _boot()
    return True
