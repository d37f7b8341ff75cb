"""Who works on a run, and whether that process still lives."""

import getpass
import os
import socket
from pathlib import Path

from .records import Owner

_LINUX = Path("/proc/self/stat").exists()


def this_process() -> Owner:
    """The owner that this process is."""
    return Owner(
        host=socket.gethostname(),
        boot=_read("/proc/sys/kernel/random/boot_id"),
        namespace=_link("/proc/self/ns/pid"),
        pid=os.getpid(),
        started=_started(os.getpid()) or "",
        user=_user(),
    )


def alive(owner: Owner, here: Owner) -> bool | None:
    """Whether the owner's process lives; None when it cannot be told from here (other machine, boot or container)."""
    if (owner.host, owner.boot, owner.namespace) != (here.host, here.boot, here.namespace):
        return None
    started = _started(owner.pid)
    if started is None:
        return False
    return not owner.started or started == owner.started


def _started(pid: int) -> str | None:
    """The start time of a process in clock ticks since boot; empty when it lives but cannot say; None when it is dead.

    Field 22 of /proc/PID/stat (proc_pid_stat(5)); the command's name before it may hold spaces and parentheses.
    """
    if _LINUX:
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        return fields[19] if len(fields) > 19 and fields[0] not in {"Z", "X"} else None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return ""
    return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
