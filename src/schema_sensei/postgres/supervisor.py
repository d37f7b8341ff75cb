"""Runs one embedded server while anybody uses it; a program of its own, started by path, standard library only.

    supervisor.py PLACE UID GID PID POSTGRES [ARGUMENT...]

Every process that uses the server holds a shared lock on PLACE/users.lock. The kernel gives the exclusive lock we
wait for when the last of them is gone, however it went (kill -9 included); then the server is stopped. While it
stops we hold the lock, so that a newcomer waits and starts it afresh. PID is 0, or a running postmaster to look after.
"""

import fcntl
import os
import signal
import sys
import time
from contextlib import suppress

# Fast shutdown, then immediate (no checkpoint, recovery at the next start), then the last resort; seconds each.
STOPS = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


class ServerEnded(Exception):
    """The postmaster ended by itself."""


def main(place: str, uid: int, gid: int, pid: int, command: list[str]) -> None:
    own = os.open(f"{place}/supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Before a launch a predecessor may be on its way out; a server that runs needs only one to look after it.
        fcntl.flock(own, fcntl.LOCK_EX if pid == 0 else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if os.fork():
        return  # to the starter, who now knows that the lock is held; it goes on in the child
    child = pid == 0
    users = os.open(f"{place}/users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if child:
            signal.signal(signal.SIGCHLD, _ended)
            pid = _launch(uid, gid, command)
        fcntl.flock(users, fcntl.LOCK_EX)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if child or _is_at(pid, f"{place}/data"):
            _stop(pid, child)
    except ServerEnded:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)  # a zombie would look alive to its successor


def _ended(*_: object) -> None:
    raise ServerEnded


def _launch(uid: int, gid: int, command: list[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        os.umask(0o077)
        os.execv(command[0], command)  # noqa: S606 -- no shell: a program and its list of arguments
    except OSError as error:
        print(f"FATAL:  cannot run {command[0]}: {error}", file=sys.stderr, flush=True)
    os._exit(1)


def _is_at(pid: int, data: str) -> bool:
    try:
        return os.path.realpath(f"/proc/{pid}/cwd") == os.path.realpath(data)
    except OSError:
        return False


def _stop(pid: int, child: bool) -> None:
    for number, patience in STOPS:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if _gone(pid, child):
                return
            time.sleep(0.005)


def _gone(pid: int, child: bool) -> bool:
    try:
        if child:
            return os.waitpid(pid, os.WNOHANG)[0] != 0
        os.kill(pid, 0)
    except (ChildProcessError, ProcessLookupError):
        return True
    return False


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
