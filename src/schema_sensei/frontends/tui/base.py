"""What every screen may ask of the application: a notice, the clipboard, something slow looked up, room to be drawn."""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual import events
from textual.app import App

from ...terms.errors import SenseiError

if TYPE_CHECKING:
    from textual.driver import Driver

log = logging.getLogger(__name__)
Found = TypeVar("Found")
FAULT = (
    "sensei stopped because of a fault of its own.\n"
    "A run that was in work is kept: nothing that was recorded is lost.\n"
    "Go on with `sensei resume`. If it happens again, add --debug FILE and report what the file says."
)


class BaseApp(App[None]):
    """An application that knows nothing yet of runs: what serves all screens alike."""

    gone = False
    """Set once the end has begun: nothing may be drawn any more."""

    def get_driver_class(self) -> "type[Driver]":
        """Textual's choice; a terminal gets a driver that lets us end when its window is closed."""
        from textual.drivers.linux_driver import LinuxDriver

        from .driver import LastingDriver

        chosen = super().get_driver_class()
        return LastingDriver if chosen is LinuxDriver else chosen

    def look_up(self, find: Callable[[], Found], show: Callable[[Found], object]) -> None:
        """Find something slow in a thread of its own, then show it; a problem becomes a notice."""

        def work() -> None:
            try:
                found = find()
            except SenseiError as error:
                self._later(self.say, f"{error.what} {error.remedy}")
            except Exception:
                log.exception("a look-up failed")
            else:
                self._later(show, found)

        threading.Thread(target=work, name="sensei-look-up", daemon=True).start()

    def _later(self, call: Callable[..., object], *arguments: object) -> None:
        if self.is_running:
            self.call_later(call, *arguments)

    def copy(self, text: str) -> None:
        """Put text on the clipboard, by the terminal's own means so that it works over SSH."""
        if not text:
            self.say("There is nothing to copy here.")
            return
        self.copy_to_clipboard(text)
        lines = text.count("\n") + 1
        self.say(f"Copied {lines} lines." if lines > 1 else "Copied.")

    def say(self, text: str) -> None:
        """A short notice that goes by itself; foreign text is literal."""
        from .literal import clean

        self.notify(clean(text), markup=False, timeout=4)

    def attention(self) -> None:
        """Call the person back when they look elsewhere."""
        if not self.app_focus:
            self.bell()

    def watch_size(self, columns: int, rows: int) -> None:
        """Cover everything while the terminal is too small to show what is at stake."""
        from .size import TooSmall, too_small

        covered = isinstance(self.screen, TooSmall)
        if too_small(columns, rows) and not covered:
            self.push_screen(TooSmall())
        elif covered and not too_small(columns, rows):
            self.pop_screen()

    async def on_event(self, event: events.Event) -> None:
        """What is typed after the person has left, in one go with the key that leaves, is for nobody."""
        if not (self.gone and isinstance(event, events.InputEvent)):
            await super().on_event(event)

    def exit(self, result: None = None, return_code: int = 0, message: Any = None) -> None:
        self.gone = True
        super().exit(result, return_code, message)

    def _fatal_error(self) -> None:
        # Textual would print the values of local variables, and a password may be among them.
        from rich.text import Text

        log.error("the screen failed", exc_info=True)
        self.bell()
        self._exit_renderables.append(Text(FAULT))
        self._close_messages_no_wait()
