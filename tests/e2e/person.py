"""Somebody at a shell in a practice project."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from psycopg.rows import TupleRow

from schema_sensei.postgres.session import connect
from schema_sensei.project import config
from schema_sensei.terms.secrets import Secret


def as_made(root: Path) -> None:
    """Take a practice project back to how it was made: files, journal, and the databases that were changed."""
    for command in (["checkout", "--quiet", "."], ["clean", "--quiet", "-fd"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    shutil.rmtree(root / ".sensei", ignore_errors=True)
    project = config.load(root)
    server = urlsplit(project.target("dev").url.reveal())
    with connect(Secret(server._replace(path="/postgres").geturl())) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = 'as_made'").fetchone():
            admin.execute("CREATE DATABASE as_made TEMPLATE staging")
        made = _heads(Secret(server._replace(path="/as_made").geturl()))
        for name in ("dev", "staging", "prod"):
            if name == "dev" or _heads(project.target(name).url) != made:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
                admin.execute(f"CREATE DATABASE {name} TEMPLATE as_made".encode())


def _heads(url: Secret) -> list[TupleRow]:
    with connect(url) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchall()


@dataclass(frozen=True)
class Person:
    """Somebody at a shell in the project's folder."""

    root: Path

    def types(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `sensei ARGUMENTS` without a terminal."""
        programs = str(Path(sys.executable).parent)
        return subprocess.run(
            ["sensei", *arguments],
            cwd=self.root,
            env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def asks(self, environment: str, query: str) -> list[TupleRow]:
        """Ask one of the project's databases."""
        with connect(config.load(self.root).target(environment).url) as connection:
            return connection.execute(query.encode()).fetchall()

    def does(self, environment: str, statements: str) -> None:
        """Change one of the project's databases behind everybody's back."""
        with connect(config.load(self.root).target(environment).url) as connection:
            connection.execute(statements.encode())

    def tables(self, environment: str) -> set[str]:
        """The names of the tables there."""
        return {
            str(name) for (name,) in self.asks(environment, "SELECT tablename FROM pg_tables WHERE schemaname='public'")
        }

    def changed_files(self) -> list[str]:
        """What git sees."""
        command = ["git", "status", "--porcelain", "--untracked-files=all"]
        seen = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True)
        return [line[3:] for line in seen.stdout.splitlines()]
