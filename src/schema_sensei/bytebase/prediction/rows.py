"""Writes the rows that follow a COPY .. FROM STDIN as an INSERT statement, which a server can be sent.

Source of the format: PostgreSQL 18, COPY, "Text Format". Other formats are left to a person.
"""

import re

from .reading import Statement

_DATA = re.compile(r"[^\n]*\n(?P<rows>.*?)(?:^\\\.\r?(?:\n.*)?)?\Z", re.DOTALL | re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def as_insert(statement: Statement, following: str) -> str | None:
    """The INSERT for a plain COPY and the text behind its semicolon; None for options, or when there are no rows."""
    data = _DATA.match(following)
    if statement.words[-2:] not in {("FROM", "STDIN"), ("FROM", "STDOUT")} or data is None:
        return None
    rows = [line.removesuffix("\r").split("\t") for line in data["rows"].split("\n")[:-1]]
    if not rows or any(_byte(each) > 0x7F for each in _ESCAPE.finditer(data["rows"])):
        return None  # bytes beyond ASCII mean characters only together
    target = statement.text[statement.tokens[1].start - statement.start : statement.tokens[-2].start - statement.start]
    values = ",\n".join(f"  ({', '.join(_value(each) for each in row)})" for row in rows)
    return f"INSERT INTO {target.strip()} VALUES\n{values};"


def _value(field: str) -> str:
    if field == r"\N":
        return "NULL"
    return "'" + _ESCAPE.sub(_character, field).replace("'", "''") + "'"


def _character(escape: re.Match[str]) -> str:
    return chr(_byte(escape)) if escape[3] is None else _LETTERS.get(escape[3], escape[3])


def _byte(escape: re.Match[str]) -> int:
    """The byte that an escape names by its number, else 0."""
    return int(escape[1], 16) if escape[1] else int(escape[2] or "0", 8) & 0xFF
