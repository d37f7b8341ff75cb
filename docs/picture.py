"""Takes the pictures of the README from the program itself, on a practice project: `make picture`."""

import asyncio
import re
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from schema_sensei.composition.workbench import Workbench
from schema_sensei.frontends.requests import OpenGuide, StartRun
from schema_sensei.frontends.tui.app import SenseiApp
from schema_sensei.practice import lesson, project
from schema_sensei.terms.secrets import Redactor

HERE = Path(__file__).parent
PATIENCE = 60.0


def _words(picture: str) -> str:
    return re.sub(r"<[^>]+>", "", picture).replace("&#160;", " ")


async def _until(pilot: Pilot[None], *wanted: str) -> str:
    """The screen as SVG once all these words are on it."""
    picture = ""
    for _ in range(int(PATIENCE / 0.1)):
        await pilot.pause(0.1)
        picture = pilot.app.export_screenshot(title="sensei")
        if all(each in _words(picture) for each in wanted):
            return picture
    raise TimeoutError(f"not on the screen: {wanted}\n{_words(picture)}")


def _write(name: str, picture: str) -> None:
    # The fonts would be fetched from elsewhere by whoever looks at the picture.
    local = re.sub(r"@font-face\s*\{.*?\}", "", picture, flags=re.DOTALL)
    local = re.sub(r"font-family:\s*Fira Code", "font-family: ui-monospace, Menlo, Consolas, monospace", local)
    # Names that differ from one time to the next would make every picture a change.
    mark = re.search(r"terminal-\d+", local)
    (HERE / name).write_text(local.replace(mark.group(), "terminal") if mark else local)


async def _pictures(bench: Workbench) -> None:
    app = SenseiApp(bench, OpenGuide())
    async with app.run_test(size=(90, 24)) as pilot:
        _write("guide.svg", await _until(pilot, "What are you trying to do?", "staging ✓", "prod✓"))
    app = SenseiApp(bench, StartRun(workflow="new-table", inputs={"message": "add certificates"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await _until(pilot, "How do you want to edit the models?")
        await pilot.press("3")
        _write("review.svg", await _until(pilot, "Do you approve exactly this SQL?"))


def main() -> None:
    """Write guide.svg and review.svg."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with project.opened(Path(folder) / "practice") as practice:
            lesson.add_certificates(practice.root)
            with Workbench.open(practice.root, Redactor()) as bench:
                asyncio.run(_pictures(bench))


if __name__ == "__main__":
    main()
