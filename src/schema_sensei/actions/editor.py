"""The person's editor: $VISUAL, $EDITOR, or one that is there; opened on files while the terminal is lent to it."""

import base64
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..engine.ports import Context
from ..terms.errors import UsageError
from .services import Services

_FALLBACKS = ("sensible-editor", "nano", "vim", "vi")
_PLUS_LINE = frozenset({"sensible-editor", "nano", "vim", "vi", "nvim", "emacs", "emacsclient", "kak", "micro", "joe"})
"""Editors that take `+LINE FILE`."""
_GOTO = frozenset({"code", "codium", "cursor"})
"""Editors that take `--goto FILE:LINE`."""
_MOST_COPIED = 50_000
"""Bytes; terminals refuse longer texts for the clipboard."""


def name(environ: Mapping[str, str]) -> str:
    """The editor's name, as people know it. Raises UsageError."""
    return Path(_words(environ)[0]).name


def open_files(
    services: Services, context: Context, files: Sequence[Path], *, line: int = 0, clipboard: str = ""
) -> None:
    """Open files and wait until the editor is closed; `line` (from 1) is where in the first, 0 is nowhere.

    `clipboard` is copied by the terminal's own means, which works over SSH and where the terminal allows it.
    Raises UsageError without a terminal, or without the program.
    """
    words = _words(services.environ)
    terminal = services.terminal
    if terminal is None:
        raise UsageError("There is no terminal for an editor.", remedy="Edit elsewhere, then answer `ready`.")
    if shutil.which(words[0], path=services.environ.get("PATH")) is None:
        raise UsageError(
            f"The editor {words[0]} is not found.",
            means="$VISUAL or $EDITOR names a program that is not installed.",
            remedy="Correct $EDITOR, or choose to edit elsewhere.",
            where="$VISUAL" if services.environ.get("VISUAL") else "$EDITOR",
        )
    command = [*words, *_at(Path(words[0]).name, files, line)]
    with terminal():
        if clipboard:
            _copy(clipboard)
        ended = subprocess.run(command, cwd=services.project.root, env=dict(services.environ), check=False)
    if ended.returncode:
        context.note(f"{words[0]} ended with exit code {ended.returncode}.", "warning")


def _at(program: str, files: Sequence[Path], line: int) -> list[str]:
    names = [str(path) for path in files]
    if line and program in _PLUS_LINE:
        return [f"+{line}", *names]
    if line and program in _GOTO:
        return ["--wait", "--goto", f"{names[0]}:{line}", *names[1:]]
    return names


def _copy(text: str) -> None:
    content = text.encode()
    if len(content) <= _MOST_COPIED and sys.__stdout__ is not None and sys.__stdout__.isatty():
        sys.__stdout__.write(f"\x1b]52;c;{base64.b64encode(content).decode()}\a")
        sys.__stdout__.flush()


def _words(environ: Mapping[str, str]) -> list[str]:
    line = environ.get("VISUAL") or environ.get("EDITOR") or ""
    try:
        words = shlex.split(line)
    except ValueError as wrong:
        raise UsageError(f"$EDITOR cannot be read: {wrong}.", remedy="Close every quote in it.", where=line) from wrong
    if words:
        return words
    found = (each for each in _FALLBACKS if shutil.which(each, path=environ.get("PATH")))
    return [next(found, "vi")]
