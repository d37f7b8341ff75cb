"""Turns whatever the project's code or Alembic raises into an error with file, line and a way out."""

import linecache
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

from alembic.script.revision import MultipleHeads, ResolutionError
from alembic.util.exc import CommandError
from sqlalchemy.exc import NoReferenceError

from ..errors import (
    BrokenHistoryError,
    MigrationError,
    RefusedError,
    RevisionFailedError,
    SeveralHeadsError,
    UserCodeError,
)
from ..layout import Layout

_INSTALLED = tuple({sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")})
_OURS = str(Path(__file__).parent)


def as_error(error: BaseException, layout: Layout) -> MigrationError:
    """The error for anything raised while a command ran; our own pass through unchanged."""
    ours = own(error)
    if ours is not None:
        return ours
    if isinstance(error, CommandError):
        return _refusal(error)
    return user_error(error, layout)


def own(error: BaseException) -> MigrationError | None:
    """Our own error behind this one, if the project's code (or SQLAlchemy) wrapped it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MigrationError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def user_error(error: BaseException, layout: Layout) -> UserCodeError:
    """The error for the project's models or env.py."""
    return UserCodeError(
        last_line(error), means=_source(error, layout), where=place(error, layout), remedy=_remedy(error, layout)
    )


def revision_error(error: BaseException, layout: Layout, revision: str, verb: str) -> MigrationError:
    """The error for a revision's `verb` (upgrade or downgrade)."""
    ours = own(error)
    if ours is not None:
        ours.revision = ours.revision or revision
        return ours
    if isinstance(error, NotImplementedError):
        remedy = f"Revision {revision} says it has no {verb}; write one, or keep to revisions after it."
    else:
        remedy = f"Correct {verb}() of revision {revision} and try again."
    return RevisionFailedError(
        f"The {verb} of revision {revision} failed: {last_line(error)}",
        means=_source(error, layout),
        where=place(error, layout),
        remedy=remedy,
        revision=revision,
    )


def last_line(error: BaseException) -> str:
    """`NameError: name 'x' is not defined`: the last line of the traceback that Python would print."""
    if isinstance(error, SystemExit):
        return f"SystemExit: the code ended the process with status {error.code!r}"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    lines = [line for line in traceback.format_exception_only(error) if not line.startswith(" ")]
    text = (lines[0] if lines else type(error).__name__).strip()
    return text.splitlines()[0].removeprefix("sqlalchemy.exc.").removeprefix("alembic.util.exc.")


def place(error: BaseException, layout: Layout) -> str:
    """`app/models.py:12`, relative to the project where it lies in it; "" when no line of the project is involved."""
    found = _frame(error, layout)
    if found is None:
        return ""
    path, line = found
    try:
        shown = path.relative_to(layout.root)
    except ValueError:
        shown = path
    return f"{shown}:{line}"


def _frame(error: BaseException, layout: Layout) -> tuple[Path, int] | None:
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return Path(error.filename), error.lineno
    if isinstance(error, NoReferenceError):
        return None  # it shows where the models were put together, not the line that names the missing one
    found = None
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith("<") and not _foreign(name, layout):
            found = Path(name), trace.tb_lineno
        trace = trace.tb_next
    return found


def _foreign(name: str, layout: Layout) -> bool:
    if name.startswith((_OURS, *_INSTALLED)):
        return True
    return "site-packages" in Path(name).parts and not layout.root.is_relative_to(Path(name).parent)


def _source(error: BaseException, layout: Layout) -> str:
    found = _frame(error, layout)
    line = linecache.getline(str(found[0]), found[1]).strip() if found else ""
    return f"The line: {line}" if line else ""


def _remedy(error: BaseException, layout: Layout) -> str:
    match error:
        case ModuleNotFoundError(name=str(name)):
            top = name.partition(".")[0]
            if (layout.root / top).exists() or (layout.root / f"{top}.py").exists():
                return f"Correct the import of {name}."
            return (
                f"If {top} is a package: install it, and schema-sensei with it, into the environment of your project. "
                "If it is yours: name its directory in `prepend_sys_path` of your Alembic configuration."
            )
        case NoReferenceError(table_name=str(table)):
            return (
                f"Correct the name {table} in that ForeignKey of your models; or, if a model describes it in a module "
                "that nothing imports, import that module where the others are."
            )
        case KeyError(args=[str(name)]) if name.isupper():
            return f"If {name} is an environment variable that env.py needs: set it, or give it a default."
        case _:
            return "Correct that line and try again; `alembic check` shows the whole traceback."


def _refusal(error: CommandError) -> MigrationError:
    text = str(error)
    cause = error.__cause__
    if isinstance(cause, MultipleHeads) or "multiple heads" in text.lower():
        return SeveralHeadsError(
            text,
            remedy="Merge them with `alembic merge heads`, or choose the head to build upon.",
        )
    if isinstance(cause, ResolutionError):
        return BrokenHistoryError(text, remedy="Look for the revision with `alembic history`.")
    return RefusedError(f"Alembic refused: {text}", remedy="`alembic history` and `alembic current` show its view.")
