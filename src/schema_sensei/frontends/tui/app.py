"""The full-screen application: three modes, one run at a time, and a way out that loses nothing."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import Reactive
from textual.screen import Screen

from ...terms.exit_codes import ExitCode
from ..requests import EnvironmentState, OpenGuide, Request, ResumeRun, StartRun
from .base import BaseApp
from .frame import Frame
from .signals import listen
from .theme import dress

if TYPE_CHECKING:
    from ..entries import RunSummary
    from ..house import House
    from .guide.screen import GuideScreen
    from .run.screen import RunScreen
    from .run.session import Session

GRACE = 3.0
"""Seconds that the engine gets to write down where it stands after the screen is gone."""


def visit(house: House, request: Request) -> int:
    """Show the full-screen interface until the person leaves; the exit code is that of the last run."""
    app = SenseiApp(house, request)
    app.run()
    app.wind_up()
    if app.farewell:
        with contextlib.suppress(OSError):  # the terminal's window was closed
            os.write(sys.stdout.fileno(), f"{app.farewell}\n".encode())
    return app.return_code or app.exit_code


def _commands() -> type[Any]:
    from .palette import SenseiCommands

    return SenseiCommands


class SenseiApp(BaseApp):
    """Holds what outlives a screen: the house, the run in work, and how the program will end."""

    TITLE = "sensei"
    # The first screen's sheet belongs to these: one that comes later means parsing all of them again.
    CSS_PATH = ["app.tcss", "guide/guide.tcss"]  # noqa: RUF012  # Textual declares it so
    DEFAULT_MODE = "guide"
    COMMANDS: ClassVar[set[Any]] = {_commands}
    # Textual would take the theme from TEXTUAL_THEME, and end the program when there is none of that name.
    theme: Reactive[str] = Reactive("textual-dark")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", show=False, priority=True),
        Binding("ctrl+p", "command_palette", "commands", priority=True),
    ]

    def __init__(self, house: House, request: Request) -> None:
        super().__init__()
        self.house = house
        self.exit_code = 0
        self.last_run = ""
        self.waiting: tuple[RunSummary, ...] = ()
        self._request = request
        self._session: Session | None = None
        self._run_screen: RunScreen | None = None
        self.environments: tuple[EnvironmentState, ...] = ()
        """As far as they are known: by name at first, with what was read when it was read."""
        self._leaving = False
        self.animation_level = "none"
        self.set_reactive(SenseiApp.theme, dress(self, os.environ))
        self.stylesheet.set_variables(self.get_css_variables())
        self.add_mode("guide", self._guide)
        self.add_mode("run", self._run)
        self.add_mode("history", self._history)

    def _guide(self) -> Screen[None]:
        from .guide.screen import GuideScreen

        screen = GuideScreen(self._request if isinstance(self._request, OpenGuide) else OpenGuide())
        # The sheets are read with this theme already; Textual would read them all again for a screen it does not know.
        screen._css_update_count = self._css_update_count  # noqa: SLF001  # there is no public way to say so
        return screen

    def _run(self) -> Screen[None]:
        from .run.screen import RunScreen

        return RunScreen()

    def _history(self) -> Screen[None]:
        from .history.screen import HistoryScreen

        return HistoryScreen()

    def on_mount(self) -> None:
        listen(self.leave_at_once)
        self.environments = self.house.known_environments()
        match self._request:
            case OpenGuide():
                # Looking around imports a lot: not before the first frame has reached the terminal.
                self.set_timer(0.05, self.look_around)
            case StartRun() | ResumeRun():
                self.call_after_refresh(self.begin, self._request)

    def on_resize(self, event: events.Resize) -> None:
        self.watch_size(event.size.width, event.size.height)

    # What the screens use

    @property
    def running(self) -> bool:
        """Whether a run is in work, or waits for an answer, in this program."""
        return self._session is not None and not self._session.finished

    def look_around(self) -> None:
        """Read where the environments stand and which runs wait, and show it when it is known."""
        self.look_up(self.house.unfinished, self._show_waiting)
        self.look_up(self.house.environments, self._show_environments)

    def _show_environments(self, states: tuple[EnvironmentState, ...]) -> None:
        self.environments = states
        for screen in self._screen_stacks.get("guide", ()):
            if screen.is_mounted and isinstance(screen, Frame):
                screen.show_environments(states)

    def _show_waiting(self, runs: tuple[RunSummary, ...]) -> None:
        import time

        self.waiting = runs
        self._on_guide(lambda guide: guide.show_waiting(runs, time.time()))

    def _on_guide(self, do: Callable[[GuideScreen], object]) -> None:
        stack = self._screen_stacks.get("guide")
        if stack and stack[0].is_mounted:
            do(cast("GuideScreen", stack[0]))

    def begin(self, request: StartRun | ResumeRun) -> None:
        """Start or resume a run and go to it."""
        if self.running:
            self.say("A run is in work here. Finish or pause it first.")
            self.switch_mode("run")
            return
        from .run.session import Session

        self._session = Session(self.house, request, self.terminal, self._wake)
        self.call_later(self._follow, self._session)

    async def _follow(self, session: Session) -> None:
        await self.switch_mode("run")
        self._run_screen = cast("RunScreen", self._screen_stacks["run"][0])
        await self._run_screen.follow(session)
        session.start()

    def _wake(self) -> None:
        # On the engine's thread, which may outlive the screens: a message to a screen that is gone is dropped.
        screen = self._run_screen
        if screen is not None and not self.gone:
            screen.post_message(screen.Woken())

    def resume(self, runs: tuple[RunSummary, ...]) -> None:
        """Go on with the one unfinished run; with several, show them."""
        if self.running:
            self.switch_mode("run")
        elif len(runs) == 1:
            self.begin(ResumeRun(run=runs[0].run))
        else:
            self.switch_mode("history")

    def home(self) -> None:
        """Go to the guide's first question."""
        self.switch_mode("guide")
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self._on_guide(lambda guide: guide.restart())

    def jump(self, workflow: str) -> None:
        """Go to a workflow's recommendation."""
        self.home()
        self._on_guide(lambda guide: guide.jump(workflow))

    def session_over(self, session: Session) -> None:
        """A run has ended, paused or failed: its exit code will be ours."""
        if session.result is not None:
            self.exit_code, self.last_run = int(session.result.exit_code), session.result.run
        elif session.error is not None:
            self.exit_code = int(session.error.exit_code)
        if self._leaving:
            self.exit()
        else:
            self.look_around()

    def show_run(self, run: str) -> None:
        """Show a run of the history."""
        from .history.record import RecordScreen

        self.push_screen(RecordScreen(run))

    def save_transcript(self, run: str) -> None:
        """Write a run's transcript beside the project and say where."""

        def save() -> Path:
            path = Path(f"sensei-{run}.md").resolve()
            path.write_text(self.house.transcript(run), encoding="utf-8")
            return path

        self.look_up(save, lambda path: self.say(f"Saved {path}"))

    def terminal(self) -> AbstractContextManager[None]:
        """Lend the terminal to a child process; called on the engine's thread."""
        from .lending import lent_terminal

        return lent_terminal(self)

    # Leaving

    def action_leave(self) -> None:
        """Leave; with a run in work, ask what becomes of it."""
        if self.running:
            self._ask_how(leave=True)
        else:
            self.exit()

    async def action_quit(self) -> None:
        self.action_leave()

    def action_suspend_process(self) -> None:
        """^Z: to the shell, until `fg`."""
        from ..job_control import suspend

        if self._driver is not None and self._driver.can_suspend:
            suspend()

    def action_interrupt(self) -> None:
        """^C: stop the running step, pause a question, leave where nothing runs; a second one leaves at once."""
        from .leaving import LeaveScreen

        if isinstance(self.screen, LeaveScreen) or self._leaving or not self.running:
            self.leave_at_once(ExitCode.INTERRUPTED)
        else:
            self._ask_how(leave=False)

    def _ask_how(self, *, leave: bool) -> None:
        from .leaving import LeaveScreen

        if isinstance(self.screen, LeaveScreen):
            return
        asking = self._run_screen is not None and self._run_screen.question is not None

        def decided(way: str | None) -> None:
            self.call_later(self.watch_size, *self.size)  # it may have changed beneath this question
            session = self._session
            if way in {None, "stay"} or session is None:
                return
            self._leaving = leave
            if way == "cancel":
                session.cancel()
            else:
                session.pause()
            if not session.alive:
                self.session_over(session)
            elif not asking:
                self.say("Stopping at the next safe place.")

        self.push_screen(LeaveScreen(asking=asking, leave=leave), decided)

    def leave_at_once(self, code: ExitCode) -> None:
        """End the program now with this exit code; the run is told, and keeps its place."""
        if self._session is not None:
            self._session.cancel(code)
        self.exit(return_code=int(code))

    @property
    def farewell(self) -> str:
        """What stands in the shell when the screen is gone: how to go on with a run that waits; else nothing."""
        result = self._session.result if self._session is not None else None
        if result is None or result.status in {"done", "stopped"}:
            return ""
        return f"Run {result.run} keeps its place. Go on with: sensei resume {result.run}"

    def wind_up(self) -> None:
        """After the screen is gone: give a run in work a moment to write down where it stands."""
        if self._session is not None and self._session.alive:
            self._session.cancel()
            self._session.join(GRACE)
