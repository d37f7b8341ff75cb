"""Turns the units of a Script into sheets for a Bytebase server, and refuses those that it would run differently."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ..changes.script import Script
from ..migrations.unit import Unit
from ..postgres.version_table import VersionTable
from .errors import RefusedError

if TYPE_CHECKING:
    from ..bytebase.prediction import Prediction

OUTSIDE = "-- txn-mode = off\n"
"""The server's directive for a sheet that runs outside of a transaction; it stands on the first line."""
LARGEST_BACKUP = 2 * 1024 * 1024
"""Above this many bytes the server refuses a prior backup."""

_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_NAME = r'(?P<name>(?:"(?:[^"]|"")+"|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[\w$]+))?)'
_UPDATE = re.compile(rf"UPDATE\s+(?:ONLY\s+)?{_NAME}", re.IGNORECASE)
_DELETE = re.compile(rf"DELETE\s+FROM\s+(?:ONLY\s+)?{_NAME}", re.IGNORECASE)
_CREATE_INDEX = re.compile(
    rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s+ON\s+(?:ONLY\s+)?"
    r'(?P<schema>(?:"(?:[^"]|"")+"|[\w$]+)\s*\.\s*)?',
    re.IGNORECASE,
)
_DROP_INDEX = re.compile(rf"DROP\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+EXISTS\s+)?{_NAME}\s*;?\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class IndexStatement:
    """A statement that makes or drops one index outside of a transaction; `name` is as written, schema included."""

    name: str
    makes: bool


def sheet(unit: Unit) -> str:
    """The text of the sheet for one unit: nothing but its statements, and a directive where it needs no transaction."""
    text = "\n\n".join(_ended(statement) for statement in unit.statements) + "\n"
    return text if unit.transactional else OUTSIDE + text


def refuse_unfaithful(script: Script, server: tuple[int, int] | None, where: str) -> None:
    """Raise RefusedError unless the server would run every unit as it was reviewed.

    `server` is its version, None for builds without a number.
    """
    found = [line for number, unit in enumerate(script.units, 1) for line in _unfaithful(number, unit, script, server)]
    if found:
        raise RefusedError(
            "Bytebase would not run this SQL as it was reviewed.",
            means="\n".join(found),
            remedy="Change the statement as shown, in the revision file, and review it again. "
            "sensei bytebase predict FILE.sql shows what the server makes of any file.",
            where=where,
        )


def only_changes_rows(unit: Unit, version_table: VersionTable) -> bool:
    """Whether a unit does nothing but UPDATE and DELETE, with no table in both, so that the server can keep its rows.

    Its guard and the move of the version table do not count.
    """
    if not unit.transactional or unit.opaque or len(sheet(unit).encode()) > LARGEST_BACKUP:
        return False
    updated, deleted = set(), set()
    for statement in unit.statements[1:]:
        text = bare(statement)
        if match := _UPDATE.match(text):
            updated.add(_plain(match["name"]))
        elif match := _DELETE.match(text):
            deleted.add(_plain(match["name"]))
        else:
            return False
    tables = (updated | deleted) - {version_table.name, f"{version_table.schema}.{version_table.name}"}
    return bool(tables) and not updated & deleted


def updated(statement: str) -> str:
    """The table that an UPDATE changes, as written without quotes; "" for another statement."""
    match = _UPDATE.match(bare(statement))
    return _plain(match["name"]) if match else ""


def index_statement(statement: str) -> IndexStatement | None:
    """What a statement does to one index, when that is all it does."""
    text = bare(statement)
    if match := _CREATE_INDEX.match(text):
        name, schema = match["name"], match["schema"] or ""
        return IndexStatement(name if "." in name else f"{schema.strip()}{name}", makes=True)
    if match := _DROP_INDEX.match(text):
        return IndexStatement(match["name"], makes=False)
    return None


def bare(statement: str) -> str:
    """The statement without the comments in front of it."""
    return _COMMENTS.sub("", statement, count=1)


@lru_cache(maxsize=64)
def _predicted(text: str, server: tuple[int, int] | None) -> "Prediction":
    """A sheet is judged when it is shown, and again right before it is sent."""
    from ..bytebase.prediction import predict

    return predict(text) if server is None else predict(text, server=server)


def _unfaithful(number: int, unit: Unit, script: Script, server: tuple[int, int] | None) -> Iterator[str]:
    for finding in _predicted(sheet(unit), server).why:
        yield f"Unit {number} of {len(script.units)}: {_one_line(finding.statement)}"
        yield f"  {finding.reason}"
        yield f"  Instead: {finding.cure}"


def _ended(statement: str) -> str:
    """The statement with its semicolon, on a line of its own where a comment at the end would swallow it."""
    text = statement.strip().removesuffix(";")
    return f"{text}\n;" if "--" in text.rpartition("\n")[2] else f"{text};"


def _plain(name: str) -> str:
    return name.replace('"', "").replace(" ", "")


def _one_line(statement: str, width: int = 160) -> str:
    text = " ".join(statement.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def shown(names: Sequence[str]) -> str:
    """Database names for people."""
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:3])} and {len(names) - 3} more"
