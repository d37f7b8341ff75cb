"""What a person meets when something is wrong: the cause, the way out, the documented exit code, and nothing lost."""

import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pexpect
import pytest
from tests.e2e.person import Person

from schema_sensei.postgres.session import connect
from schema_sensei.practice import lesson
from schema_sensei.project import config
from schema_sensei.terms.exit_codes import ExitCode

RUN = ("run", "new-table", "--answers", str(lesson.ANSWERS), "--set", "onward-staging=finish")
UNREACHABLE = "postgresql://u:s3cret-pw@127.0.0.1:1/dev"
SENSEI = str(Path(sys.executable).parent / "sensei")
VARIABLE = "DASHBOARD_DEV_URL"


@dataclass
class Project:
    """An ordinary project: no practice server of its own, its URLs in the environment of the shell."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def types(
        self, *arguments: str, environ: Mapping[str, str] | None = None, before: Callable[[], None] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run `sensei ARGUMENTS` without a terminal; a traceback is never what it says."""
        ran = subprocess.run(
            [SENSEI, *arguments],
            cwd=self.root,
            env={**self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            preexec_fn=before,  # a limit of the child alone
        )
        said = ran.stdout + ran.stderr
        assert "Traceback" not in said
        assert "s3cret-pw" not in said
        return ran

    def begins(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `sensei ARGUMENTS` and leave it running."""
        return subprocess.Popen(
            [SENSEI, *arguments],
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def sits(self, *arguments: str, size: tuple[int, int] = (24, 80)) -> "pexpect.spawn[str]":
        """Start `sensei ARGUMENTS` on a terminal of (rows, columns)."""
        return pexpect.spawn(
            SENSEI, list(arguments), cwd=str(self.root), env={**self.environ, "TERM": "xterm-256color"},
            encoding="utf-8", dimensions=size, timeout=60,
        )  # fmt: skip

    def writes(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def settles(self, line: str, becomes: str) -> None:
        """Change a line of sensei.yaml, found by how it begins; a line that is not there is added."""
        file = self.root / "sensei.yaml"
        kept = [each for each in file.read_text().splitlines() if not each.startswith(line)]
        file.write_text("\n".join([*kept, becomes, ""]))

    def runs(self) -> list[dict[str, str]]:
        """The history."""
        found: list[dict[str, str]] = json.loads(self.types("runs", "--json").stdout)
        return found


@pytest.fixture
def project(person: Person, tmp_path: Path) -> Project:
    """The tables of the practice project as a project of somebody's own, on the same server, with a table to add."""
    root = tmp_path / "shop"
    shutil.copytree(
        person.root, root, ignore=shutil.ignore_patterns(".practice", ".postgres", ".sensei", ".git", "__pycache__")
    )
    (root / ".env").unlink()
    lesson.add_certificates(root)
    urls = config.load(person.root)
    known = {each.url_variable: urls.target(each.name).url.reveal() for each in urls.environments}
    quiet = {name: value for name, value in os.environ.items() if name not in {*known, "COLUMNS", "LINES"}}
    return Project(root, {**quiet, **known, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"})


def told(ran: "subprocess.CompletedProcess[str]", code: ExitCode, *words: str) -> str:
    """All that was said, once it had this exit code and these words."""
    said = ran.stdout + ran.stderr
    assert ran.returncode == code, said
    for each in words:
        assert each in said, said
    return said


def goes_on(project: Project, step: str) -> None:
    """The run that stopped at a step can be resumed to its end, once what was wrong is right."""
    (run,) = project.runs()
    assert run["status"] != "done"
    ended = project.types(
        "resume", "--answers", str(lesson.ANSWERS), "--set", f"{step}.failed=retry", "--set", "onward-staging=finish"
    )
    told(ended, ExitCode.DONE)


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("", ExitCode.USAGE, (VARIABLE, "it holds the database URL of dev")),
        ("postgresql://u:s3cret-pw@[::1/dev", ExitCode.USAGE, (VARIABLE,)),
        ("mysql://u:s3cret-pw@127.0.0.1/dev", ExitCode.USAGE, (VARIABLE, "postgresql://")),
        (UNREACHABLE, ExitCode.UNREACHABLE, ("127.0.0.1",)),
    ],
    ids=["missing", "malformed", "another-database", "server-down"],
)
def test_a_url_that_leads_nowhere_is_named_and_the_run_goes_on(
    project: Project, url: str, code: ExitCode, words: tuple[str, ...]
) -> None:
    told(project.types(*RUN, environ={VARIABLE: url}), code, *words)
    status = project.types("status", environ={VARIABLE: url})
    assert "staging" in status.stdout  # one environment that cannot be read hides no other
    goes_on(project, "deploy")
    assert "certificates" in told(project.types("show"), ExitCode.DONE)


@pytest.fixture
def locked(project: Project, person: Person) -> Iterator[Project]:
    """The project, with a role whose password is asked for."""
    with connect(config.load(person.root).target("dev").url) as admin:
        row = admin.execute("SHOW hba_file").fetchone()
        assert row is not None
        rules = Path(str(row[0]))
        before = rules.read_text()
        admin.execute("CREATE ROLE clerk LOGIN PASSWORD 'right'")
        rules.write_text("local all clerk scram-sha-256\n" + before)
        admin.execute("SELECT pg_reload_conf()")
        try:
            yield project
        finally:
            rules.write_text(before)
            admin.execute("SELECT pg_reload_conf()")
            admin.execute("DROP ROLE clerk")


def test_a_wrong_password_is_told_without_the_password(locked: Project) -> None:
    url = locked.environ[VARIABLE].replace("postgres@", "clerk:s3cret-pw@")
    told(locked.types(*RUN, environ={VARIABLE: url}), ExitCode.UNREACHABLE, "password", "clerk", VARIABLE)
    assert "s3cret-pw" not in (locked.root / ".sensei" / "journal.sqlite").read_bytes().decode(errors="replace")
    goes_on(locked, "deploy")


@pytest.fixture
def clerk(person: Person) -> Iterator[str]:
    """The URL of a role that may read and write the rows of dev, and create nothing."""
    url = config.load(person.root).target("dev").url
    with connect(url) as admin:
        admin.execute("CREATE ROLE clerk LOGIN PASSWORD 's3cret-pw'")
        admin.execute("GRANT SELECT, INSERT, UPDATE, DELETE, REFERENCES ON ALL TABLES IN SCHEMA public TO clerk")
        try:
            yield url.reveal().replace("postgres@", "clerk:s3cret-pw@")
        finally:
            admin.execute("DROP OWNED BY clerk")
            admin.execute("DROP ROLE clerk")


def test_without_the_right_to_create_the_grant_is_named_and_the_run_goes_on(project: Project, clerk: str) -> None:
    project.settles("tests:", f"tests: {sys.executable} -c pass")
    told(project.types(*RUN, environ={VARIABLE: clerk}), ExitCode.FAILED, "GRANT CREATE ON SCHEMA", "Rolled back")
    goes_on(project, "deploy")


def test_a_database_ahead_of_the_checkout_is_not_touched(project: Project, person: Person) -> None:
    with connect(config.load(person.root).target("dev").url) as dev:
        dev.execute("UPDATE alembic_version SET version_num = 'fffffffffff1'")
    said = told(project.types(*RUN), ExitCode.DECLINED, "fffffffffff1")
    assert "sensei resume" in said
    assert "certificates" not in person.tables("dev")


def test_several_heads_are_named(project: Project) -> None:
    versions = project.root / "migrations" / "versions"
    newest = max(versions.glob("*.py"))
    text = newest.read_text()
    revision = newest.name.split("_")[3]
    (versions / "2099_01_01_aaaaaaaaaaa1_other.py").write_text(text.replace(revision, "aaaaaaaaaaa1"))
    said = told(project.types(*RUN), ExitCode.USAGE, "aaaaaaaaaaa1", revision)
    assert "merge" in said


def test_models_that_do_not_import_are_told_by_file_and_line(project: Project) -> None:
    models = project.root / lesson.MODELS
    before = models.read_text()
    models.write_text(before + "\nimport nothing_of_this_name\n")
    line = before.count("\n") + 2
    told(project.types(*RUN), ExitCode.FAILED, "nothing_of_this_name", f"{lesson.MODELS}:{line}")
    models.write_text(before)
    goes_on(project, "generate")


def test_an_editor_that_is_not_there_leaves_every_other_way_open(project: Project) -> None:
    project.environ["EDITOR"] = "no-such-editor"
    project.environ.pop("VISUAL", None)
    person = project.sits("--plain", "run", "new-table")
    person.expect("Say in one line")
    person.sendline("add certificates")
    person.expect("How do you want to edit")
    person.sendline("1")
    person.expect("no-such-editor is not found")
    person.expect("Correct .EDITOR")
    person.expect("again")
    person.sendline("q")
    person.expect("sensei resume")
    person.expect(pexpect.EOF)
    person.close()
    assert "Traceback" not in str(person.before)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_tests_that_hang_end_with_the_signal_and_the_run_goes_on(
    project: Project, number: signal.Signals, code: ExitCode
) -> None:
    marker = project.root / "hanging.pid"
    project.writes("hang.py", "import os, pathlib, time\npathlib.Path('hanging.pid').write_text(str(os.getpid()))\n"
        "print('hanging', flush=True)\ntime.sleep(600)\n",
    )  # fmt: skip
    project.settles("tests:", f"tests: {sys.executable} hang.py")
    running = project.begins(*RUN)
    assert running.stdout is not None
    said = next((line for line in running.stdout if "| hanging" in line), "it ended before its tests")
    assert "| hanging" in said

    held = project.types("resume", "--answers", str(lesson.ANSWERS), "--set", "onward-staging=finish")
    told(held, ExitCode.HELD, str(running.pid))

    running.send_signal(number)
    rest, _ = running.communicate(timeout=60)
    assert running.returncode == code, rest
    assert "sensei resume" in rest
    assert not Path(f"/proc/{marker.read_text()}").exists()
    record = json.loads(told(project.types("show", "--json"), ExitCode.DONE))
    assert f'"exit_code": {int(code)}' in json.dumps(record)

    project.settles("tests:", f"tests: {sys.executable} -c pass")
    resumed = project.types(
        "resume",
        "--answers",
        str(lesson.ANSWERS),
        "--set",
        "test.failed=retry",
        "--set",
        "test.resolve=again",
        "--set",
        "onward-staging=finish",
    )
    told(resumed, ExitCode.DONE)


def test_tests_that_hang_run_into_the_time_their_step_has(project: Project) -> None:
    project.writes("team/slow.yaml", WORKFLOW.replace("action: test", "action: test\n    timeout: 1s"))
    project.settles("workflows:", "workflows: team")
    project.settles("tests:", f"tests: {sys.executable} -c 'import time; time.sleep(600)'")
    told(project.types("run", "slow"), ExitCode.TIMEOUT, "sensei resume")


WORKFLOW = """\
id: slow
title: Run the tests
when: You want to know.
risk: {backup: none, review: low, testing: standard}
steps:
  - id: test
    title: Run the tests
    why: They are slow.
    action: test
"""


def test_a_broken_workflow_of_the_team_is_told_by_file_and_line(project: Project) -> None:
    project.writes("team/slow.yaml", WORKFLOW.replace("action: test", "action: tset"))
    project.settles("workflows:", "workflows: team")
    told(project.types("run", "slow"), ExitCode.USAGE, "slow.yaml:9", "tset")
    told(project.types("lint", "team"), ExitCode.USAGE, "slow.yaml:9")


def test_an_unknown_workflow_is_answered_with_the_known_ones(project: Project) -> None:
    told(project.types("run", "nonsense"), ExitCode.USAGE, "nonsense", "new-table")


def test_a_journal_that_cannot_be_made_begins_nothing(project: Project, person: Person) -> None:
    project.writes(".sensei", "in the way")
    told(project.types(*RUN), ExitCode.FAILED, ".sensei")
    assert not list((project.root / "migrations" / "versions").glob("*certificates*"))


def test_a_journal_folder_that_is_read_only_begins_nothing(project: Project) -> None:
    def ordinary() -> None:
        for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: with them root may write everywhere
            ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP; others do not have them anyway

    (project.root / ".sensei").mkdir(0o500)
    told(project.types(*RUN, before=ordinary), ExitCode.FAILED, ".sensei/journal.sqlite", "writable")
    assert not list((project.root / "migrations" / "versions").glob("*certificates*"))
    (project.root / ".sensei").chmod(0o700)


def test_a_full_disk_stops_before_anything_is_done_that_is_not_written_down(project: Project, person: Person) -> None:
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    said = told(project.types(*RUN, before=full), ExitCode.FAILED)
    assert "disk" in said.lower() or "written" in said
    assert "certificates" not in person.tables("dev")


def test_a_terminal_that_is_too_small_says_so_and_leaving_keeps_the_run(project: Project) -> None:
    person = project.sits("--tui", "run", "new-table", size=(10, 40))
    person.expect("too small")
    person.send("\x03")  # asks what becomes of the run
    person.expect("stay here|back to the")
    person.send("\x03")
    person.expect(pexpect.EOF)
    person.close()
    assert person.exitstatus == ExitCode.INTERRUPTED
    assert "Traceback" not in str(person.before)
