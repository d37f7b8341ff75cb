"""The directive lines at the top of a sheet: `-- txn-mode`, `-- txn-isolation`, `-- gh-ost`.

Modelled on the server's backend/plugin/parser/base/transaction_mode.go and backend/component/ghost/directive.go,
the same in all versions since 3.17. Its regular expressions are Go's: white space is ASCII's, and letters match in
either case, ſ included, which is an s to it.
"""

import re
from dataclasses import dataclass

SPACE = r"[\t\n\f\r ]"
"""What `\\s` means in Go's regular expressions."""

_GO_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's strings.TrimSpace takes off."""


def go_pattern(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """A pattern of the server's, written for Go with (?i), as Python's."""
    return re.compile(pattern.replace(r"\s", SPACE).replace("S", "[Sſ]"), re.IGNORECASE | re.ASCII | flags)


_MODE = go_pattern(r"^\s*--\s*txn-mode\s*=\s*(on|off)\s*\Z")
_ISOLATION = go_pattern(
    r"^\s*--\s*txn-iSolation\s*=\s*(READ\s+UNCOMMITTED|READ\s+COMMITTED|REPEATABLE\s+READ|SERIALIZABLE)\s*\Z"
)
_GHOST = go_pattern(r"^[\t\f\r ]*--\s*gh-oSt\s*=\s*(\{[^}]*\})\s*(?:/\*.*\*/)?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet without its directives: `text` is what the server splits."""

    text: str
    transaction: bool


def read(sheet: str) -> Sheet:
    """Take the directives from the lines above the first line that is neither empty nor a `--` comment.

    The last txn-mode wins, `on` is the default. Where a directive was taken, the rest loses the white space around it.
    """
    lines = sheet.split("\n")
    taken: set[int] = set()
    transaction = True
    for number, line in enumerate(lines):
        content = line.strip(_GO_SPACE)
        if content and not content.startswith("--"):
            break
        if mode := _MODE.match(line):
            transaction = mode[1].lower() == "on"
            taken.add(number)
        elif _ISOLATION.match(line):  # of no consequence: the PostgreSQL driver never asks for the level
            taken.add(number)
    if not taken:
        return Sheet(sheet, transaction)
    rest = "\n".join(line for number, line in enumerate(lines) if number not in taken)
    return Sheet(rest.strip(_GO_SPACE), transaction)


def ghost(sheet: str) -> str:
    """The gh-ost directive on any line, inside of constants too: the server then runs a tool for MySQL. Else empty."""
    found = _GHOST.search(sheet)
    return found[0] if found else ""
