"""kill -9 at chosen points of the workflows that change what holds rows; `sensei resume` ends them, nothing twice."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.person import Person, as_made
from tests.e2e.schema_changes import (
    DELETE_TABLE,
    DROP_FOR_GOOD,
    EXPAND_CONTRACT,
    MODIFY_TABLE,
    SchemaChange,
    with_one_environment,
)

from schema_sensei.composition import places
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.practice import project
from schema_sensei.terms.exit_codes import ExitCode

KILLED = Path(__file__).parent / "killed.py"


@pytest.fixture(scope="module")
def practice() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="sensei-crash-"))
    place.chmod(0o755)
    with Embedded(places.scratch_server(), disposable=True), project.opened(place / "practice") as opened:
        yield opened.root
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def person(practice: Path) -> Person:
    """In a project with one environment whose tests take no time."""
    as_made(practice)
    with_one_environment(practice)
    settings = practice / "sensei.yaml"
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("tests:")]
    settings.write_text("\n".join([*kept, "tests: ['true']"]) + "\n")
    return Person(practice)


def _killed(person: Person, point: str, *arguments: str) -> None:
    log = person.root.parent / "points"
    log.unlink(missing_ok=True)
    ran = subprocess.run(
        [sys.executable, str(KILLED), point, str(log), *arguments],
        cwd=person.root,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == -signal.SIGKILL, f"{point}: {ran.stdout}{ran.stderr}"


def _ends(person: Person, change: SchemaChange) -> None:
    """Resume; where the program died between a file and its note nobody's rule can speak for it, so a person reads."""
    resume = ("resume", "--answers", change.answers(person.root))
    ended = person.types(*resume, timeout=300)
    if ended.returncode == ExitCode.RESOLVE:
        ended = person.types(*resume, "--set", "deploy.resolve=again", timeout=300)
    assert ended.returncode == ExitCode.DONE, ended.stdout + ended.stderr


def _heads(person: Person) -> int:
    return len(person.asks("dev", "SELECT 1 FROM alembic_version"))


def _backups(person: Person) -> list[str]:
    return person.types("backups").stdout.splitlines()[1:]


def _aside(person: Person) -> None:
    assert person.asks("dev", "SELECT count(*) FROM sensei_trash.attachments") == [(473,)]


def _dropped(person: Person) -> None:
    assert person.asks("dev", "SELECT 1 FROM pg_namespace WHERE nspname = 'sensei_trash'") == []
    (backup,) = _backups(person)
    assert "473" in backup
    assert backup.endswith("verified")
    assert "not verified" not in backup


def _modified(person: Person) -> None:
    assert person.asks("dev", "SELECT count(*), count(telephone) FROM profiles") == [(214, 160)]
    (backup,) = _backups(person)
    assert "518" in backup
    copies = "SELECT count(*) FROM pg_tables WHERE schemaname = 'sensei_backup'"
    assert person.asks("dev", copies) == [(2,)]


def _expanded(person: Person) -> None:
    filled = "SELECT count(*), count(*) FILTER (WHERE locale ~ '^[a-z]{2}_XX$') FROM profiles"
    assert person.asks("dev", filled) == [(214, 214)]
    assert person.asks("dev", "SELECT conname FROM pg_constraint WHERE conname LIKE '%\\_filled'") == []


@pytest.mark.parametrize(
    ("change", "point", "check"),
    [
        (DELETE_TABLE, "committed:1", _aside),
        (DROP_FOR_GOOD, "dumped:1", _dropped),
        (DROP_FOR_GOOD, "verifying:1", _dropped),
        (DROP_FOR_GOOD, "committed:1", _dropped),
        (MODIFY_TABLE, "kept:2", _modified),
        (MODIFY_TABLE, "executed:4", _modified),
        (EXPAND_CONTRACT, "filled:1", _expanded),
        (EXPAND_CONTRACT, "committed:2", _expanded),
    ],
    ids=lambda value: getattr(value, "workflow", None) or (value if isinstance(value, str) else ""),
)
def test_killed_there_the_run_ends_with_every_effect_once_and_no_row_lost(
    person: Person, change: SchemaChange, point: str, check: Callable[[Person], None]
) -> None:
    if change is DROP_FOR_GOOD:
        before = person.types(*DELETE_TABLE.begin(person.root), timeout=300)
        assert before.returncode == ExitCode.DONE, before.stdout + before.stderr

    _killed(person, point, *change.begin(person.root))
    _ends(person, change)

    check(person)
    assert _heads(person) == 1
    assert len(list((person.root / "migrations/versions").glob("*.py"))) == {
        "delete-table": 7, "drop-for-good": 8, "modify-table": 7, "expand-contract": 9,
    }[change.workflow]  # fmt: skip
