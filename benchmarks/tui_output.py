"""A step that prints a hundred thousand lines: the longest time the screen takes no key."""

import asyncio
import threading
import time
from statistics import median

from schema_sensei.engine.events import OutputLine, RunStarted, StepOutline, StepStarted
from schema_sensei.frontends.requests import OpenGuide
from schema_sensei.frontends.tui.app import SenseiApp
from schema_sensei.frontends.tui.bridge import Bridge
from schema_sensei.frontends.tui.run.screen import RunScreen

from .measure import Measure
from .tui_memory import house

LINES = 100_000
LIMIT_SECONDS = 0.1


class _Session:
    """What the run screen follows, without an engine behind it."""

    finished = False
    alive = False
    request = None

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def cancel(self) -> None:
        """Nothing to stop."""

    def join(self, _seconds: float) -> None:
        """Nothing to wait for."""


def worst_freeze(lines: int = LINES) -> float:
    """Seconds of the longest gap between two turns of the event loop while another thread prints."""

    async def run() -> float:
        app = SenseiApp(house(), OpenGuide())
        worst = 0.0
        async with app.run_test(size=(160, 45)) as pilot:
            await app.switch_mode("run")
            await pilot.pause()
            screen = app.screen
            assert isinstance(screen, RunScreen)
            session = _Session(Bridge(lambda: screen.post_message(screen.Woken())))
            await screen.follow(session)  # type: ignore[arg-type]  # the three things of a session that it uses
            session.bridge.emit(RunStarted("r", "w", "t", (StepOutline("s", "Step", "", "test"),), ()))
            session.bridge.emit(StepStarted("s", 1))
            await pilot.pause()

            def print_all() -> None:
                for number in range(lines):
                    session.bridge.emit(OutputLine("s", f"line {number} of the project's own tests [/x]"))

            printing = threading.Thread(target=print_all)
            printing.start()
            settled = time.perf_counter() + 60
            last = time.perf_counter()
            while printing.is_alive() or time.perf_counter() < settled:
                if not printing.is_alive() and settled - last > 1:
                    settled = last + 0.5  # half a second more: the last batch must be drawn as well
                await asyncio.sleep(0)
                now = time.perf_counter()
                worst, last = max(worst, now - last), now
            printing.join()
        return worst

    return asyncio.run(run())


def measure() -> list[Measure]:
    """The raw column is the limit itself."""
    return [
        Measure(f"{LINES} lines of output: worst freeze", median(worst_freeze() for _ in range(3)), LIMIT_SECONDS, 1.0)
    ]
