"""Hazards that an author accepts, each with a reason: `-- sensei: allow drop-table because nothing reads it`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...terms.errors import UsageError
from .finding import Finding
from .pages import page
from .statements import Statement, comments, position

_ASKS = re.compile(r"\bsensei\s*:\s*(?P<rest>.*?)\s*(?:\*/)?\s*$", re.IGNORECASE | re.DOTALL)
_SHAPE = re.compile(r"allow\s+(?P<hazard>[\w-]+)(?:\s+because\b[:\s]*(?P<reason>.*))?", re.IGNORECASE | re.DOTALL)
_FORM = "-- sensei: allow HAZARD because REASON"


class AllowanceError(UsageError):
    """A hazard is allowed without a reason, or under a name that is none."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """One hazard accepted for a statement (by its offset), or for a whole revision; `where` is for people."""

    hazard: str
    reason: str
    where: str
    offset: int = -1
    revision: str = ""

    def covers(self, finding: Finding, revision: str) -> bool:
        """Whether it is about this finding, which stands in `revision`."""
        here = finding.statement.offset == self.offset if self.offset >= 0 else self.revision == revision
        return here and finding.id == self.hazard


def in_comments(text: str, found: Sequence[Statement], *, name: str, start: int = 0) -> tuple[Allowance, ...]:
    """The allowances in the comments of a text, each for the statement it stands on, behind, or above.

    `start` is the offset of the text in a larger one, from which the statements' offsets are counted. Raises
    AllowanceError.
    """
    allowances = []
    for place, comment in comments(text):
        asked = _ASKS.search(comment)
        if asked is None:
            continue
        line, column = position(text, place)
        where = f"{name + ', ' if name else ''}line {line}, column {column}"
        shape = _SHAPE.fullmatch(asked["rest"])
        if shape is None:
            raise AllowanceError(
                "This comment asks for something that is not known.", remedy=f"Write {_FORM}", where=where
            )
        statement = _statement(text, place, found, start)
        if statement is None:
            raise AllowanceError(
                "This comment stands behind the last statement.",
                remedy="Put it above the statement, or on its line.",
                where=where,
            )
        offset = statement.offset
        allowances.append(checked(shape["hazard"].lower(), shape["reason"] or "", where=where, offset=offset))
    return tuple(allowances)


def checked(hazard: str, reason: str, *, where: str, offset: int = -1, revision: str = "") -> Allowance:
    """An allowance of a hazard there is, with a reason. Raises AllowanceError."""
    try:
        page(hazard)
    except UsageError as unknown:
        raise AllowanceError(unknown.what, remedy=unknown.remedy, where=where) from None
    reason = " ".join(reason.split())
    if len(reason) < len("why"):
        raise AllowanceError(
            f"{hazard} is allowed without a reason.",
            means="Whoever reads this later must know why it was safe here.",
            remedy=f"Write {_FORM}",
            where=where,
        )
    return Allowance(hazard, reason, where, offset, revision)


def _statement(text: str, place: int, found: Sequence[Statement], start: int) -> Statement | None:
    """The statement around a place, the one that ends on its line before it, or else the next one."""
    line_start = text.rfind("\n", 0, place) + 1
    for each in found:
        first = each.offset - start
        last = first + len(each.text)
        if first <= place < last:
            return each
        if line_start <= last <= place and text[last:place].strip(" \t;") == "":
            return each
        if first > place:
            return each
    return None
