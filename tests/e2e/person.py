"""Somebody at a shell in a practice project."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from psycopg.rows import TupleRow

from schema_sensei.postgres.session import connect
from schema_sensei.project import config


def as_made(root: Path) -> None:
    """Take a practice project back to how it was made: files, journal, and the dev database."""
    for command in (["checkout", "--quiet", "."], ["clean", "--quiet", "-fd"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    shutil.rmtree(root / ".sensei", ignore_errors=True)
    with connect(config.load(root).target("prod").url) as admin:
        admin.execute("DROP DATABASE dev WITH (FORCE)")
        admin.execute("CREATE DATABASE dev TEMPLATE staging")


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
