"""Database errors of the journal in the words a person needs: full disk, read-only, damaged, locked, unreachable."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..engine.errors import JournalError
from ..terms.exit_codes import ExitCode

_STANDS = "What was written before is safe. The run stops before its next effect and can be resumed."


class JournalLocked(JournalError):
    """Another process keeps the journal locked."""

    exit_code = ExitCode.HELD


class JournalUnreachable(JournalError):
    """The journal's database server cannot be reached, or refuses us."""

    exit_code = ExitCode.UNREACHABLE


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """Turn database errors into JournalError; `place` names the journal without any password."""
    try:
        yield
    except DBAPIError as error:
        raise _words(error.orig, place) from error
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _words(error, place) from error


def _words(error: BaseException | None, place: str) -> JournalError:
    if isinstance(error, sqlite3.Error):
        return _sqlite(error, place)
    if isinstance(error, OSError):
        return JournalError(
            f"The journal cannot be opened: {error.strerror or error}.",
            where=place,
            means="Without a journal nothing can be run: a crash could not be undone.",
            remedy="Make the folder writable for you, or name another one in sensei.yaml (`journal`).",
        )
    text = str(error).strip().splitlines()
    return JournalUnreachable(
        f"The journal's database does not answer: {text[0] if text else type(error).__name__}",
        where=place,
        means=_STANDS,
        remedy="Check that the server runs and that your role may use the schema `sensei`, then resume.",
    )


def _sqlite(error: sqlite3.Error, place: str) -> JournalError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return JournalError(
            f"The journal cannot be written: {error}.",
            where=place,
            means=_STANDS,
            remedy="Free some disk space (or raise the quota), then resume the run.",
        )
    if name.startswith("SQLITE_READONLY"):
        return JournalError(
            "The journal is read-only.",
            where=place,
            means=_STANDS,
            remedy="Make the file and its folder writable for you, then resume the run.",
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return JournalError(
            f"The journal is damaged: {error}.",
            where=place,
            means="Nothing was changed in it. Databases that runs worked on are not affected.",
            remedy="Move the file away (sqlite3's .recover may read it) or restore it from a backup, then go on.",
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return JournalLocked(
            "The journal is locked by another process.",
            where=place,
            means=_STANDS,
            remedy="Close the program that keeps it open (a database browser, a backup), then resume the run.",
        )
    return JournalError(
        f"The journal cannot be used: {error}.",
        where=place,
        means=_STANDS,
        remedy="Check the file, its folder and their permissions, then resume the run.",
    )
