"""The practice databases: dev is built once from the project itself, staging and prod are copies of it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ..postgres.embedded import Embedded
from ..postgres.session import connect
from .errors import PreparationError

NAMES = ("dev", "staging", "prod")
_UNFINISHED = "unfinished"


def build(server: Embedded, root: Path, say: Callable[[str], None]) -> None:
    """Make the databases unless they are there. `dev` gets its name last, so that having it means having all."""
    with connect(server.url(), application_name="sensei practice") as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = 'dev'").fetchone():
            return
        for name in (_UNFINISHED, *NAMES):
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        say("Building the databases dev, staging and prod ...")
        admin.execute(f"CREATE DATABASE {_UNFINISHED}".encode())
        _prepare(server, root)
        for name in NAMES[1:]:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {_UNFINISHED}".encode())
        admin.execute(f"ALTER DATABASE {_UNFINISHED} RENAME TO {NAMES[0]}".encode())


def _prepare(server: Embedded, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dashboard.prepare"],
        cwd=root,
        env={**os.environ, "DATABASE_URL": server.url(_UNFINISHED).reveal(), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PreparationError(root, "\n".join(done.stderr.strip().splitlines()[-3:]))
