"""Signals while a front end talks in lines: what Ctrl-C, SIGTERM and a closed terminal do is the front end's to say."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

TERMINATING = (signal.SIGTERM, signal.SIGHUP)
"""Somebody ends the program: a person with kill, a CI system, a terminal window that was closed."""


@contextlib.contextmanager
def listening(*, interrupt: Callable[[], None], terminate: Callable[[], None]) -> Iterator[None]:
    """Call these, on the main thread, when a signal arrives; they may raise. Elsewhere than on it, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        interrupt()

    def terminated(_number: int, _frame: FrameType | None) -> None:
        terminate()

    handlers = {signal.SIGINT: interrupted, **dict.fromkeys(TERMINATING, terminated)}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
