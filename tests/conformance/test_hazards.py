"""Three hazards, one cleared, one accepted, one cured: through every front end the same journal and the same file."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from tests.actions.conftest import Shop, open_shop
from tests.actions.three_hazards import change_of_three, write_three
from tests.conformance.scenario import TREE, story
from tests.frontends.tui.driving import Driver, drive
from tests.frontends.tui.memory_house import MemoryHouse, Scripted, source

from schema_sensei.definitions.library import Library
from schema_sensei.definitions.signature import Signature
from schema_sensei.definitions.workflow import Risk, Step, Workflow
from schema_sensei.engine.ports import Action, Outcome, Preview
from schema_sensei.frontends.answers import AnswersFront
from schema_sensei.frontends.answers_file import Answers
from schema_sensei.frontends.console import Console
from schema_sensei.frontends.plain import PlainFront
from schema_sensei.frontends.questions import QuestionsTalk
from schema_sensei.frontends.requests import StartRun
from schema_sensei.frontends.visiting import Visit
from schema_sensei.migrations.client import WarmServer
from schema_sensei.postgres.embedded import Embedded

MODIFY = Workflow(
    id="flow",
    title="Modify accounts",
    when="You test what a person sees of hazards.",
    risk=Risk(backup="none", review="high", testing="standard"),
    steps=(
        Step(id="generate", title="Generate", action="generate"),
        Step(id="review", title="Review the SQL", action="review", with_={"change": "{generate.change}"}),
    ),
    source=source("flow"),
)
START = StartRun(workflow="flow")
ANSWERS = """\
review.not-null-scan: fix
review.index-blocks-writes: {accept: no rows yet, rule: "not lock == '' and object == 'public.accounts'"}
review: {answer: approve, rule: "hazards.blocks == 0 and hazards.accepted == 1 and 'table-rewrite' not in hazards.ids"}
"""


def modify(shop: Shop) -> tuple[MemoryHouse, Path]:
    """A house with the real review of a real project; what generate would write is written already."""
    path = write_three(shop)
    generated = Outcome(summary="Wrote c3", outputs={"change": change_of_three(shop).to_json()})
    actions: dict[str, Action] = {
        "generate": Scripted(
            Signature("generate", "Generate", outputs={"change": "the change"}),
            Preview(summary="Write c3", effect=False),
            lambda _context, _intent: generated,
        ),
        "review": shop.actions["review"],
    }
    return MemoryHouse(Library(TREE, {"flow": MODIFY}, (), {"flow": "text"}), actions), path


def by_answers(house: MemoryHouse, folder: Path) -> int:
    file = folder / "answers.yaml"
    file.write_text(ANSWERS)
    out = io.StringIO()
    code = AnswersFront(Answers.load(file), out).visit(house, START)
    assert code == 0, out.getvalue()
    return code


def by_plain(house: MemoryHouse, folder: Path) -> int:
    typed = "?\nt\n2\nno rows yet\na\n"
    out = io.StringIO()
    code = PlainFront(Console(io.StringIO(typed), out, environ={}, width=80)).visit(house, START)
    told = out.getvalue()
    assert "BLOCKS  SET NOT NULL reads the whole table under a lock" in told
    assert "A validated CHECK proves it beforehand" in told
    assert "ACCEPTED  index-blocks-writes" in told
    assert "CLEARED  table-rewrite" in told
    return code


def by_questions(house: MemoryHouse, folder: Path) -> int:
    console = Console(io.StringIO(), io.StringIO(), environ={}, width=80)
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text("1\r2\rno rows yet\r1\r")
        return Visit(house, QuestionsTalk(console)).make(START)


def by_full_screen(house: MemoryHouse, folder: Path) -> int:
    async def answer(driver: Driver) -> None:
        await driver.asked("not-null-scan on")
        await driver.press("question_mark")
        await driver.see("A validated CHECK proves it beforehand")
        await driver.press("escape")
        await driver.asked("not-null-scan on")
        await driver.press("1")
        await driver.asked("index-blocks-writes on")
        await driver.press("2")
        await driver.asked("Why is index-blocks-writes")
        await driver.type("no rows yet")
        await driver.press("enter")
        await driver.asked("Do you approve")
        await driver.press("1")
        await driver.until(lambda: house.journal.records()[0].status == "done", "the end of the run")

    drive(house, answer, START)
    return 0


@pytest.fixture(scope="module")
def expected(
    tmp_path_factory: pytest.TempPathFactory, server: Embedded, warm_server: WarmServer
) -> Iterator[tuple[list[tuple[Any, ...]], str]]:
    with open_shop(tmp_path_factory.mktemp("answers"), server, warm_server) as shop:
        house, path = modify(shop)
        assert by_answers(house, tmp_path_factory.mktemp("file")) == 0
        yield story(house), path.read_text()


def test_the_scenario_has_all_three(expected: tuple[list[tuple[Any, ...]], str]) -> None:
    told, text = expected
    answered = {body["key"]: body["answer"] for kind, _, _, body in told[1:] if kind == "answered"}
    assert answered == {
        "review.not-null-scan": "fix",
        "review.index-blocks-writes": "accept",
        "review.index-blocks-writes.reason": "no rows yet",
        "review": "approve",
    }
    assert "VALIDATE CONSTRAINT" in text
    (finished,) = [body for kind, step, _, body in told[1:] if (kind, step) == ("finished", "review")]
    assert "cleared: Run on the scratch copy" in str(finished["blocks"])


@pytest.mark.parametrize("face", [by_plain, by_questions, by_full_screen], ids=lambda face: face.__name__)
def test_every_front_end_leaves_the_journal_that_answers_leave(
    expected: tuple[list[tuple[Any, ...]], str], shop: Shop, tmp_path: Path, face: Callable[[MemoryHouse, Path], int]
) -> None:
    house, path = modify(shop)

    assert face(house, tmp_path) == 0

    assert (story(house), path.read_text()) == expected
