"""The real process in a real terminal: what it loads, how it leaves, what it prints."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte
import pytest

PATIENCE = 30
ROOT = str(Path(__file__).parents[3])
RESTORED = "\x1b[?1049l"
"""What a terminal is sent when a program leaves the alternate screen."""
HEAVY = {"sqlalchemy", "alembic", "psycopg", "httpx", "pydantic", "yaml", "questionary", "markdown_it"}


@contextmanager
def sensei(*arguments: str, **environment: str) -> Iterator["pexpect.spawn[str]"]:
    """The full-screen front end in a pty."""
    variables = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "TEXTUAL_THEME"}}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "tests.frontends.tui.sensei_in_memory", *arguments],
        cwd=ROOT,
        env={**variables, "TERM": "xterm-256color", **environment},
        encoding="utf-8",
        dimensions=(24, 80),
        timeout=PATIENCE,
    )
    try:
        yield child
    finally:
        child.close(force=True)


def ends(child: "pexpect.spawn[str]") -> tuple[int | None, str]:
    """The exit code, and all that was written on the way out."""
    child.expect(pexpect.EOF)
    child.wait()
    return child.exitstatus, child.before or ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 143), (signal.SIGINT, 130)])
def test_a_signal_restores_the_terminal_and_has_its_exit_code(number: signal.Signals, code: int) -> None:
    with sensei("modify-table") as child:
        child.expect("Say in one line")
        child.kill(number)
        status, written = ends(child)
    assert RESTORED in written
    assert status == code


def test_ctrl_c_in_the_guide_leaves_with_130() -> None:
    with sensei() as child:
        child.expect("What are you trying to do")
        child.send("\x03")
        status, written = ends(child)
    assert RESTORED in written
    assert status == 130


def test_quitting_at_a_question_does_not_hang() -> None:
    with sensei("modify-table") as child:
        child.expect("Say in one line")
        child.send("\x11")
        child.expect("A run waits for your answer")
        child.send("2")
        status, written = ends(child)
    assert RESTORED in written
    assert status is not None


def test_an_unknown_theme_in_the_environment_is_no_reason_to_fail() -> None:
    with sensei(TEXTUAL_THEME="no-such-theme") as child:
        child.expect("What are you trying to do")
        child.send("q")
        status, _ = ends(child)
    assert status == 0


def test_without_colour_the_marks_still_tell() -> None:
    with sensei(NO_COLOR="1") as child:
        screen = pyte.Screen(80, 24)
        stream = pyte.Stream(screen)
        child.expect("q.*quit")
        stream.feed(f"{child.before}{child.after}{child.buffer}")  # what is buffered is not read again
        while not all(told in "\n".join(screen.display) for told in ("dev ✓", "!  Something broke")):
            stream.feed(child.read_nonblocking(4096, PATIENCE))
        shown = "\n".join(screen.display)
        child.send("q")
        assert ends(child)[0] == 0
    assert "▸ 1" in shown
    assert "!  Something broke" in shown


def program(tmp_path: Path, text: str) -> "pexpect.spawn[str]":
    """A program of its own in a pty."""
    file = tmp_path / "program.py"
    file.write_text(text, encoding="utf-8")
    return pexpect.spawn(
        sys.executable,
        [str(file)],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": ROOT},
        encoding="utf-8",
        dimensions=(24, 80),
        timeout=PATIENCE,
    )


EDITING = """
import subprocess, sys
from schema_sensei.engine.ports import Outcome
from schema_sensei.frontends.requests import StartRun
from schema_sensei.frontends.tui.app import visit
from tests.frontends.tui.memory_house import ACTIONS, MemoryHouse
from dataclasses import replace
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
sys.exit(visit(house, StartRun(workflow="check")))
"""


def test_the_editor_gets_the_terminal_its_ctrl_c_too_and_gives_it_back(tmp_path: Path) -> None:
    child = program(tmp_path, EDITING)
    try:
        child.expect("EDITOR-HERE")
        assert RESTORED in (child.before or "")
        child.sendintr()
        child.sendline("words")
        child.expect("GOT-words")
        child.expect(re.escape("\x1b[?1049h"))
        child.expect("back to guide")
        child.send("q")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)


BROKEN = """
import sys
from schema_sensei.frontends.requests import OpenGuide
from schema_sensei.frontends.tui.app import SenseiApp
from tests.frontends.tui.memory_house import MemoryHouse
def broken(self):
    password = "canary-" + "5512"
    raise RuntimeError("broken " + password)

SenseiApp.look_around = broken
app = SenseiApp(MemoryHouse(), OpenGuide())
app.run()
sys.exit(app.return_code)
"""


def test_a_fault_of_the_screen_prints_no_local_variable(tmp_path: Path) -> None:
    child = program(tmp_path, BROKEN)
    status, written = ends(child)
    assert "canary-5512" not in written
    assert "fault of its own" in written
    assert RESTORED in written
    assert status == 1


LOOKING = """
import asyncio, sys
from benchmarks.tui_memory import house
from schema_sensei.frontends.requests import OpenGuide
from schema_sensei.frontends.tui.app import SenseiApp

async def look():
    app = SenseiApp(house(), OpenGuide())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        print(*sorted(sys.modules))
        assert app.screen.query("#choices")

asyncio.run(look())
"""


def test_nothing_heavy_and_no_engine_is_loaded_for_the_first_question() -> None:
    found = subprocess.run([sys.executable, "-c", LOOKING], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert "schema_sensei.frontends.tui.guide.screen" in loaded
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith(("schema_sensei.engine", "schema_sensei.frontends.tui.run"))}


def test_what_is_typed_in_one_go_with_the_key_that_leaves_is_for_nobody() -> None:
    with sensei() as child:
        child.expect("What are you trying to do")
        child.send("1")
        child.expect("What kind of change is it")
        child.send("1")
        child.expect("Change existing tables")
        child.send("phones are required\r")  # q leaves, d would begin a dry run, ⏎ the run itself
        status, written = ends(child)
    assert status == 0
    assert "fault" not in written
