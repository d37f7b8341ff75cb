"""The README is true: its commands run, its files load, its lists are complete.

The word after the language of a code block says how: `tty` needs a terminal, `practice`, `project`, `crash` and
`workflow` stand in a project of that kind, `make` and `install` are looked up instead of run.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest
import yaml

from schema_sensei.cli import sensei
from schema_sensei.frontends.answers_file import Answers
from schema_sensei.practice import lesson, project
from schema_sensei.project import config
from schema_sensei.project.ignoring import Rule
from schema_sensei.terms.exit_codes import ExitCode

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text()


@dataclass(frozen=True)
class Block:
    """A fenced block of the README."""

    language: str
    kind: str
    text: str


BLOCKS = [Block(*found) for found in re.findall(r"^```(\w+) ?([\w.]*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)]


def _texts(language: str, kind: str) -> list[str]:
    found = [block.text for block in BLOCKS if (block.language, block.kind) == (language, kind)]
    assert found, f"the README has no block {language} {kind}"
    return found


def _commands(kind: str) -> list[str]:
    lines = [line for text in _texts("sh", kind) for line in text.splitlines()]
    return [line.split("  #")[0].strip() for line in lines if line.strip()]


def _file(kind: str) -> str:
    (found,) = _texts("yaml", kind)
    return found


def _environ() -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "SENSEI_PLAIN", "CI"}}
    return environ | {"PATH": programs, "TERM": "xterm-256color"}


def _shell(command: str, where: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=where,
        env=_environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def place() -> Iterator[Path]:
    where = Path(tempfile.mkdtemp(prefix="sensei-readme-"))
    where.chmod(0o755)
    yield where
    shutil.rmtree(where, ignore_errors=True)


def test_every_block_says_how_it_is_checked() -> None:
    kinds = {(block.language, block.kind) for block in BLOCKS}
    assert README.count("```") == 2 * len(BLOCKS)
    assert kinds == {
        ("sh", "make"), ("sh", "install"), ("sh", "tty"), ("sh", "practice"), ("sh", "project"), ("sh", "crash"),
        ("sh", "workflow"), ("yaml", "sensei.yaml"), ("yaml", "answers"), ("yaml", "workflow"), ("yaml", "tree"),
        ("sql", "schema.sql"), ("sql", "migration.sql"), ("sh", "review"), ("sh", "judge"),
        ("sql", "raise.sql"), ("sh", "predict"), ("yaml", "bytebase"), ("sh", "bytebase"),
        ("sh", "backups"),
        ("yaml", "hazards"), ("sh", "drift"), ("yaml", "ignore"), ("sh", "onward"),
    }  # fmt: skip


def test_make_knows_its_targets() -> None:
    for command in _commands("make"):
        _shell(f"{command} --dry-run", CHECKOUT)


def test_what_is_installed_is_what_we_are_called() -> None:
    metadata = (CHECKOUT / "pyproject.toml").read_text()
    for command in _commands("install"):
        name, extra = re.findall(r"(schema-sensei)(?:\[(\w+)\])?", command)[0]
        assert f'name = "{name}"' in metadata
        assert not extra or f"{extra} = [" in metadata


def test_practice_opens_in_a_terminal_and_asks(place: Path) -> None:
    (command,) = _commands("tty")
    child = pexpect.spawn(
        "bash", ["-c", command], cwd=str(place), env=_environ(), dimensions=(24, 80), encoding="utf-8", timeout=60
    )
    try:
        child.expect("What are you trying to do")
        assert project.is_practice(place / "sensei-practice")
        child.send("q")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.exitstatus == ExitCode.DONE


def test_the_lesson_runs_without_a_person(place: Path) -> None:
    with project.opened(place / "p") as practice:
        outputs = [_shell(command, practice.root) for command in _commands("practice")]
        assert "certificates" in (practice.root / "transcript.md").read_text()
        assert "dev" in outputs[-1]
        for command in _commands("judge"):
            assert re.search("::notice file=migrations/|Nothing is pending on prod", _shell(command, practice.root))
        everywhere, annotated, pulled = (_shell(command, practice.root) for command in _commands("drift"))
        assert everywhere.count("no drift") == 3
        assert annotated.startswith("::notice title=no drift on dev")
        assert "16 tables of dev, written to shop/tables.py. Proven" in pulled
        saved, listed, restored = (_shell(command, practice.root) for command in _commands("backups"))
        assert "restored and compared" in saved
        assert "verified" in listed
        assert "0 missing rows are back" in restored
        for command in _commands("onward"):
            assert "Every environment has every revision" in _shell(command, practice.root)
        for command in _commands("crash")[:1]:
            assert "new-table" in _shell(command, practice.root)


def test_the_rules_of_what_to_ignore_can_be_read() -> None:
    assert [Rule.parse(each).kind for each in yaml.safe_load(_file("ignore"))["ignore"]] == ["schema", "table", "index"]


def test_an_interrupted_run_goes_on(place: Path) -> None:
    with project.opened(place / "p") as practice:
        lesson.add_certificates(practice.root)
        half = {
            key: value
            for key, value in yaml.safe_load((practice.root / lesson.ANSWERS).read_text()).items()
            if key != "deploy"
        }
        (practice.root / "half.yaml").write_text(yaml.safe_dump(half))
        ended = subprocess.run(
            ["sensei", "run", "new-table", "--answers", "half.yaml"],
            cwd=practice.root, env=_environ(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == ExitCode.ANSWER_MISSING, ended.stdout + ended.stderr
        runs, resume = _commands("crash")
        assert "new-table" in _shell(runs, practice.root)
        _shell(f"{resume} --answers {lesson.ANSWERS}", practice.root)


def test_init_serves_a_project_that_was_there_before(place: Path) -> None:
    with project.opened(place / "p") as practice:
        target = config.load(practice.root).target("dev")
        (practice.root / "sensei.yaml").unlink()
        (practice.root / ".env").write_text(f"DATABASE_URL='{target.url.reveal()}'\n")
        for command in _commands("project"):
            _shell(command, practice.root)
        assert [each.name for each in config.load(practice.root).environments]


def test_the_workflow_is_one(place: Path) -> None:
    (place / "release-notes.yaml").write_text(_file("workflow"))
    (place / "tree.yaml").write_text(_file("tree"))
    for command in _commands("workflow"):
        _shell(command, place)


def test_the_prediction_names_the_doubled_update_and_its_cure(place: Path) -> None:
    (place / "raise.sql").write_text(_texts("sql", "raise.sql")[0])
    as_text, as_json = (
        subprocess.run(["bash", "-c", each], cwd=place, env=_environ(), capture_output=True, text=True, check=False)
        for each in _commands("predict")
    )
    assert (as_text.returncode, as_json.returncode) == (ExitCode.DECLINED, ExitCode.DECLINED), as_text.stderr
    assert 'UPDATE member SET "role_level" = role_level + 1;' in as_text.stdout
    assert [each["transaction"] for each in json.loads(as_json.stdout)["executions"]] == [True, False]


def test_the_review_blocks_the_index_and_clears_the_type(place: Path) -> None:
    for name in ("schema.sql", "migration.sql"):
        (place / name).write_text(_texts("sql", name)[0])
    review, explain = _commands("review")
    done = subprocess.run(
        ["bash", "-c", review], cwd=place, env=_environ(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == ExitCode.DECLINED, done.stdout + done.stderr
    assert "blocks: index-blocks-writes on public.people" in done.stdout
    assert "cleared: table-rewrite" in done.stdout
    assert "CONCURRENTLY" in _shell(explain, place)


def test_the_settings_are_valid(place: Path) -> None:
    (place / "shop").mkdir()
    (place / "shop" / "models.py").touch()
    (place / "alembic.ini").touch()
    loaded = config.parse(_file("sensei.yaml").encode(), place / "sensei.yaml")
    assert [(each.name, each.gate) for each in loaded.environments] == [
        ("dev", "direct"), ("staging", "direct"), ("prod", "none"),
    ]  # fmt: skip


def test_the_way_through_bytebase_is_valid_and_checked(place: Path) -> None:
    loaded = config.parse(_file("bytebase").encode(), place / "sensei.yaml")
    assert [(each.name, each.gate) for each in loaded.environments] == [
        ("dev", "direct"), ("staging", "bytebase"), ("prod", "bytebase"),
    ]  # fmt: skip
    (place / "sensei.yaml").write_text(_file("bytebase").replace("https://bytebase.example.com", "http://127.0.0.1:9"))
    (command,) = _commands("bytebase")
    variables = {**_environ(), "BYTEBASE_ACCOUNT": "shop@service.bytebase.com", "BYTEBASE_KEY": "bbs_canary_key"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=place, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == ExitCode.UNREACHABLE, done.stdout + done.stderr
    assert "cannot be reached" in done.stdout
    assert "bbs_canary_key" not in done.stdout + done.stderr


def test_the_answers_are_valid(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(_file("answers"))
    answers = Answers.load(path)
    assert len(answers.turns["test.failed"]) == 2


def test_the_answers_to_hazards_are_valid(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(_file("hazards"))
    answers = Answers.load(path)
    assert {"review.not-null-scan", "review.index-blocks-writes"} <= set(answers.turns)


def test_the_list_of_commands_is_complete() -> None:
    listed = set(re.findall(r"^\| `sensei (\w+)", README, re.MULTILINE))
    assert listed == set(sensei.commands)


def test_the_list_of_exit_codes_is_complete() -> None:
    section = README.split("## Exit codes")[1].split("##")[0]
    listed = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", section, re.MULTILINE) for code in row.split(",")}
    assert listed == {int(code) for code in ExitCode}


def test_links_and_pictures_are_there() -> None:
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (CHECKOUT / path).is_file(), path
