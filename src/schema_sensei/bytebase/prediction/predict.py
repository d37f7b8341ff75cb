"""Predicts what a Bytebase server will run of a sheet, and whether that is what the sheet says."""

from collections.abc import Iterator

from . import directives, sorting
from .cutting import Piece, cut
from .directives import Sheet
from .findings import judge
from .model import Execution, Finding, Prediction
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
    why = (
        *_as_a_text(text, sheet, statements),
        *(each for each in paired if isinstance(each, Finding)),
        *judge([each for each in paired if isinstance(each, Part)], transaction=sheet.transaction),
    )
    return Prediction(executions, why or _backstop(statements, pieces, executions))


def _as_a_text(text: str, sheet: Sheet, statements: tuple[Statement, ...]) -> Iterator[Finding]:
    """What is wrong with the text before any statement is looked at."""
    if text.startswith(_BOM):
        yield Finding(
            text.splitlines()[0].removeprefix(_BOM),
            "The file begins with a byte order mark, which PostgreSQL takes for a part of the first word; no directive "
            "is seen behind it.",
            "Save the file as UTF-8 without a byte order mark.",
        )
    if "\0" in text:
        line = next(each for each in text.splitlines() if "\0" in each)
        yield Finding(line, "There is a zero byte in the text; PostgreSQL accepts none.", line.replace("\0", ""))
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        line = next(each for each in text.splitlines() if any("\ud800" <= each <= "\udfff" for each in each))
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


def _backstop(
    statements: tuple[Statement, ...], pieces: tuple[Piece, ...], executions: tuple[Execution, ...]
) -> tuple[Finding, ...]:
    """A sheet without findings runs each statement once, in order; whatever else would come out is not faithful."""
    sent = [each.start for each in executions]
    if sent == [piece.start for piece in pieces if not piece.empty] and len(sent) == len(statements):
        return ()
    return tuple(
        Finding(each.text, "The server sends something else than this statement, once, in its place.", each.text)
        for each in statements[:1]
    )
