"""One command in its own process: sets the process up, calls the command, sends its result or its error."""

import contextlib
import faulthandler
import io
import os
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import MigrationError
from ..layout import Layout
from ..wire import Message, pack
from . import applying, emitting, generating, reading, renames, surveying, writing
from .environment import Environment
from .failures import as_error

Emit = Callable[[Message], None]
"""Sends an event to the caller while the command runs."""


OPERATIONS: Mapping[str, Callable[[Environment, Mapping[str, Any], Emit], object]] = {
    "history": reading.history,
    "survey": surveying.survey,
    "settings": reading.settings,
    "database_heads": reading.database_heads,
    "autogenerate": generating.autogenerate,
    "emit": emitting.emit,
    "upgrade": applying.upgrade,
    "create_models": applying.create_models,
    "rename": renames.rename,
    "write_revision": writing.write_revision,
}


def run(request: Message, answers: socket.socket) -> None:
    """Runs the request and sends `{"result": …}` or `{"error": …}`; events before it. Never raises."""
    _set_up(request["environ"])

    def emit(event: Message) -> None:
        answers.sendall(pack({"event": event}))

    layout: Layout = request["arguments"].pop("layout")
    with contextlib.suppress(OSError):  # the caller has gone: nobody is left to tell
        answer: bytes
        try:
            with Environment(layout, request["url"]) as environment:
                result = OPERATIONS[request["operation"]](environment, request["arguments"], emit)
            answer = pack({"result": result})
        except MigrationError as error:
            answer = pack({"error": error})
        except BaseException as error:
            answer = pack({"error": as_error(error, layout)})
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # closed or replaced by the project's code
                stream.flush()
        answers.sendall(answer)


def _set_up(environ: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    faulthandler.enable(2)
    sys.argv[:] = ["alembic"]
    sys.stdout = sys.__stdout__ = _line_by_line(1)  # type: ignore[misc]  # the server's lead to its own /dev/null
    sys.stderr = sys.__stderr__ = _line_by_line(2)  # type: ignore[misc]  # the same


def _line_by_line(descriptor: int) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)
