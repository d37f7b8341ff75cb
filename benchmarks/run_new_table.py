"""A whole run of new-table on the practice project against the raw commands that it replaces.

Each turn starts from the project as made, a dev database as made, and the lesson's table in the models; caches are
warm, as on the second day of work. The raw script does less: nobody reviews, nothing is journaled or compared.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schema_sensei.postgres.session import connect
from schema_sensei.postgres.url import with_database
from schema_sensei.practice import lesson, project
from schema_sensei.project import config

from .measure import Measure, alternate, seconds

RAW = """
set -e
before=$(alembic heads | cut -d' ' -f1)
alembic revision --autogenerate -m 'add certificates'
alembic upgrade "$before:head" --sql > up.sql
alembic upgrade head
alembic check
python -m pytest
"""


@contextmanager
def _practice() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sensei-bench-") as folder:
        Path(folder).chmod(0o755)
        with project.opened(Path(folder) / "practice") as opened:
            yield opened.root


def _only_dev(root: Path) -> None:
    """The raw commands end where development does; so shall ours."""
    file = root / config.FILE_NAME
    file.write_text(re.sub(r"^  (staging|prod):.*\n", "", file.read_text(), flags=re.MULTILINE))
    subprocess.run(["git", "commit", "--quiet", "--all", "--message", "only dev"], cwd=root, check=True)


def _reset(root: Path) -> None:
    for command in (["checkout", "--quiet", "."], ["clean", "--quiet", "-fd"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    server = with_database(config.load(root).target("dev").url, "prod")
    with connect(server) as admin:
        admin.execute("DROP DATABASE dev WITH (FORCE)")
        admin.execute("CREATE DATABASE dev TEMPLATE staging")
    shutil.rmtree(root / ".sensei" / "catalogs", ignore_errors=True)  # nobody has seen this change before
    lesson.add_certificates(root)


def measure() -> list[Measure]:
    """Wall-clock seconds of one process each, from its start to its end."""
    programs = str(Path(sys.executable).parent)
    with _practice() as root:
        _only_dev(root)
        variables = dict(config.load(root).variables())
        environ = variables | {"PATH": f"{programs}{os.pathsep}{variables['PATH']}"}

        def turn(command: list[str]) -> float:
            _reset(root)

            def run() -> None:
                done = subprocess.run(
                    command,
                    cwd=root,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")

            return seconds(run)

        ours = ["sensei", "run", "new-table", "--answers", str(lesson.ANSWERS), "--set", "onward-staging=finish"]
        raw = ["bash", "-c", RAW]
        turn(ours), turn(raw)
        limit = 1.0
        return [alternate("run new-table / raw commands", lambda: turn(ours), lambda: turn(raw), limit=limit, rounds=5)]
