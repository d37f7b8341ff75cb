"""Lends the terminal to a child process such as $EDITOR, from the engine's thread."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from ..house import TerminalBusy

if TYPE_CHECKING:
    from textual.app import App


@contextmanager
def lent_terminal(app: "App[None]") -> Iterator[None]:
    """Inside, the app draws nothing and reads nothing. Raises TerminalBusy where the driver cannot let go of it.

    The app's own thread waits until the terminal is given back, because anything it drew would land in the editor.
    """
    taken, given_back = threading.Event(), threading.Event()
    refused: list[Exception] = []

    def lend() -> None:
        try:
            with app.suspend():
                # ^C belongs to the editor now. A Python function, unlike SIG_IGN, is not inherited by the child.
                before = signal.signal(signal.SIGINT, lambda *_: None)
                try:
                    taken.set()
                    given_back.wait()
                finally:
                    signal.signal(signal.SIGINT, before)
        except SuspendNotSupported as problem:
            refused.append(problem)
            taken.set()

    if not app.is_running:
        raise TerminalBusy("the program is ending")
    app.call_later(lend)
    taken.wait()
    if refused:
        raise TerminalBusy("this terminal cannot be lent") from refused[0]
    try:
        yield
    finally:
        given_back.set()
