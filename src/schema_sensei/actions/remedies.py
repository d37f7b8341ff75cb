"""Remedies: the safer way put into the revision file, by machine where that is safe, else by hand in the editor."""

import ast
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from ..changes.change import Change
from ..changes.draft import relative
from ..changes.hazards.curing import Cure, cure
from ..changes.hazards.model import Hazard
from ..engine.ports import Context
from ..terms.errors import SenseiError
from ..terms.exit_codes import ExitCode
from . import editor
from .drafts import Drafts
from .revisions import as_it_is_now, history
from .services import Services

_MARK = "# sensei, safer: "


class NotTakenError(SenseiError):
    """The safer way cannot be put into the file."""

    exit_code = ExitCode.DECLINED


@dataclass(frozen=True, slots=True)
class Remedy:
    """The revision file that a hazard comes from; `line` (from 1) is the operation's, `cure` None for a person."""

    path: Path
    name: str
    revision: str
    line: int
    cure: Cure | None


def remedy(services: Services, change: Change, hazard: Hazard) -> Remedy | None:
    """Where the hazard can be removed; None when no revision file is known for it."""
    written = history(services).get(hazard.revision)
    if written is None:
        return None
    name = relative(written.path, services.project.root)
    content = written.path.read_bytes()
    if hashlib.sha256(content).hexdigest() != change.sources.get(name):
        return None
    try:
        source = _text(content)
    except UnicodeDecodeError:
        return None
    found = cure(source, hazard)
    return Remedy(written.path, name, hazard.revision, found.line if found else _operation(source, hazard.line), found)


def take(services: Services, context: Context, change: Change, there: Remedy) -> Change:
    """The change after the cure was written into its file; its nature is what it was. Raises NotTakenError."""
    if there.cure is None:
        raise NotTakenError(f"{there.name} can only be corrected by hand.", remedy="Open it in your editor.")
    _refuse_deployed(services, context, there)
    before = there.path.read_bytes()
    text = there.cure.source
    _write(there.path, (text.replace("\n", "\r\n") if b"\r\n" in before else text).encode())
    try:
        now = as_it_is_now(services, change)
    except SenseiError as error:
        _write(there.path, before)
        raise NotTakenError(
            f"{there.name} does not work with the safer way in it, and is as it was: {error.what}",
            remedy="Open it in your editor and correct it by hand.",
            where=there.name,
        ) from error
    Drafts(services).follow(context, history(services), there.revision, before=hashlib.sha256(before).hexdigest())
    context.note(f"{there.name}: {there.cure.words}.", "good")
    return replace(now, nature=change.nature)


def put_back(services: Services, context: Context, change: Change, there: Remedy, before: bytes) -> Change:
    """The change after the file is again what it was before the cure."""
    cured = hashlib.sha256(there.path.read_bytes()).hexdigest()
    _write(there.path, before)
    now = as_it_is_now(services, change)
    Drafts(services).follow(context, history(services), there.revision, before=cured)
    context.note(f"{there.name} is as it was: the scratch copy refuses the safer way.", "warning")
    return replace(now, nature=change.nature)


def open_there(services: Services, context: Context, change: Change, there: Remedy, safer: str) -> Change:
    """The change after a person had the file open at the operation, the safer text above it and on the clipboard.

    Raises NotTakenError, MigrationError, UsageError.
    """
    _refuse_deployed(services, context, there)
    content = there.path.read_bytes()
    with_safer = _marked(_text(content), there.line, safer)
    _write(there.path, with_safer.encode())
    try:
        editor.open_files(services, context, [there.path], line=there.line, clipboard=safer)
    finally:
        after = _unmarked(_text(there.path.read_bytes()))
        changed = after != _text(content)
        _write(there.path, (after.replace("\n", "\r\n") if b"\r\n" in content else after).encode())
    context.note(f"{there.name} was changed." if changed else f"{there.name} is as it was.")
    return as_it_is_now(services, change)


def _refuse_deployed(services: Services, context: Context, there: Remedy) -> None:
    known = history(services)
    written = known.get(there.revision)
    name = Drafts(services).who_has(context, known, written) if written else ""
    if name:
        raise NotTakenError(
            f"{name} has revision {there.revision} already; {there.name} is not changed.",
            means="What a database has run must stay what it was.",
            remedy="Write the safer way as a new revision, or accept the hazard with a reason.",
            where=there.name,
        )


def _text(content: bytes) -> str:
    return content.decode("utf-8").replace("\r\n", "\n")


def _write(path: Path, content: bytes) -> None:
    """Replace the file at once, so that nobody ever reads half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        shutil.copymode(path, temporary)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _operation(source: str, line: int) -> int:
    """The first line of the statement in `upgrade()` that reaches over this line; the line itself outside of any."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return line
    bodies = (each.body for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "upgrade")
    starts = (each.lineno for body in bodies for each in body if each.lineno <= line <= (each.end_lineno or line))
    return next(starts, line)


def _marked(source: str, line: int, safer: str) -> str:
    """The source with the safer text as comments above the line."""
    lines = source.splitlines(keepends=True)
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    indent = here[: len(here) - len(here.lstrip())]
    comments = [f"{indent}{_MARK}{each}\n" for each in safer.splitlines()]
    return "".join([*lines[: line - 1], *comments, *lines[line - 1 :]])


def _unmarked(source: str) -> str:
    return "".join(each for each in source.splitlines(keepends=True) if not each.lstrip().startswith(_MARK))
