"""Runs a project's command as a child in its own session: live lines out, no input, and nothing left when cancelled."""

import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from ..engine.ports import Context, Outcome
from ..terms.errors import UsageError

Stream = Literal["out", "err"]

GRACE_SECONDS = 5.0
"""Between SIGTERM and SIGKILL."""
DRAIN_SECONDS = 1.0
"""How long to read on after the command itself ended while something it started still holds its output open."""
LONGEST_LINE = 8_192
_QUEUE_LINES = 10_000
_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; a command killed by a signal has the shell's code, 128 + signal."""

    exit_code: int
    seconds: float


def split(command: str, *, where: str) -> list[str]:
    """A command line as words, by the shell's quoting rules and none of its other features. Raises UsageError."""
    try:
        words = shlex.split(command)
    except ValueError as wrong:
        raise UsageError(f"The command cannot be read: {wrong}.", remedy="Close every quote.", where=where) from wrong
    if not words:
        raise UsageError("The command is empty.", remedy="Write a program and its arguments.", where=where)
    return words


def run(words: Sequence[str], context: Context, *, directory: Path, environ: Mapping[str, str], where: str) -> Ended:
    """Run it to its end, handing each line to `context.output`.

    When the context's checkpoint raises (cancelled, out of time), the whole process group gets SIGTERM, and SIGKILL
    after GRACE_SECONDS; then the exception goes on. Raises UsageError when the program cannot be started.
    """
    began = time.monotonic()
    child = _start(words, directory, environ, where)
    lines: queue.Queue[tuple[Stream, str] | None] = queue.Queue(_QUEUE_LINES)
    readers = [_reader(child.stdout, "out", lines), _reader(child.stderr, "err", lines)]
    try:
        _follow(child, lines, len(readers), context)
        code = child.wait()
    except BaseException:
        _end_group(child, lines)
        raise
    return Ended(code if code >= 0 else 128 - code, time.monotonic() - began)


def outcome(ended: Ended, *, passed: str, failed: str) -> Outcome:
    """ok for exit code 0, else failed."""
    return Outcome(
        name="failed" if ended.exit_code else "ok",
        summary=f"{failed}: exit code {ended.exit_code}" if ended.exit_code else passed,
        outputs={"exit_code": ended.exit_code, "seconds": round(ended.seconds, 3)},
    )


def _start(words: Sequence[str], directory: Path, environ: Mapping[str, str], where: str) -> subprocess.Popen[bytes]:
    if shutil.which(words[0], path=environ.get("PATH")) is None and not (directory / words[0]).is_file():
        raise UsageError(
            f"The program {words[0]} is not found.",
            means="It is not on the PATH, or not installed in the environment that sensei runs in.",
            remedy=f"Install it, or correct the command: {shlex.join(words)}",
            where=where,
        )
    try:
        return subprocess.Popen(
            words,
            cwd=directory,
            env={"PYTHONUNBUFFERED": "1", **environ},  # or Python tests would show their output at the very end
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise UsageError(
            f"The program {words[0]} cannot be started: {error.strerror}.",
            remedy=f"Correct the command: {shlex.join(words)}",
            where=where,
        ) from error


def _reader(
    pipe: IO[bytes] | None, stream: Stream, lines: "queue.Queue[tuple[Stream, str] | None]"
) -> threading.Thread:
    assert pipe is not None  # noqa: S101 -- asked for with PIPE

    def read() -> None:
        with pipe:
            while line := pipe.readline(LONGEST_LINE):
                lines.put((stream, _CONTROL.sub("", line.decode("utf-8", "replace").rstrip("\r\n"))))
        lines.put(None)

    thread = threading.Thread(target=read, name=f"output {stream}", daemon=True)
    thread.start()
    return thread


def _follow(
    child: subprocess.Popen[bytes], lines: "queue.Queue[tuple[Stream, str] | None]", open_ends: int, context: Context
) -> None:
    looked = ended = 0.0
    while open_ends:
        try:
            item = lines.get(timeout=0.1)
        except queue.Empty:
            if child.poll() is not None:
                ended = ended or time.monotonic()
                if time.monotonic() - ended > DRAIN_SECONDS:
                    context.note("The command ended; something it started is still running and holds its output open.")
                    return
        else:
            if item is None:
                open_ends -= 1
            else:
                context.output(f"{item[1]}\n", item[0])
        if time.monotonic() - looked > 0.1:
            looked = time.monotonic()
            context.checkpoint()
    while child.poll() is None:  # it closed its output and runs on
        context.checkpoint()
        time.sleep(0.02)


def _end_group(child: subprocess.Popen[bytes], lines: "queue.Queue[tuple[Stream, str] | None]") -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sign)
        except (ProcessLookupError, PermissionError):
            break
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until and _group_lives(child):
            _discard(lines)  # a reader blocked on a full queue would block the child that writes its last words
            time.sleep(0.02)
        if not _group_lives(child):
            break
    child.wait()
    _discard(lines)


def _group_lives(child: subprocess.Popen[bytes]) -> bool:
    child.poll()
    try:
        os.killpg(child.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _discard(lines: "queue.Queue[tuple[Stream, str] | None]") -> None:
    while not lines.empty():
        lines.get_nowait()
