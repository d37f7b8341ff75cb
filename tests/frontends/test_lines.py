"""Plain lines: what is said, what is understood, how a person leaves; and how a front end is chosen."""

import io
import os
import signal
import subprocess
import sys

import pexpect
import pytest
from tests.conformance import scenario
from tests.frontends.tui.memory_house import MemoryHouse

from schema_sensei.engine.prompts import Code, Option, Prose, Table
from schema_sensei.frontends.choose import choose
from schema_sensei.frontends.console import Console
from schema_sensei.frontends.plain import PlainFront
from schema_sensei.frontends.requests import EnvironmentState, OpenGuide, Request, StartRun
from schema_sensei.frontends.shortcuts import Picker
from schema_sensei.frontends.wording import Line, block_lines, clean, records, seconds

MODULE = ["-m", "tests.frontends.lines_in_memory"]


class Typist(io.StringIO):
    """A person at a terminal: the line break that is typed is echoed."""

    def __init__(self, typed: str, screen: io.StringIO) -> None:
        super().__init__(typed)
        self.screen = screen

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # typeshed ignores it on StringIO too
        self.screen.write("\n")
        return super().readline(size)


def plain(house: MemoryHouse, typed: str, request: Request | None = None, width: int = 80) -> tuple[int, str]:
    out = io.StringIO()
    front = PlainFront(Console(Typist(typed, out), out, environ={}, width=width))
    return front.visit(house, request or OpenGuide()), out.getvalue()


def test_the_guide_leads_from_the_question_to_the_end_of_the_run() -> None:
    house = scenario.house()
    code, told = plain(house, "?\n1\n\nadd certificates\n1\ny\ndrop t\nall\n")
    assert code == 0
    assert "There is one way only." in told
    assert "because Go" in told
    assert "target dev (localhost/app)" in told
    assert house.journal.records()[0].header.walk == ("go",)


def test_the_guide_says_in_words_where_the_environments_stand() -> None:
    house = scenario.house()
    house.known = (
        EnvironmentState(name="dev", standing="current", words="at head 3f2a91"),
        EnvironmentState(name="prod", standing="behind", words="2 pending", protected=True),
    )
    _, told = plain(house, "1\nq\n")
    assert "dev: at head 3f2a91" in told
    assert "prod PROTECTED: 2 pending" in told


def test_quitting_keeps_the_run_and_says_how_to_go_on() -> None:
    house = scenario.house()
    _, told = plain(house, "add certificates\nq\n", StartRun(workflow="flow"))
    (record,) = house.journal.records()
    assert record.status == "paused"
    assert f"sensei resume {record.header.id}" in told


def test_the_end_of_input_pauses_and_never_hangs() -> None:
    house = scenario.house()
    plain(house, "add certificates\n", StartRun(workflow="flow"))
    assert house.journal.records()[0].status == "paused"
    assert plain(house, "")[0] == 0


def test_back_returns_to_the_answer_before() -> None:
    house = scenario.house()
    code, told = plain(house, "first text\nb\nsecond text\n1\ny\ndrop t\nn\n", StartRun(workflow="flow"))
    assert code == 0
    assert house.journal.records()[0].subject == "second text"
    assert told.count("What is it for?") == 2


def test_what_is_not_understood_is_asked_again_with_the_way_to_answer() -> None:
    _, told = plain(scenario.house(), "zzz\n9\nq\n")
    assert told.count("is not among them. Type 1.") == 2


def test_a_dry_run_changes_nothing_and_returns_to_the_offer() -> None:
    house = scenario.house()
    code, told = plain(house, "1\n2\nq\n")
    assert code == 0
    assert "dry run" in told
    assert house.journal.records() == ()


@pytest.mark.parametrize("width", [40, 80])
def test_lines_stay_within_the_width(width: int) -> None:
    _, told = plain(scenario.house(), "1\n\nadd certificates\n1\ny\ndrop t\nall\n", width=width)
    assert max(len(line) for line in told.splitlines()) <= width


def test_foreign_text_cannot_steer_the_terminal() -> None:
    assert clean("\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J\u202eabc") == "red  2Jabc"
    assert clean("10%\r50%\r100%\r\n") == "100%\n"
    lines = block_lines(Prose("[/x] \x1b[2Jgone"))
    assert lines[0].text == "[/x] gone"


