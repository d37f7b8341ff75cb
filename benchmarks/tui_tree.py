"""A question with ten thousand choices: how long until a key press is painted."""

import asyncio
import time
from statistics import median

from schema_sensei.frontends.requests import OpenGuide
from schema_sensei.frontends.tui.app import SenseiApp
from schema_sensei.frontends.tui.choices import Choices

from .measure import Measure
from .tui_memory import house

LEAVES = 10_000
KEYS = ("down", "end", "up", "pageup", "home", "pagedown", "down", "down")
LIMIT_SECONDS = 0.05


def worst_key(leaves: int = LEAVES) -> float:
    """The longest time in seconds from a key to the drawn lines that show what it did."""

    async def run() -> float:
        app = SenseiApp(house(leaves), OpenGuide())
        worst = 0.0
        async with app.run_test(size=(160, 45)) as pilot:
            await pilot.pause()
            choices = app.screen.query_one(Choices)
            for key in KEYS:
                before, started = choices.cursor, time.perf_counter()
                app.simulate_key(key)
                while choices.cursor == before:  # noqa: ASYNC110  # the application moves it, no event tells
                    await asyncio.sleep(0)
                app.screen._compositor.render_strips()  # noqa: SLF001  # what the driver writes, without the driver
                worst = max(worst, time.perf_counter() - started)
                await pilot.pause()
        return worst

    return asyncio.run(run())


def measure() -> list[Measure]:
    """The raw column is the limit itself."""
    return [Measure(f"{LEAVES} choices: a key painted", median(worst_key() for _ in range(3)), LIMIT_SECONDS, 1.0)]
