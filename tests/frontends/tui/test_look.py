"""How the main screens look, as text that a reviewer reads in a diff.

To accept a new look: SENSEI_GOLDENS=write pytest tests/frontends/tui/test_look.py
"""

import os
import re
from pathlib import Path

import pytest
from tests.frontends.tui.driving import Driver, drive
from tests.frontends.tui.memory_house import MemoryHouse

from schema_sensei.frontends.house import StartRun

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
    text = re.sub(r"\b\d\.\d s\b", "0.0 s", text)
    return re.sub(r"(?<=[ #-])[0-9a-f]{4}(?=[. ]|$)", "0000", text, flags=re.MULTILINE)


def compare(name: str, size: tuple[int, int], text: str) -> None:
    """Compare with the golden file; write it when asked to."""
    golden = GOLDENS / f"{name}_{size[0]}x{size[1]}.txt"
    seen = steady(text) + "\n"
    if os.environ.get("SENSEI_GOLDENS") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(seen, encoding="utf-8")
    assert seen == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_guide(size: tuple[int, int]) -> None:
    async def script(it: Driver) -> None:
        await it.see("why we ask")
        await it.see("prod ✓")
        compare("question", size, it.text())
        await it.press("1", "1")
        await it.see("95 s in earlier runs")
        await it.see("copy command" if size[0] > 80 else "why each step")
        compare("recommendation", size, it.text())

    drive(MemoryHouse(), script, size=size)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_run(size: tuple[int, int]) -> None:
    async def script(it: Driver) -> None:
        await it.asked("Is this the SQL you want?")
        await it.see("Drop the change")
        await it.see("ALTER COLUMN")
        compare("review", size, it.text())
        await it.press("1")
        await it.see("Keep the transcript")
        await it.see("back to guide")
        compare("ending", size, it.text())

    drive(MemoryHouse(), script, RUN, size=size)
