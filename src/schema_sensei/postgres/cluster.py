"""One data directory of the embedded server: made whole or not at all, and read for the server that runs on it."""

import os
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import EmbeddedServerError
from .installation import Account

SUPERUSER = "postgres"
_SOCKET_LIMIT = 103  # bytes; sun_path holds 108 on Linux and 104 on macOS, the closing zero included
_LONGEST_NAME = "/.s.PGSQL.65535"

# The superuser comes only through the socket, whose directory no other account can enter; everybody else needs a
# password, and nobody at all comes from another machine.
_ACCESS = f"""\
local  all  {SUPERUSER}                trust
local  all  all                     scram-sha-256
host   all  all       127.0.0.1/32  scram-sha-256
"""

_ALWAYS = {
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "max_locks_per_transaction": "256",  # a dump or a create_all of some thousand tables locks each of them
    "jit": "off",
    "shared_buffers": "32MB",
}
# What is disposable is rebuilt after a power cut, so nothing waits for a disk. Autovacuum would sit on templates.
_DISPOSABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class Running:
    """A postmaster at work, as its postmaster.pid tells."""

    pid: int
    port: int
    socket_directory: str
    ready: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data directory at `place`/data, run by `account` with the programs in `programs`."""

    place: Path
    account: Account
    programs: Path
    disposable: bool
    port: int | None

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def log(self) -> Path:
        return self.place / "server.log"

    def create(self) -> None:
        """Make the data directory unless it is there; a half-made one is never taken for whole."""
        if (self.data / "PG_VERSION").is_file():
            self._refuse_foreign()
            return
        for half in (*self.place.glob("data.new-*"), self.data):
            shutil.rmtree(half, ignore_errors=True)
        fresh = self.place / f"data.new-{os.getpid()}"
        fresh.mkdir(mode=0o700)
        self._give(fresh)
        command = [str(self.programs / "initdb"), "-D", str(fresh), "-U", SUPERUSER, "--no-sync", "--no-instructions"]
        command += ["--auth=trust", "--encoding=UTF8", "--no-locale"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # needs no locale of the machine
        made = self._run(command)
        if made.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise failure("The embedded PostgreSQL cannot make its data directory.", made.stdout, self.place)
        (fresh / "pg_hba.conf").write_text(_ACCESS)
        if not self.disposable:
            self._run([str(self.programs / "initdb"), "-D", str(fresh), "--sync-only"])
        fresh.rename(self.data)

    def discard(self) -> None:
        """Remove the data directory of a disposable cluster."""
        shutil.rmtree(self.data, ignore_errors=True)

    def running(self) -> Running | None:
        """The postmaster that runs on this data directory, or None; a stale file is told apart by the process's cwd."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None
        if not self._is_ours(pid):
            return None
        try:
            return Running(
                pid, int(lines[3]), lines[4], ready=len(lines) > 7 and lines[7].strip() in {"ready", "standby"}
            )
        except (IndexError, ValueError):
            return Running(pid, 0, "", ready=False)

    def forget_stale(self) -> None:
        """Remove lock files whose number now belongs to some other process, which PostgreSQL would respect.

        Only for whoever holds the start lock and has seen that nothing runs.
        """
        for left in Path(self._socket_directory()).glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)
        path = self.data / "postmaster.pid"
        try:
            pid = int(path.read_text().splitlines()[0])
            os.kill(pid, 0)
        except ProcessLookupError:
            return  # PostgreSQL itself removes it, after looking for orphaned backends
        except PermissionError:
            pass
        except (ValueError, IndexError):
            pass  # cut off by a full disk or a power cut
        except OSError:
            return
        path.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """The server's command line; it holds no secret."""
        socket_directory = self._socket_directory().replace('"', '""')
        settings = {
            **_ALWAYS,
            **(_DISPOSABLE if self.disposable else {}),
            "unix_socket_directories": f'"{socket_directory}"',
            "listen_addresses": "127.0.0.1" if self.port else "",
            "port": str(self.port or 5432),
            **self._extensions(),
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *arguments]

    def _extensions(self) -> dict[str, str]:
        """Lets an owner without a superuser's rights create the extensions that came with the server.

        On a disposable server only: a control file of ours says so (PostgreSQL manual, "trusted"), found before theirs.
        """
        shipped = self.programs.parent / "share" / "postgresql" / "extension"
        if not self.disposable or not shipped.is_dir() or "'" in str(self.place):
            return {}
        ours = self.place / "trusted" / "extension"
        for folder in (ours.parent, ours):
            folder.mkdir(mode=0o755, exist_ok=True)
            folder.chmod(0o755)
        for control in shipped.glob("*.control"):
            if control.stem != "plpgsql":
                text = f"{control.read_text()}\ntrusted = true\ndirectory = '{shipped}'\n"
                (ours / control.name).write_text(text)
                (ours / control.name).chmod(0o644)
        return {"extension_control_path": f"{ours.parent}:$system"}

    def _is_ours(self, pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return False  # a process of another account
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == self.data.resolve()
        except OSError:
            return not Path("/proc/self/cwd").is_symlink()  # a zombie has no cwd; without /proc the signal must do

    def remove_socket_directory(self) -> None:
        """Remove the socket's directory when it stands outside `place`, once nothing runs."""
        if self._socket_place.parent != self.place:
            with suppress(OSError):
                self._socket_place.rmdir()

    @property
    def _socket_place(self) -> Path:
        inside = self.place / "run"
        if len(os.fsencode(inside)) + len(_LONGEST_NAME) <= _SOCKET_LIMIT:
            return inside
        return Path("/tmp") / f"sensei-{self.place_mark()}"  # noqa: S108 -- checked before it is used

    def _socket_directory(self) -> str:
        directory = self._socket_place
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
        if found.st_uid == os.geteuid() and not directory.is_symlink():
            self._give(directory)
            found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.account.uid or found.st_mode & 0o077:
            raise EmbeddedServerError(
                f"{directory} is not a private directory of the account the server runs as.",
                means="Whoever can write there could stand in for the server.",
                remedy=f"Remove it and try again: rm -r {directory}",
            )
        return str(directory)

    def place_mark(self) -> str:
        """A short name for this place: device and inode of the directory, so that moving it keeps the name."""
        found = self.place.stat()
        return f"{self.account.uid}-{found.st_dev:x}-{found.st_ino:x}"

    def _refuse_foreign(self) -> None:
        owner = self.data.stat().st_uid
        if owner != self.account.uid:
            raise EmbeddedServerError(
                f"The database files in {self.data} belong to another user (uid {owner}).",
                means="They were made by another account; PostgreSQL runs only as their owner.",
                remedy="Run sensei as that account, or choose another directory.",
            )

    def _give(self, path: Path) -> None:
        if self.account.drops:
            os.chown(path, self.account.uid, self.account.gid)

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        runner = self.account
        try:
            return subprocess.run(
                command,
                cwd=self.place,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
                umask=0o077,
                user=runner.uid if runner.drops else None,
                group=runner.gid if runner.drops else None,
                extra_groups=[] if runner.drops else None,
            )
        except OSError as error:
            raise failure(f"{command[0]} cannot be run.", str(error), self.place) from error


def failure(what: str, said: str, place: Path) -> EmbeddedServerError:
    """The error for what one of PostgreSQL's programs, or the system, said."""
    tail = "\n".join(said.strip().splitlines()[-8:])
    if "No space left on device" in said:
        return EmbeddedServerError(
            what,
            means=f"The disk that holds {place} is full.\n{tail}",
            remedy="Free some space and try again; what was half made is cleaned up by the next start.",
        )
    if "Permission denied" in said or "Read-only file system" in said:
        return EmbeddedServerError(
            what,
            means=f"{place} cannot be written to.\n{tail}",
            remedy="Choose a directory that your account may write to.",
        )
    return EmbeddedServerError(what, means=tail, remedy=f"Look at {place / 'server.log'} for more, then try again.")
