"""A team's workflow that runs commands is asked about once, and again when its text changes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKFLOW = """\
id: hello
title: Say hello
when: You want a file.
risk: {backup: none, review: low, testing: standard}
steps:
  - id: greet
    action: command
    confirm: Run it?
    with: {run: "touch hello.txt"}
"""
TREE = """\
questions:
  - id: start
    choices:
      - {key: hello, label: Say hello, because: you want a file, to: "workflow:hello"}
"""
TRUST = ("--set", 'trust.hello={answer: true, rule: "true"}')
RUN = ("--set", "greet.confirm=true")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "hello.yaml").write_text(WORKFLOW)
    (tmp_path / "workflows" / "tree.yaml").write_text(TREE)
    (tmp_path / "sensei.yaml").write_text(
        "name: team\nenvironments: {dev: {url: DATABASE_URL}}\nworkflows: workflows\n"
    )
    return tmp_path


def run(project: Path, *answers: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "schema_sensei", "run", "hello", *(answers or ("--set", "x=y"))],
        cwd=project,
        env=os.environ | {"XDG_STATE_HOME": str(project / "state"), "DATABASE_URL": "postgresql://nobody@localhost/x"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_trust_nothing_of_it_runs(project: Path) -> None:
    done = run(project, *RUN)

    assert done.returncode == 4
    assert "trust.hello" in done.stdout + done.stderr
    assert "touch hello.txt" in done.stdout + done.stderr
    assert not (project / "hello.txt").exists()


def test_a_refusal_is_final_for_this_call(project: Path) -> None:
    done = run(project, "--set", "trust.hello=false", *RUN)

    assert done.returncode == 3
    assert not (project / "hello.txt").exists()


def test_trusted_once_it_runs_until_its_text_changes(project: Path) -> None:
    assert run(project, *TRUST, *RUN).returncode == 0
    assert (project / "hello.txt").exists()
    assert run(project, *RUN).returncode == 0

    file = project / "workflows" / "hello.yaml"
    file.write_text(WORKFLOW.replace("hello.txt", "evil.txt"))
    changed = run(project, *RUN)

    assert changed.returncode == 4
    assert not (project / "evil.txt").exists()
