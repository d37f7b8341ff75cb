"""Drives the application in a test: keys in, rows of text out; waits for what is awaited, never for time."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from xml.etree import ElementTree as ET

from textual.pilot import Pilot

from schema_sensei.frontends.house import House
from schema_sensei.frontends.requests import OpenGuide, Request
from schema_sensei.frontends.tui.app import SenseiApp
from schema_sensei.frontends.tui.run.screen import RunScreen

PATIENCE = 20.0
"""Seconds after which what is awaited is taken for missing."""
SETTLED_LOOKS = 4
SVG = "{http://www.w3.org/2000/svg}"


class Driver:
    """One visit of the application."""

    def __init__(self, app: SenseiApp, pilot: "Pilot[None]") -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """Press keys, and let the application take them."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.press(*text)

    async def until(self, holds: Callable[[], bool], what: str, *, patience: float = PATIENCE) -> None:
        """Wait until something holds; `patience` in seconds."""
        try:
            async with asyncio.timeout(patience):
                while not holds():
                    await self.pilot.pause(0.01)
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}; the screen:\n{self.text()}") from None

    async def see(self, text: str) -> None:
        """Wait until a text is on the screen."""
        await self.until(lambda: text in self.text(), repr(text))

    async def asked(self, question: str) -> None:
        """Wait until a run asks this question."""

        def asks() -> bool:
            screen = self.app.screen
            asked = screen.question if isinstance(screen, RunScreen) else None
            return asked is not None and question in asked.prompt.question and bool(screen.query("#answers:focus"))

        await self.until(asks, f"the question {question!r}")
        await self.pilot.pause()
        await self.until(lambda: question in self.text(), f"{question!r} to be drawn")

    async def settled(self) -> None:
        """Wait until the screen has stayed the same over several refreshes."""
        last, same = "", 0
        while same < SETTLED_LOOKS:
            await self.pilot.pause(0.05)
            same = same + 1 if self.text() == last else 0
            last = self.text()

    def text(self) -> str:
        """The screen as rows of text."""
        return "\n".join(rows(self.app.export_screenshot(), self.app.size.width))


def drive(
    house: House,
    script: Callable[[Driver], Awaitable[None]],
    request: Request | None = None,
    size: tuple[int, int] = (80, 24),
) -> SenseiApp:
    """Run a script of keys against the application; the application is returned after it has ended."""
    app = SenseiApp(house, request or OpenGuide())

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await script(Driver(app, pilot))
        app.wind_up()

    asyncio.run(run())
    return app


def rows(svg: str, width: int) -> list[str]:
    """The rows of text in an exported screenshot, trailing blanks left out."""
    root = ET.fromstring(svg)  # noqa: S314  # our own export
    cells: dict[float, list[tuple[float, str]]] = {}
    for node in root.iter(f"{SVG}text"):
        if "clip-path" in node.attrib:
            row = cells.setdefault(float(node.attrib["y"]), [])
            row.append((float(node.attrib["x"]), (node.text or "").replace("\xa0", " ")))
    found = []
    for y in sorted(cells):
        line = ""
        for x, text in sorted(cells[y]):
            line = line.ljust(round(x / 12.2)) + text
        found.append(re.sub(r"\s+$", "", line)[:width])
    return found
