"""The command line as a person or a script meets it: help, versions, completion, exit codes, the log."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from schema_sensei import __version__
from schema_sensei.cli import sensei as group

VERBS = sorted(group.commands)


def sensei(*words: str, where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "schema_sensei", *words],
        cwd=where,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    done = sensei("--version", where=tmp_path)

    assert (done.returncode, done.stdout) == (0, f"sensei {__version__}\n")


def test_the_help_lists_every_verb_and_every_exit_code(tmp_path: Path) -> None:
    done = sensei("--help", where=tmp_path)

    assert done.returncode == 0
    assert all(f"\n  {verb} " in done.stdout for verb in VERBS)
    assert all(code in done.stdout for code in ("  0 ", "  1 ", "  2 ", "  3 ", "  4 ", "5 ", "6 ", "7 ", "124", "130"))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb: str) -> None:
    from click.testing import CliRunner

    done = CliRunner().invoke(group, [verb, "--help"])

    assert done.exit_code == 0
    assert "Example" in done.output
    assert f"sensei {verb}" in done.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(shell: str, tmp_path: Path) -> None:
    done = sensei("completion", shell, where=tmp_path)

    assert done.returncode == 0
    assert "_SENSEI_COMPLETE" in done.stdout


def test_outside_any_project_it_says_how_to_get_one_and_does_not_hang(tmp_path: Path) -> None:
    done = sensei(where=tmp_path)

    assert done.returncode == 2
    assert "sensei init" in done.stderr
    assert "sensei practice" in done.stderr


@pytest.mark.parametrize("verb", ["runs", "show", "status", "watch", "resume"])
def test_verbs_that_need_a_project_say_so(verb: str, tmp_path: Path) -> None:
    done = sensei(verb, where=tmp_path)

    assert done.returncode == 2
    assert "sensei.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_verb_is_wrong_use(tmp_path: Path) -> None:
    done = sensei("depoly", where=tmp_path)

    assert done.returncode == 2
    assert "depoly" in done.stderr


def test_a_broken_sensei_yaml_is_told_with_every_place(tmp_path: Path) -> None:
    (tmp_path / "sensei.yaml").write_text(
        "name: x\nenvironments:\n  dev: {url: postgresql://u:hunter2!@h/db}\nmodls: a\n"
    )

    done = sensei("status", where=tmp_path)

    assert done.returncode == 2
    assert "sensei.yaml:3:" in done.stderr
    assert "sensei.yaml:4:" in done.stderr
    assert "hunter2!" not in done.stderr + done.stdout


def test_a_missing_variable_names_itself_and_where_to_set_it(tmp_path: Path) -> None:
    assert sensei("init", where=tmp_path).returncode == 0

    done = sensei("status", where=tmp_path)

    assert "DATABASE_URL" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_debug_log_is_private_and_an_unwritable_one_is_told(tmp_path: Path) -> None:
    log = tmp_path / "debug.log"

    sensei("--debug", str(log), "runs", where=tmp_path)
    refused = sensei("--debug", str(tmp_path / "no" / "such.log"), "runs", where=tmp_path)

    assert log.stat().st_mode & 0o777 == 0o600
    assert refused.returncode == 2
    assert "debug log" in refused.stderr


def test_schemas_are_json(tmp_path: Path) -> None:
    import json

    for kind in ("tree", "workflow", "troubleshooting", "project"):
        assert "$schema" in json.loads(sensei("schema", kind, where=tmp_path).stdout)


def test_a_known_message_gets_its_meaning_and_an_unknown_one_says_so(tmp_path: Path) -> None:
    known = sensei("meaning", "Can't locate revision identified by '3f2a91'", where=tmp_path)
    unknown = sensei("meaning", "zxqv wvutsr", where=tmp_path)

    assert known.returncode == 0
    assert "dangerous" in known.stdout
    assert unknown.returncode == 1


def test_docs_are_written_once_and_then_found_to_be_the_same(tmp_path: Path) -> None:
    assert sensei("docs", "guide", where=tmp_path).returncode == 0
    assert sensei("docs", "guide", "--check", where=tmp_path).returncode == 0

    (tmp_path / "guide" / "decision-tree.md").write_text("by hand")
    stale = sensei("docs", "guide", "--check", where=tmp_path)

    assert stale.returncode == 3
    assert "decision-tree.md" in stale.stdout


def test_lint_finds_what_is_wrong_and_exits_2(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("id: bad\nsteps:\n  - actoin: generate\n")

    text = sensei("lint", "bad.yaml", where=tmp_path)
    data = sensei("lint", "bad.yaml", "--format", "json", where=tmp_path)

    assert text.returncode == data.returncode == 2
    assert "bad.yaml:3:" in text.stdout
    assert data.stdout.startswith("[")


def test_lint_of_a_project_checks_its_file_and_its_own_workflows_together(tmp_path: Path) -> None:
    own = tmp_path / "flows"
    own.mkdir()
    (own / "look.yaml").write_text("id: look\ntitle: Look: only\nsteps:\n  - action: snyc\n")
    (tmp_path / "answers.yaml").write_text("review: approve\n")
    sound = "environments:\n  dev: {url: DEV_URL}\nworkflows: flows\n"
    (tmp_path / "sensei.yaml").write_text(sound)

    for words in ((), (".",), ("sensei.yaml",)):
        found = sensei("lint", *words, where=tmp_path)
        assert found.returncode == 2
        assert re.findall(r"(\w+\.yaml:\d+):", found.stdout) == [
            "look.yaml:1", "look.yaml:1", "look.yaml:2", "look.yaml:4",
        ]  # fmt: skip

    (tmp_path / "sensei.yaml").write_text(sound + "tests: [\nmodls: x\njournal: postgres://me:pw@db/j\n")
    found = sensei("lint", where=tmp_path)
    assert found.returncode == 2
    assert re.findall(r"(sensei\.yaml:\d+):", found.stdout) == ["sensei.yaml:4", "sensei.yaml:5", "sensei.yaml:6"]
    assert "postgres://me:•••@db/j" in found.stdout


def test_a_front_end_may_be_named_before_the_verb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from schema_sensei.composition import visits

    asked: list[str | None] = []

    def practise(*_: object, face: str | None, **__: object) -> int:
        asked.append(face)
        return 0

    monkeypatch.setattr(visits, "practise", practise)
    for words in (["--plain", "practice"], ["practice", "--plain"], ["--tui", "practice", "--prompts"], ["practice"]):
        assert CliRunner().invoke(group, ["-C", str(tmp_path), *words]).exit_code == 0

    assert asked == ["plain", "plain", "questions", None]


def offered(words: str, where: Path) -> list[str]:
    """What bash is offered for the last of these words."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("sensei"))],
        cwd=where,
        env=os.environ
        | {"_SENSEI_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [line.removeprefix("plain,") for line in done.stdout.splitlines() if line]


def test_the_shell_is_offered_what_the_project_has(tmp_path: Path) -> None:
    (tmp_path / "sensei.yaml").write_text("name: shop\nenvironments: {dev: {url: DEV_URL}, prod: {url: PROD_URL}}\n")

    assert offered("sensei run modi", tmp_path) == ["modify-table"]
    assert offered("sensei drift --env ", tmp_path) == ["dev", "prod"]
    assert offered("sensei explain table-re", tmp_path) == ["table-rewrite"]
    assert offered("sensei resume ", tmp_path) == []
    assert [each.name for each in tmp_path.iterdir()] == ["sensei.yaml"]  # a look makes no journal
    assert offered(f"sensei -C {tmp_path} rehearse --env p", tmp_path.parent) == ["prod"]


def test_the_shell_is_offered_nothing_where_nothing_can_be_read(tmp_path: Path) -> None:
    assert offered("sensei drift --env ", tmp_path) == []
    (tmp_path / "sensei.yaml").write_text("environments: [")

    assert offered("sensei run modi", tmp_path) == []
    assert offered("sensei show ", tmp_path) == []
