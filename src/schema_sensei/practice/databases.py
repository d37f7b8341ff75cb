"""The practice databases: dev is built once from the project itself, staging and prod are copies of it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ..postgres.embedded import Embedded
from ..postgres.session import connect
from ..terms.secrets import Secret
from .errors import PreparationError

NAMES = ("dev", "staging", "prod")
_UNFINISHED = "unfinished_"
"""Begins the name of a database that is being built; a killed builder's own programs may still write into theirs."""


def build(server: Embedded, root: Path, say: Callable[[str], None]) -> None:
    """Make the databases unless they are there. `dev` gets its name last, so that having it means having all."""
    with connect(server.url(), application_name="sensei practice") as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = 'dev'").fetchone():
            return
        left = admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [_UNFINISHED])
        for name in (*(str(row[0]) for row in left.fetchall()), *NAMES):
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        say("Building the databases dev, staging and prod ...")
        unfinished = f"{_UNFINISHED}{os.getpid()}"
        admin.execute(f"CREATE DATABASE {unfinished}".encode())
        _prepare(server.url(unfinished), root)
        for name in NAMES[1:]:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {unfinished}".encode())
        admin.execute(f"ALTER DATABASE {unfinished} RENAME TO {NAMES[0]}".encode())


def _prepare(url: Secret, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dashboard.prepare"],
        cwd=root,
        env={**os.environ, "DASHBOARD_DEV_URL": url.reveal(), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PreparationError(root, "\n".join(done.stderr.strip().splitlines()[-3:]))