def test_code_is_never_wrapped_and_tables_become_records_on_narrow_screens() -> None:
    long = "SELECT " + "x" * 90
    out = io.StringIO()
    Console(io.StringIO(), out, environ={}, width=40).say(block_lines(Code(long)))
    assert long in out.getvalue()
    table = Table(("table", "rows"), (("assessments", "41200"),))
    assert [line.text for line in records(table)] == ["table: assessments", "rows: 41200"]


def test_a_terminal_without_unicode_gets_ascii_and_no_colour_means_none() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    Console(io.StringIO(), out, environ={"TERM": "xterm", "NO_COLOR": "1"}, width=80).say(
        (Line("✓ done · ok", "good"),)
    )
    assert raw.getvalue() == b"+ done - ok\n"


@pytest.mark.parametrize(
    ("typed", "key"),
    [("1", "approve"), ("a", "approve"), ("E", "edit"), ("edit", "edit"), ("st", "stop"), ("again", None)],
)
def test_an_option_is_meant_by_number_letter_key_or_beginning(typed: str, key: str | None) -> None:
    options = (Option("approve", "Approve this text"), Option("edit", "Edit again"), Option("stop", "Stop here"))
    meant = Picker.of(options, frozenset("bq")).pick(typed)
    assert (meant.key if isinstance(meant, Option) else None) == key


def test_every_letter_is_used_once_and_marked() -> None:
    options = tuple(Option(str(at), label) for at, label in enumerate(["Back up", "Build", "Бар", "Brew", "quit"]))
    picker = Picker.of(options, frozenset("bq"))
    letters = [letter for letter in picker.letters if letter]
    assert len(set(letters)) == len(letters)
    assert not set(letters) & set("bq")
    assert picker.marked(2) == "(3) Бар"


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0.0 s"), (0.42, "0.4 s"), (12.3, "12 s"), (130, "2 min"), (3900, "1 h 5 min")]
)
def test_durations_are_words(value: float, words: str) -> None:
    assert seconds(value) == words


def test_without_a_terminal_the_answers_front_end_is_chosen() -> None:
    assert choose("tui", stdin=io.StringIO(), stdout=io.StringIO(), environ={"TERM": "xterm"}) == "answers"


def test_choosing_imports_nothing_heavy() -> None:
    script = (
        "import sys; from schema_sensei.frontends.choose import choose; choose();"
        "heavy = {'textual','questionary','prompt_toolkit','sqlalchemy','alembic','psycopg','httpx','pydantic','yaml'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    assert ran.stdout.strip() == "[]"


def _spawn(face: str, *words: str, **environ: str) -> "pexpect.spawn[str]":
    return pexpect.spawn(
        sys.executable,
        [*MODULE, face, *words],
        encoding="utf-8",
        timeout=30,
        dimensions=(24, 80),
        env={**os.environ, "TERM": "xterm", **environ},
    )


def _end(child: "pexpect.spawn[str]") -> int | None:
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


def test_plain_on_a_real_terminal_moves_no_cursor() -> None:
    child = _spawn("auto", "flow", TERM="dumb")
    seen = ""
    for asked, typed in (
        ("keep:", "add certificates"),
        ("keep:", "1"),
        ("keep:", "y"),
        ("keep:", "drop t"),
        ("keep:", "a"),
    ):
        child.expect(asked)
        seen += child.before or ""
        child.sendline(typed)
    assert _end(child) == 0
    assert "\x1b" not in seen


def test_ctrl_c_at_a_question_asks_and_leaving_keeps_the_run() -> None:
    child = _spawn("plain", "flow")
    child.expect("keep:")
    child.sendintr()
    child.expect("Interrupted. What now")
    child.sendline("2")
    child.expect("sensei resume")
    _end(child)


def test_a_termination_signal_keeps_the_run_and_has_its_exit_code() -> None:
    child = _spawn("plain", "flow")
    child.expect("keep:")
    child.kill(signal.SIGTERM)
    child.expect("sensei resume")
    assert _end(child) == 143


def test_questionary_on_a_real_terminal_asks_and_leaves() -> None:
    child = _spawn("questions")
    child.expect("What are you trying to do")
    child.send("q")
    assert _end(child) == 0


def test_a_pipe_never_hangs() -> None:
    ran = subprocess.run(
        [sys.executable, *MODULE, "questions", "flow"],
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 4
    assert "inputs.message" in ran.stdout
