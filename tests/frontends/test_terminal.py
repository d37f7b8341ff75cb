"""What a terminal does to a program, in every front end: ^C meant for an editor, ^Z, a window that is closed."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

ROOT = str(Path(__file__).parents[2])
FACES = ["plain", "questions", "tui"]
PATIENCE = 30
EDITING = """
import subprocess, sys
from dataclasses import replace
from schema_sensei.engine.ports import Outcome
from schema_sensei.frontends.choose import choose, front_end
from schema_sensei.frontends.requests import StartRun
from tests.frontends.tui.memory_house import ACTIONS, MemoryHouse
house = MemoryHouse()
start = house.start
def started(workflow, operator, **more):
    def edit(context, intent):
        with operator.terminal():
            subprocess.run(["sh", "-c", "trap '' INT; echo EDITOR-HERE; read line; echo GOT-$line"], check=True)
        return Outcome(summary="edited by hand")
    house.actions["edit"] = replace(ACTIONS["edit"], does=edit)
    return start(workflow, operator, **more)
house.start = started
sys.exit(front_end(choose(sys.argv[1])).visit(house, StartRun(workflow="check")))
"""


def _heed_hangups() -> None:
    """Whoever runs the tests may do so under nohup, which children inherit."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def terminal(program: str, *arguments: str) -> Iterator["pexpect.spawn[str]"]:
    """A program on a terminal of its own."""
    child = pexpect.spawn(
        program,
        list(arguments),
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "PS1": "READY> ", "PYTHONPATH": ROOT},
        encoding="utf-8",
        dimensions=(24, 80),
        timeout=PATIENCE,
        preexec_fn=_heed_hangups,
    )
    try:
        yield child
    finally:
        child.close(force=True)


@pytest.mark.parametrize("face", ["plain", "questions"])
def test_ctrl_c_in_the_editor_is_the_editors(tmp_path: Path, face: str) -> None:
    program = tmp_path / "editing.py"
    program.write_text(EDITING)
    with terminal(sys.executable, str(program), face) as child:
        child.expect("EDITOR-HERE")
        child.sendintr()
        child.sendline("words")
        child.expect("GOT-words")
        child.expect("edited by hand")
        child.expect(pexpect.EOF)
        assert "keeps its place" not in (child.before or "")
        child.wait()
        assert child.exitstatus == 0


@pytest.mark.parametrize("face", FACES)
def test_ctrl_z_goes_to_the_shell_and_fg_comes_back_to_the_question(face: str) -> None:
    with terminal("bash", "--norc", "-i") as shell:
        shell.expect("READY>")
        shell.sendline(f"{sys.executable} -m tests.frontends.lines_in_memory {face} flow")
        shell.expect("What is it for")
        shell.expect("keep|quit")  # the end of the question: what is typed before is not lost, but nobody listens yet
        shell.send("\x1a")
        shell.expect("Stopped")
        shell.sendline("echo $((40 + 2))")
        shell.expect("42")
        shell.sendline("fg")
        shell.expect("lines_in_memory")
        shell.send("add certificates\r")
        shell.expect("Do you approve")


@pytest.mark.parametrize("face", FACES)
def test_a_window_that_is_closed_ends_the_program_with_its_exit_code(face: str) -> None:
    with terminal(sys.executable, "-m", "tests.frontends.lines_in_memory", face, "flow") as child:
        child.expect("What is it for")
        child.expect("keep|quit")
        assert _exit_code_without_terminal(child) == 143


DRAWING = """
import sys
from schema_sensei.frontends.requests import OpenGuide
from schema_sensei.frontends.tui.app import SenseiApp, visit
from tests.frontends.tui.memory_house import MemoryHouse
leave = SenseiApp.leave_at_once
def draw_and_leave(self, code):
    for _ in range(200):
        self._driver.write("x")
    leave(self, code)

SenseiApp.leave_at_once = draw_and_leave
sys.exit(visit(MemoryHouse(), OpenGuide()))
"""


def test_a_screen_that_still_draws_when_its_window_is_closed_ends_as_well(tmp_path: Path) -> None:
    program = tmp_path / "drawing.py"
    program.write_text(DRAWING)
    with terminal(sys.executable, str(program)) as child:
        child.expect("What are you trying to do")
        assert _exit_code_without_terminal(child) == 143


def _exit_code_without_terminal(child: "pexpect.spawn[str]") -> int | None:
    """Close the window, and wait for the program to end; None when it does not."""
    child.ptyproc.fileobj.close()  # type: ignore[attr-defined]  # close() would send signals, too
    until = time.monotonic() + PATIENCE
    while child.isalive() and time.monotonic() < until:
        time.sleep(0.02)
    return child.exitstatus
