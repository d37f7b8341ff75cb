"""Signals from outside end the program with the terminal restored and the right exit code."""

import asyncio
import signal
from collections.abc import Callable

from ...terms.exit_codes import ExitCode

EXIT_CODES = {
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
    signal.SIGINT: ExitCode.INTERRUPTED,
}


def listen(leave: Callable[[ExitCode], None]) -> None:
    """Call `leave` with the exit code when one arrives; call this from the running event loop."""
    loop = asyncio.get_running_loop()
    for number, code in EXIT_CODES.items():
        try:
            loop.add_signal_handler(number, leave, code)
        except (NotImplementedError, RuntimeError, ValueError):  # not the main thread: a test, or an embedding program
            return
