"""Lends the terminal to a child process such as $EDITOR, from the engine's thread."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from ..operator import TerminalBusy
from .signals import EXIT_CODES

if TYPE_CHECKING:
    from textual.app import App


LOOK = 0.2
"""Seconds between two looks whether the application is still there to let go of the terminal."""


@contextmanager
def lent_terminal(app: "App[None]") -> Iterator[None]:
    """Inside, the app draws nothing and reads nothing. Raises TerminalBusy where the driver cannot let go of it.

    The app's own thread waits until the terminal is given back, because anything it drew would land in the editor.
    """
    taken, given_back = threading.Event(), threading.Event()
    refused: list[Exception] = []

    def lend() -> None:
        if given_back.is_set():
            return
        try:
            with app.suspend(), _signals_held():
                taken.set()
                given_back.wait()
        except SuspendNotSupported as problem:
            refused.append(problem)
            taken.set()

    _require_running(app)
    app.call_later(lend)
    while not taken.wait(LOOK):
        try:
            _require_running(app)
        except TerminalBusy:  # it ended before it came to our request
            given_back.set()
            raise
    if refused:
        raise TerminalBusy("this terminal cannot be lent") from refused[0]
    try:
        yield
    finally:
        given_back.set()


def _require_running(app: "App[None]") -> None:
    if not app.is_running:
        raise TerminalBusy("the program is ending")


@contextmanager
def _signals_held() -> Iterator[None]:
    """^C belongs to the editor now; a request to end is kept until the terminal is ours again.

    Python functions, unlike SIG_IGN, are not inherited by the child. asyncio hears of signals through the wake-up file,
    whoever handles them, so that is taken away as well.
    """
    arrived: set[int] = set()
    wake_up = signal.set_wakeup_fd(-1)
    before = {number: signal.signal(number, lambda it, _frame: arrived.add(it)) for number in EXIT_CODES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wake_up)
        for missed in arrived - {signal.SIGINT}:
            os.kill(os.getpid(), missed)
