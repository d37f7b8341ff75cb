"""Predicts what a Bytebase server will run of a sheet, and whether that is what the sheet says."""

from collections.abc import Iterator, Sequence

from . import directives, sorting
from .cutting import cut
from .directives import Sheet
from .findings import judge
from .model import Finding, Prediction
from .pairing import Part, pair
from .reading import Statement, read
from .tokens import BOM

KEEPS_TOGETHER = (3, 21)
"""The first version with the later edition of the splitter."""

_BOM = BOM.decode()


def predict(text: str, *, server: tuple[int, int] = (3, 22)) -> Prediction:
    """The executions of a sheet's text on a server of this version (3.17 or newer), in order, and what is wrong."""
    if directive := directives.ghost(text):
        return Prediction((), (_ghost(directive),))
    sheet = directives.read(text)
    later = server >= KEEPS_TOGETHER
    pieces = cut(sheet.text, later=later)
    executions = sorting.order(pieces, transaction=sheet.transaction)
    statements = read(sheet.text)
    paired = list(pair(statements, pieces, executions, later=later))
    parts = [each for each in paired if isinstance(each, Part)]
    why = (
        *_as_a_text(text, sheet, statements),
        *(each for each in paired if isinstance(each, Finding)),
        *judge(parts, transaction=sheet.transaction),
    )
    return Prediction(executions, why or tuple(_backstop(statements, parts)))


def _as_a_text(text: str, sheet: Sheet, statements: tuple[Statement, ...]) -> Iterator[Finding]:
    """What is wrong with the text before any statement is looked at."""
    if text.startswith(_BOM):
        yield Finding(
            text.split("\n")[0],
            "The file begins with a byte order mark, which PostgreSQL takes for a part of the first word; no directive "
            "is seen behind it.",
            "Save the file as UTF-8 without a byte order mark.",
        )
    if "\0" in text:
        line = next(each for each in text.split("\n") if "\0" in each)
        yield Finding(
            line, "There is a zero byte in the text; PostgreSQL accepts none.", line.replace("\0", "") or "Take it out."
        )
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        line = next(each for each in text.split("\n") if any("\ud800" <= each <= "\udfff" for each in each))
        yield Finding(line, "There is a character that is none in UTF-8.", "Save the file as UTF-8.")
    if sheet.text != text and [each.words for each in read(text)] != [each.words for each in statements]:
        yield Finding(
            text.split("\n")[0],
            "Without its directive lines the sheet reads differently to PostgreSQL.",
            "Write each directive on a line of its own that ends with a line feed.",
        )


def _ghost(directive: str) -> Finding:
    return Finding(
        directive.strip(),
        "Nothing of the sheet runs: for this directive the server starts gh-ost, a tool for MySQL.",
        "Take the line out, also where it stands inside of a comment or a constant.",
    )


def _backstop(statements: Sequence[Statement], parts: Sequence[Part]) -> Iterator[Finding]:
    """Without a finding each statement is sent once, in order. Should a rule be missing, this keeps the promise."""
    places = [place for each in parts for place in each.places]
    if len(places) != len(statements) or places != sorted(places):
        whole = "; ".join(each.text for each in statements)
        yield Finding(
            whole, "The server does not send each statement once, in its place.", "Send them in several sheets."
        )
