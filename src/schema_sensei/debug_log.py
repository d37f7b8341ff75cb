"""The log of `--debug FILE`: everything the rooms say, secrets masked, readable by its owner only."""

import logging
import os
from pathlib import Path

from .terms.errors import SenseiError, UsageError
from .terms.secrets import Redactor

LOGGER = logging.getLogger("schema_sensei")


class _MaskingFormatter(logging.Formatter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, tracebacks included, with secrets masked."""
        return self._redactor.mask(super().format(record))


def start(file: Path | None, redactor: Redactor) -> None:
    """Log to `file` from now on, or swallow all logging without one. Raises UsageError when it cannot be written."""
    LOGGER.propagate = False
    LOGGER.handlers.clear()
    if file is None:
        LOGGER.addHandler(logging.NullHandler())
        return
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        handler = logging.FileHandler(file, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The debug log cannot be written: {error.strerror}.", where=str(file), remedy="Name a file you may write."
        ) from None
    handler.setFormatter(_MaskingFormatter(redactor))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)


def unexpected(error: BaseException) -> SenseiError:
    """An error nobody foresaw, as one a person can act on; its traceback goes to the log."""
    LOGGER.error("unexpected error", exc_info=error)
    return SenseiError(
        f"Something unexpected went wrong ({type(error).__name__}).",
        means="This is a fault in Schema Sensei, not in what you did. A run keeps its place.",
        remedy="Do it again with --debug FILE and report the file; `sensei resume` continues a run.",
    )
