"""kill -9 at every point of a real run of new-table; then `sensei resume` until it is done: every effect once."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.person import as_made

from schema_sensei.composition import places
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.session import connect
from schema_sensei.practice import lesson, project
from schema_sensei.project import config
from schema_sensei.terms.exit_codes import ExitCode

KILLED = Path(__file__).parent / "killed.py"
ANSWERS = ("--answers", str(lesson.ANSWERS), "--set", "onward-staging=finish")
"""The run ends in development; what comes after is tried with faults at every call (tests/gates)."""
PARTS = 4
"""Parts of the matrix, so that workers can share it; each has a project of its own."""


@pytest.fixture
def root() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="sensei-crash-"))
    place.chmod(0o755)
    # The scratch server is held, too: starting and stopping it hundreds of times would prove nothing.
    with Embedded(places.scratch_server(), disposable=True), project.opened(place / "practice") as practice:
        settings = practice.root / "sensei.yaml"
        kept = [line for line in settings.read_text().splitlines() if not line.startswith("tests:")]
        settings.write_text("\n".join([*kept, "tests: ['true']"]) + "\n")  # they change nothing, and take their time
        _git(practice.root, "commit", "--quiet", "--all", "--message", "no tests")
        yield practice.root
    shutil.rmtree(place, ignore_errors=True)


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


def _reset(root: Path) -> None:
    as_made(root)
    lesson.add_certificates(root)


def _sensei(root: Path, point: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    log = root.parent / "points"
    log.unlink(missing_ok=True)
    return subprocess.run(
        [sys.executable, str(KILLED), point, str(log), *arguments],
        cwd=root,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _run(root: Path, point: str) -> subprocess.CompletedProcess[str]:
    return _sensei(root, point, "run", "new-table", *ANSWERS)


def _effects(root: Path) -> tuple[int, int, list[str]]:
    """Revision files of the change, its tables in dev, and where dev stands."""
    files = len(list((root / "migrations" / "versions").glob("*add_certificates.py")))
    with connect(config.load(root).target("dev").url) as connection:
        tables = connection.execute("SELECT 1 FROM pg_tables WHERE tablename = 'certificates'").fetchall()
        heads = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return files, len(tables), [str(head) for (head,) in heads]


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_anywhere_the_run_ends_with_every_effect_once(
    root: Path, part: int, record_property: Callable[[str, object], None]
) -> None:
    _reset(root)
    whole = _run(root, "none")
    assert whole.returncode == ExitCode.DONE, whole.stdout + whole.stderr
    points = (root.parent / "points").read_text().split()
    assert {"create", "append", "generating", "generated", "executing", "executed", "beginning", "committed"} == {
        point.split(":")[0] for point in points
    }
    asked = 0
    for point in points[part::PARTS]:
        _reset(root)
        killed = _run(root, point)
        assert killed.returncode == -signal.SIGKILL, f"{point}: {killed.stdout}{killed.stderr}"
        asked += _finish(root, point)
        files, tables, heads = _effects(root)
        assert (files, tables, len(heads)) == (1, 1, 1), f"killed at {point}: {files}, {tables}, {heads}"
        (revision,) = (root / "migrations" / "versions").glob("*add_certificates.py")
        assert heads[0] in revision.name, point
    mine = len(points[part::PARTS])
    record_property("killed", f"killed at {mine} of {len(points)} points, a person was needed {asked} times")


def _finish(root: Path, point: str) -> bool:
    """Resume until the run is done; whether a person was needed on the way.

    Exit code 5: the effect must be resolved. Exit code 3: the revision file is there, but the program died before it
    could note what is in it, so no rule can speak for it and somebody has to read the SQL.
    """
    resume = ("resume", *ANSWERS)
    resumed = _sensei(root, "none", *resume)
    if "No run is unfinished" in resumed.stderr:
        (run,) = json.loads(_sensei(root, "none", "runs", "--json").stdout)
        assert run["status"] == "done", f"killed at {point}, which was not the last write: {run}"
        return False
    person = resumed.returncode in {ExitCode.RESOLVE, ExitCode.DECLINED}
    if resumed.returncode == ExitCode.RESOLVE:
        resumed = _sensei(root, "none", *resume, "--set", "deploy.resolve=again")
    elif resumed.returncode == ExitCode.DECLINED:
        assert point == "generated:1", f"{point}: {resumed.stdout}"
        resumed = _sensei(root, "none", *resume, "--set", 'review={answer: approve, rule: "statements == 2"}')
    assert resumed.returncode == ExitCode.DONE, f"killed at {point}: {resumed.stdout}{resumed.stderr}"
    return person
