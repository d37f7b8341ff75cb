"""Cuts a sheet into the pieces that the server handles one by one, its quirks included.

Modelled on pg/split.go and pg/internal/{copyscan,metacmd} of bytebase/omni (see `tokens` for its two editions). The
later edition also keeps together what stands in parentheses, and COPY .. FROM STDIN with its rows. Comments and line
breaks in front of a statement belong to its piece: that is why the server's patterns see them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .tokens import BOM, EARLIER, LATER, Edition, Token, scan

_BLANK_REST_OF_LINE = re.compile(rb"[ \t\r]*(?:\n|\Z|\\[A-Za-z])")
_END_OF_ROWS = re.compile(rb"^\\\.\r?(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece with its closing semicolon; `start` and `stop` are byte offsets. An empty one is never sent."""

    text: str
    start: int
    stop: int
    empty: bool


def cut(sheet: str, *, later: bool = True) -> tuple[Piece, ...]:
    """The pieces of a text, which together are the text. `later` tells the edition: true from Bytebase 3.21 on."""
    text = sheet.encode("utf-8", "surrogatepass")
    edition = LATER if later else EARLIER
    return tuple(
        Piece(text[start:stop].decode("utf-8", "surrogatepass"), start, stop, _is_empty(text[start:stop], edition))
        for start, stop in _spans(text, edition)
    )


def _spans(text: bytes, edition: Edition) -> Iterator[tuple[int, int]]:
    start, place, depth = 0, _after_bom(text, edition), 0
    while place < len(text):
        for token in scan(text, place, edition):
            place = token.stop
            if token.kind == "open":
                depth += 1
            elif token.kind == "close":
                depth = max(0, depth - 1)
            elif token.kind == "word" and (body := _atomic_body(text, token, edition)):
                place = body
                break
            elif token.kind == "end" and not (depth and edition.later):
                if edition.later and _reads_rows(text[start:place]) and _BLANK_REST_OF_LINE.match(text, place):
                    place = _after_rows(text, place)
                yield start, place
                start = place
                break
    if start < len(text):
        yield start, len(text)


def _after_bom(text: bytes, edition: Edition) -> int:
    return len(BOM) if edition.later and text.startswith(BOM) else 0


def _is_empty(piece: bytes, edition: Edition) -> bool:
    trivia = {"space", "comment", "meta", "end"}
    tokens = scan(piece, _after_bom(piece, edition), edition)
    return all(each.kind in trivia and each.closed for each in tokens)


def _atomic_body(text: bytes, begin: Token, edition: Edition) -> int:
    """Where the body that this BEGIN ATOMIC opens has ended; 0 when this word does not open one."""
    whole_word = not begin.start or edition.word.match(text, begin.start - 1) is None
    if not whole_word or not _opens_body(text, begin, edition):
        return 0
    return _end_of_body(text, _after_trivia(text, begin.stop, edition) + len("ATOMIC"), edition)


def _opens_body(text: bytes, word: Token, edition: Edition) -> bool:
    if text[word.start : word.stop].upper() != b"BEGIN":
        return False
    found = edition.word.match(text, _after_trivia(text, word.stop, edition))
    return found is not None and found[0].upper() == b"ATOMIC"


def _after_trivia(text: bytes, place: int, edition: Edition) -> int:
    for token in scan(text, place, edition):
        if token.kind not in {"space", "comment", "meta"}:
            break
        place = token.stop
    return place


def _end_of_body(text: bytes, place: int, edition: Edition) -> int:
    """After the END that closes the body. The later edition takes t.end and AS end for names, BEGIN alone too."""
    depth, names = 1, False
    for token in scan(text, place, edition):
        if token.kind == "word":
            word = text[token.start : token.stop].upper()
            if not (names and edition.later):
                opens = word == b"CASE" or (
                    word == b"BEGIN" and (not edition.later or _opens_body(text, token, edition))
                )
                depth += opens
                depth -= word == b"END"
            names = word == b"AS"
        elif token.kind not in {"space", "comment", "meta"}:
            names = token.kind == "dot"
        if not depth:
            return token.stop
    return len(text)


def _reads_rows(statement: bytes) -> bool:
    """Whether it is a COPY whose rows follow in the text."""
    depth, first, previous = 0, True, b""
    for token in scan(statement, _after_bom(statement, LATER), LATER):
        if token.kind == "open":
            depth += 1
        elif token.kind == "close":
            depth = max(0, depth - 1)
        elif token.kind == "word":
            word = statement[token.start : token.stop].upper()
            if first and word != b"COPY":
                return False
            if not first and depth == 0 and word in {b"STDIN", b"STDOUT"} and previous == b"FROM":
                return True
            first, previous = False, word if depth == 0 else previous
    return False


def _after_rows(text: bytes, place: int) -> int:
    line_break = text.find(b"\n", place)
    if line_break < 0:
        return len(text)
    # A match object of `^` needs to know that the place is a line's start, so the search begins at the break.
    found = _END_OF_ROWS.search(text, line_break + 1)
    return found.end() if found else len(text)
