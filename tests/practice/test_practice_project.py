"""The practice project: made whole, opened fast, rebuilt on request, and left without a trace."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg import sql

from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.session import connect
from schema_sensei.practice import project
from schema_sensei.practice.errors import InUseError, NotAPracticeProjectError, PreparationError, UnwritableError
from schema_sensei.project import config
from schema_sensei.terms.exit_codes import ExitCode

CREATION = Path(__file__).parent / "creation.py"


def _rows(root: Path, environment: str) -> dict[str, int]:
    with connect(config.load(root).target(environment).url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type <> 'VIEW'"
        ).fetchall()
        counts = {}
        for (table,) in tables:
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            counts[str(table)] = int(connection.execute(query).fetchall()[0][0])
        return counts


def _run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    variables = config.load(root).variables()
    return subprocess.run(
        command, cwd=root, env=dict(variables), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_three_databases_hold_the_same_believable_rows(practice: project.Practice) -> None:
    dev, staging, prod = (_rows(practice.root, name) for name in ("dev", "staging", "prod"))
    assert dev == staging == prod
    assert len(dev) == 16  # fifteen tables and Alembic's own
    assert all(dev.values())
    assert 3_000 < sum(dev.values()) < 20_000


def test_the_rows_are_the_same_every_time(practice: project.Practice) -> None:
    digest = (
        "import hashlib; from dashboard.seed import rows; "
        "print(hashlib.sha256(repr([(model.__name__, many) for model, many in rows()]).encode()).hexdigest())"
    )
    runs = [_run(practice.root, sys.executable, "-c", digest) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout != "", runs[0].stderr


def test_models_migrations_and_databases_agree(practice: project.Practice) -> None:
    checked = _run(practice.root, sys.executable, "-m", "alembic", "check")
    assert checked.returncode == 0, checked.stderr
    history = _run(practice.root, sys.executable, "-m", "alembic", "history").stdout
    assert 4 <= len(history.splitlines()) <= 6


def test_its_own_tests_pass(practice: project.Practice) -> None:
    tests = config.load(practice.root).tests
    assert isinstance(tests, tuple)
    ran = _run(practice.root, *tests)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "31 passed" in ran.stdout


def test_it_is_a_clean_git_repository_with_an_identity_of_its_own(practice: project.Practice) -> None:
    assert _run(practice.root, "git", "status", "--porcelain").stdout == ""
    assert _run(practice.root, "git", "log", "--format=%an").stdout == "Practice\n"
    assert _run(practice.root, "git", "branch", "--show-current").stdout == "main\n"
    assert "DASHBOARD" not in _run(practice.root, "git", "ls-files").stdout


def test_addresses_are_readable_by_their_owner_only(practice: project.Practice) -> None:
    assert (practice.root / ".env").stat().st_mode & 0o777 == 0o600


def test_production_is_protected(practice: project.Practice) -> None:
    environments = config.load(practice.root).environments
    assert [(each.name, each.gate, each.protected) for each in environments] == [
        ("dev", "direct", False),
        ("staging", "bytebase", False),
        ("prod", "bytebase", True),
    ]


def test_a_second_visit_finds_what_the_first_one_did(place: Path) -> None:
    with project.opened(place / "p") as first:
        (first.root / "dashboard" / "mine.py").write_text("mine = True\n")
        with connect(config.load(first.root).target("dev").url) as connection:
            connection.execute("CREATE TABLE mine (id int)")
    said: list[str] = []
    with project.opened(place / "p", say=said.append) as second:
        assert (second.root / "dashboard" / "mine.py").exists()
        assert "mine" in _rows(second.root, "dev")
    assert said == []


def test_fresh_builds_it_again_from_nothing(place: Path) -> None:
    with project.opened(place / "p") as first, connect(config.load(first.root).target("dev").url) as connection:
        (first.root / "mine.py").touch()
        connection.execute("CREATE TABLE mine (id int)")
    with project.opened(place / "p", fresh=True) as second:
        assert not (second.root / "mine.py").exists()
        assert "mine" not in _rows(second.root, "dev")
    assert [path.name for path in place.iterdir()] == ["p"]


def test_databases_of_a_folder_deleted_by_hand_are_not_met_again(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)  # as root the server's files then stand elsewhere
    with project.opened(closed / "p") as first, connect(config.load(first.root).target("dev").url) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    subprocess.run(["rm", "-r", str(closed / "p")], check=True)
    with project.opened(closed / "p") as second:
        assert "mine" not in _rows(second.root, "dev")
    home = Embedded(closed / "p" / ".postgres").place
    subprocess.run(["rm", "-r", str(home)], check=True)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_that_is_not_ours_is_left_alone(place: Path, fresh: bool) -> None:
    (place / "p").mkdir()
    (place / "p" / "thesis.txt").write_text("years of work")
    with pytest.raises(NotAPracticeProjectError) as caught, project.opened(place / "p", fresh=fresh):
        pass
    assert caught.value.exit_code is ExitCode.USAGE
    assert (place / "p" / "thesis.txt").read_text() == "years of work"


def test_fresh_waits_for_nobody_and_takes_nothing_away_from_another_sensei(place: Path) -> None:
    with project.opened(place / "p") as first:
        with pytest.raises(InUseError) as caught, project.opened(place / "p", fresh=True):
            pass
        assert caught.value.exit_code is ExitCode.HELD
        assert _rows(first.root, "dev")


def test_the_server_stops_when_the_last_user_leaves(place: Path) -> None:
    with project.opened(place / "p") as first:
        with project.serving(first.root):
            pass
        assert _rows(first.root, "dev"), "the first one still works on it"
    assert Embedded(place / "p" / ".postgres").running() is None


def test_serving_makes_nothing(place: Path) -> None:
    with pytest.raises(NotAPracticeProjectError), project.serving(place):
        pass
    assert list(place.iterdir()) == []


def test_without_git_there_is_a_project_and_a_word_about_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with project.opened(place / "p") as opened:
        assert any("git is not installed" in note for note in opened.notes)
        assert not (opened.root / ".git").exists()
        assert _rows(opened.root, "prod")


def test_a_person_s_git_settings_do_not_get_in_the_way(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = place / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    settings = place / "gitconfig"
    settings.write_text(f"[core]\n hooksPath = {hooks}\n[commit]\n gpgsign = true\n[init]\n defaultBranch = other\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("HOME", str(place))
    (place / ".gitconfig").write_text(settings.read_text())
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    with project.opened(place / "p") as opened:
        assert opened.notes == ()
        monkeypatch.delenv("GIT_DIR")
        assert _run(opened.root, "git", "log", "--format=%s").stdout == "The dashboard as it stands\n"


def test_a_person_s_own_database_url_is_never_used(practice: project.Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@db.invalid/precious")
    ran = _run(practice.root, sys.executable, "-m", "alembic", "current")
    assert "(head)" in ran.stdout, ran.stderr


def test_migrations_that_no_longer_work_are_named(place: Path) -> None:
    root = project.create(place / "p").root
    (root / "dashboard" / "seed.py").write_text("raise SystemError('broken seed')\n")
    subprocess.run(["rm", "-r", str(root / ".postgres")], check=True)
    with pytest.raises(PreparationError, match="broken seed") as caught, project.opened(root):
        pass
    assert "--fresh" in caught.value.remedy
    assert Embedded(root / ".postgres").running() is None


def test_a_place_that_cannot_be_written_to_is_named(place: Path) -> None:
    (place / "file").write_text("not a folder")
    with pytest.raises(UnwritableError, match="File exists"), project.opened(place / "file" / "p"):
        pass


def test_killed_at_any_moment_the_next_start_makes_it_whole(place: Path) -> None:
    """Each start inherits what the one before left; the last one must find its way through all of it."""
    root = place / "p"
    points = ["program:1", "program:7", "rename:2"]  # git begins, git commits, the files move to their place
    points += ["program:8", "rename:1", "program:2"]  # initdb begins, its files move to their place, the server starts
    points += ["program:2", "execute:7", "execute:8", "execute:9", "execute:10", "rename:1"]  # databases, addresses
    for point in points:
        killed = subprocess.run(
            [sys.executable, str(CREATION), str(root), point], capture_output=True, text=True, check=False
        )
        assert killed.returncode == -signal.SIGKILL, f"{point}: {killed.stdout} {killed.stderr}"
    with project.opened(root) as opened:
        assert _rows(opened.root, "dev") == _rows(opened.root, "staging") == _rows(opened.root, "prod")
        assert _run(opened.root, "git", "status", "--porcelain").stdout == ""
    assert [path.name for path in place.iterdir()] == ["p"]


def test_two_first_starts_at_once_share_one_project(place: Path) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, str(CREATION), str(place / "p")], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for each in both:
        _, errors = each.communicate(timeout=120)
        assert each.returncode == 0, errors
    assert [path.name for path in place.iterdir()] == ["p"]
