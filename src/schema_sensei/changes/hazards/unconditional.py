"""Which UPDATE and DELETE of a statement take every row of their table, by their text alone."""

import re
from collections.abc import Iterator

from .statements import Statement

_PART = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[^\W\d][\w$]*|\d[\w.]*|[().,=<>]|[^\s\w]""")
_ALWAYS = re.compile(r"(TRUE|(\d+) = \2|NOT FALSE)", re.IGNORECASE)
_ENDS = {")", "RETURNING", ";"}


def whole(statement: Statement) -> Iterator[tuple[str, str]]:
    """("UPDATE" or "DELETE", the table's name without its schema) of each without a WHERE, or with one always true."""
    if statement.verb not in {"UPDATE", "DELETE", "WITH"}:
        return
    parts = _PART.findall(statement.bare)
    for at, part in enumerate(parts):
        verb = part.upper()
        begins = at == 0 or parts[at - 1] in {"(", ")"}
        if begins and verb in {"UPDATE", "DELETE"} and _always(parts[at + 1 :]):
            yield verb, _table(parts[at + 1 :])


def _always(rest: list[str]) -> bool:
    condition: list[str] | None = None
    depth = 0
    for part in rest:
        if depth == 0 and part.upper() in _ENDS:
            break
        depth += {"(": 1, ")": -1}.get(part, 0)
        if depth == 0 and condition is None and part.upper() == "WHERE":
            condition = []
        elif condition is not None:
            condition.append(part)
    return condition is None or _ALWAYS.fullmatch(" ".join(condition)) is not None


def _table(rest: list[str]) -> str:
    names = [each for each in rest if each.upper() not in {"FROM", "ONLY"}]
    name = names[0] if names else ""
    for at in range(1, len(names) - 1, 2):
        if names[at] != ".":
            break
        name = names[at + 1]
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
