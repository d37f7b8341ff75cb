"""The same answers through every front end leave the same journal."""

import io
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from tests.conformance import scenario
from tests.frontends.tui.driving import Driver, drive
from tests.frontends.tui.memory_house import MemoryHouse

from schema_sensei.frontends.answers import AnswersFront
from schema_sensei.frontends.answers_file import Answers
from schema_sensei.frontends.console import Console
from schema_sensei.frontends.plain import PlainFront
from schema_sensei.frontends.questions import QuestionsTalk
from schema_sensei.frontends.requests import StartRun
from schema_sensei.frontends.visiting import Visit

START = StartRun(workflow="flow")
DOWN, ENTER = "\x1b[B", "\r"


def by_answers(house: MemoryHouse, folder: Path) -> int:
    file = folder / "answers.yaml"
    file.write_text(scenario.ANSWERS)
    return AnswersFront(Answers.load(file), io.StringIO()).visit(house, START)


def by_plain(house: MemoryHouse, folder: Path) -> int:
    typed = "add certificates\ne\n1\ny\ndrop t\n2\n"
    return PlainFront(Console(io.StringIO(typed), io.StringIO(), environ={}, width=80)).visit(house, START)


def by_questions(house: MemoryHouse, folder: Path) -> int:
    console = Console(io.StringIO(), io.StringIO(), environ={}, width=80)
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(f"add certificates{ENTER}")
        pipe.send_text(f"2{ENTER}1{ENTER}1{ENTER}drop t{ENTER}{DOWN} {ENTER}")
        return Visit(house, QuestionsTalk(console)).make(START)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    house = scenario.house()
    assert by_answers(house, tmp_path_factory.mktemp("answers")) == 0
    return scenario.story(house)


def test_the_scenario_is_not_empty(expected: list[tuple[object, ...]]) -> None:
    kinds = [entry[0] for entry in expected[1:]]
    assert kinds.count("answered") == 6
    assert kinds.count("finished") == 5
    assert kinds[-1] == "ended"


def test_plain_lines_leave_the_same_journal(expected: list[tuple[object, ...]], tmp_path: Path) -> None:
    house = scenario.house()
    assert by_plain(house, tmp_path) == 0
    assert scenario.story(house) == expected


def test_questionary_prompts_leave_the_same_journal(expected: list[tuple[object, ...]], tmp_path: Path) -> None:
    house = scenario.house()
    assert by_questions(house, tmp_path) == 0
    assert scenario.story(house) == expected


def test_the_full_screen_leaves_the_same_journal(expected: list[tuple[object, ...]]) -> None:
    house = scenario.house()

    async def answer(driver: Driver) -> None:
        await driver.asked("What is it for?")
        await driver.type("add certificates")
        await driver.press("enter")
        await driver.asked("Do you approve?")
        await driver.press("2")
        await driver.asked("Do you approve?")
        await driver.press("1")
        await driver.asked("Deploy to dev?")
        await driver.press("1")
        await driver.asked("Drop it?")
        await driver.type("drop t")
        await driver.press("enter")
        await driver.asked("What is done?")
        await driver.press("down", "space", "down", "enter")
        await driver.until(lambda: house.journal.records()[0].status == "done", "the end of the run")

    drive(house, answer, START)
    assert scenario.story(house) == expected
