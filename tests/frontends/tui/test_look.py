"""How the main screens look, as text that a reviewer reads in a diff.

To accept a new look: SENSEI_GOLDENS=write pytest tests/frontends/tui/test_look.py
"""

import contextlib
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.frontends.tui.driving import Driver, drive
from tests.frontends.tui.memory_house import ACTIONS, MemoryHouse

from schema_sensei.actions import hazard_questions
from schema_sensei.actions.remedies import Remedy
from schema_sensei.actions.verdict import Verdict
from schema_sensei.changes.change import Change
from schema_sensei.changes.hazards.model import Hazard, Review
from schema_sensei.changes.hazards.pages import page
from schema_sensei.changes.nature import Nature
from schema_sensei.changes.script import Script
from schema_sensei.engine.ports import Preview
from schema_sensei.frontends.requests import StartRun

GOLDENS = Path(__file__).parent / "goldens"
SIZES = [(80, 24), (120, 40)]
RUN = StartRun(workflow="modify-table", inputs={"message": "due dates are required"})


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person sets for the look must not change it here."""
    for name in ("NO_COLOR", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)


def steady(text: str) -> str:
    """The text without what differs from run to run: times and run ids."""
    text = re.sub(r"(?<= ) \d\d s(?= │)", "0.0 s", text)  # whole seconds, to the right
    text = re.sub(r"(?<!It took  )(?<!for about )\b\d+(\.\d)? s\b", "0.0 s", text)  # those two do not vary
    return re.sub(r"(?<=[ #-])[0-9a-f]{4}(?=[. ]|$)", "0000", text, flags=re.MULTILINE)


async def compare(name: str, it: Driver) -> None:
    """Wait for what the golden file shows; write the file when asked to.

    Textual lays out in passes: a pane whose content no longer fits is drawn once without its scrollbar.
    """
    size = it.app.size
    golden = GOLDENS / f"{name}_{size.width}x{size.height}.txt"
    if os.environ.get("SENSEI_GOLDENS") == "write":
        await it.settled()
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(steady(it.text()) + "\n", encoding="utf-8")
    wanted = golden.read_text(encoding="utf-8")
    with contextlib.suppress(AssertionError):  # the difference says more
        await it.until(lambda: steady(it.text()) + "\n" == wanted, str(golden), patience=5.0)
    assert steady(it.text()) + "\n" == wanted


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_guide(size: tuple[int, int]) -> None:
    async def script(it: Driver) -> None:
        await it.see("why we ask")
        await it.see("prod ✓")
        await compare("question", it)
        await it.press("1", "1")
        await it.see("95 s in earlier runs")
        await it.see("copy command" if size[0] > 80 else "why each step")
        await compare("recommendation", it)

    drive(MemoryHouse(), script, size=size)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_run(size: tuple[int, int]) -> None:
    async def script(it: Driver) -> None:
        await it.asked("Is this the SQL you want?")
        await it.see("Drop the change")
        await it.see("ALTER COLUMN")
        await compare("review", it)
        await it.press("1")
        await it.see("Keep the transcript")
        await it.see("back to guide")
        await compare("ending", it)

    drive(MemoryHouse(), script, RUN, size=size)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_hazard(size: tuple[int, int]) -> None:
    hazard = Hazard(
        id="not-null-scan",
        level="blocks",
        statement="ALTER TABLE assessments ALTER COLUMN due_on SET NOT NULL",
        line=24,
        object="public.assessments",
        why=page("not-null-scan").why,
        safer=page("not-null-scan").safer({"table": "assessments", "column": "due_on"}),
        rows=41_200_000,
        size=9_000_000_000,
        lock="ACCESS EXCLUSIVE",
        stops="reads and writes",
        lasts="about 86 s",
    )
    change = Change("due", ("a1",), Script(()), None, Nature(), {})
    verdict = Verdict(change, Review((hazard,), "a scratch copy", "d"))
    there = Remedy(Path("b2.py"), "versions/b2_due.py", "b2", 24, None)
    asked = hazard_questions.ask("review", verdict, hazard, there, editor=True, environ={"EDITOR": "vi"})
    house = MemoryHouse()
    house.actions["review"] = replace(ACTIONS["review"], shown=Preview(summary="", effect=False, prompt=asked.prompt))

    async def script(it: Driver) -> None:
        await it.asked("not-null-scan on public.assessments")
        await compare("hazard", it)
        await it.press("question_mark")
        await it.see("back to the question")
        await compare("page", it)

    drive(house, script, RUN, size=size)
