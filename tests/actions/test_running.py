"""test and command: live output, exit codes, and nothing left behind when they hang."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import Desk, take

from schema_sensei.actions import running
from schema_sensei.engine.ports import Intent
from schema_sensei.engine.prompts import Cancelled
from schema_sensei.terms.errors import TimedOutError, UsageError

HANGING = """\
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("hanging", os.getpid(), child.pid)
time.sleep(600)
"""


def run(desk: Desk, code: str, directory: Path) -> running.Ended:
    return running.run([sys.executable, "-c", code], desk, directory=directory, environ=os.environ, where="here")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_lines_arrive_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "wait").touch()
    desk = Desk(on_output=lambda _: (tmp_path / "wait").unlink(missing_ok=True))
    code = "import os, time; print('one')\nwhile os.path.exists('wait'): time.sleep(0.01)\nprint('two')"

    ended = run(desk, code, tmp_path)

    assert (ended.exit_code, desk.lines) == (0, ["one", "two"])


def test_stdin_is_closed_so_nothing_waits_for_input(tmp_path: Path) -> None:
    desk = Desk()

    assert run(desk, "import sys; print(repr(sys.stdin.read()))", tmp_path).exit_code == 0
    assert desk.lines == ["''"]


def test_escape_sequences_and_broken_bytes_do_not_reach_the_screen(tmp_path: Path) -> None:
    desk = Desk()

    run(desk, r"import sys; sys.stdout.buffer.write(b'\x1b[31mred\x1b[0m \x1b]0;title\x07bell\x07 \xff\n')", tmp_path)

    assert desk.lines == ["red bell \N{REPLACEMENT CHARACTER}"]


def test_a_program_killed_by_a_signal_has_the_shells_code(tmp_path: Path) -> None:
    assert run(Desk(), "import os; os.kill(os.getpid(), 9)", tmp_path).exit_code == 137


@pytest.mark.parametrize("reason", [Cancelled(), TimedOutError("too long", remedy="wait")])
def test_a_hanging_command_and_its_children_are_ended(
    tmp_path: Path, reason: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "GRACE_SECONDS", 0.2)
    desk = Desk()

    def interrupt() -> None:
        if desk.lines:
            raise reason

    desk.on_checkpoint = interrupt

    with pytest.raises(type(reason)):
        run(desk, HANGING, tmp_path)

    pids = [int(word) for word in desk.lines[0].split()[1:]]
    assert not any(alive(pid) for pid in pids)


def test_what_it_leaves_running_does_not_hold_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "DRAIN_SECONDS", 0.1)
    desk = Desk()

    run(desk, "import subprocess, sys; print(subprocess.Popen(['sleep', '600']).pid)", tmp_path)

    pid = int(desk.lines[0])
    assert alive(pid)
    os.kill(pid, 9)
    assert any("still running" in note for note in desk.notes)


def test_a_flood_of_lines_arrives_whole(tmp_path: Path) -> None:
    desk = Desk()

    run(desk, "for i in range(30000): print(i)", tmp_path)

    assert desk.lines == [str(number) for number in range(30000)]


def test_the_projects_tests_decide_by_exit_code(shop: Shop) -> None:
    _, passed = take(shop.actions["test"], Desk())
    failing = shop.with_services(project=replace(shop.project, tests=f"{sys.executable} -c 'raise SystemExit(3)'"))
    _, failed = take(failing.actions["test"], Desk())

    assert (passed.name, passed.outputs["exit_code"]) == ("ok", 0)
    assert (failed.name, failed.outputs["exit_code"]) == ("failed", 3)


def test_a_test_command_that_is_missing_or_unknown_is_a_clear_error(shop: Shop) -> None:
    for tests, words in ((None, "no test command"), ("no-such-program -q", "no-such-program is not found")):
        changed = shop.with_services(project=replace(shop.project, tests=tests))
        with pytest.raises(UsageError, match=words) as refused:
            take(changed.actions["test"], Desk())
        assert refused.value.remedy


def test_the_tests_see_the_variables_of_the_project(shop: Shop) -> None:
    code = "import os; print(os.environ['DEV_URL'][:13])"
    changed = shop.with_services(project=replace(shop.project, tests=(sys.executable, "-c", code)))
    desk = Desk()

    take(changed.actions["test"], desk)

    assert desk.lines == ["postgresql://"]


def test_a_command_says_after_a_crash_what_its_check_says(shop: Shop) -> None:
    command = shop.actions["command"]
    done = {"run": "touch done", "check": "test -e done"}

    before = command.reconcile(Desk(done), Intent(handle={}))
    take(command, Desk(done))
    after = command.reconcile(Desk(done), Intent(handle={}))
    unknown = command.reconcile(Desk({"run": "touch done", "check": None}), Intent(handle={}))

    assert (before.ground, after.ground, unknown.ground) == ("absent", "applied", "unknown")


def test_a_command_is_words_not_shell_text(shop: Shop) -> None:
    desk = Desk({"run": "echo one; touch $HOME && two", "check": None})

    take(shop.actions["command"], desk)

    assert desk.lines == ["one; touch $HOME && two"]


def test_reading_output_costs_little_while_it_is_quiet(tmp_path: Path) -> None:
    began = time.process_time()

    run(Desk(), "import time; time.sleep(0.5)", tmp_path)

    assert time.process_time() - began < 0.4
