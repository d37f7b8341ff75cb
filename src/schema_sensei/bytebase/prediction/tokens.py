"""The bytes of an SQL text as the server's splitter sees them: quotes, comments, words, and what lies between.

Modelled on pg/split.go of bytebase/omni, in two editions. The later one, in Bytebase since 3.21 (2026-07-16), knows
escape strings, tokens that merely contain a dollar, and psql's backslash commands; the earlier one does not.
Unclosed constructs reach to the end of the text, in both.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

BOM = b"\xef\xbb\xbf"

Kind: TypeAlias = Literal["space", "comment", "quoted", "word", "meta", "open", "close", "end", "dot", "other"]


@dataclass(frozen=True, slots=True)
class Token:
    """A stretch of the text; `closed` is false for a block comment or quotation that the text's end cuts off."""

    kind: Kind
    start: int
    stop: int
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Edition:
    """What a splitter takes for a word (its bytes), and whether it is the later edition."""

    later: bool
    word: re.Pattern[bytes]


LATER = Edition(True, re.compile(rb"[\w$\x80-\xff]+"))
EARLIER = Edition(False, re.compile(rb"\w+"))

_SPACE = re.compile(rb"[ \t\n\r]+")
_LINE = re.compile(rb"[^\n]*\n?")
_META = re.compile(rb"\\[A-Za-z]")
_COMMENT_PART = re.compile(rb"/\*|\*/")
_PLAIN = re.compile(rb"'(?:[^']++|'')*+('?)")
_ESCAPED = re.compile(rb"'(?:[^'\\]++|\\.|'')*+('|\\?)", re.DOTALL)
_IDENTIFIER = re.compile(rb'"(?:[^"]++|"")*+("?)')
_TAG = re.compile(rb"\$(?:[A-Za-z_]\w*)?\$")
_WORD_BYTE = re.compile(rb"[\w$\x80-\xff]")
_SINGLE: dict[int, Kind] = {ord("("): "open", ord(")"): "close", ord(";"): "end", ord("."): "dot"}


def scan(text: bytes, place: int, edition: Edition) -> Iterator[Token]:
    """The tokens from a place on. After a word the caller may go on elsewhere with a scan of its own."""
    while place < len(text):
        token = _next(text, place, edition)
        yield token
        place = token.stop


def _next(text: bytes, place: int, edition: Edition) -> Token:
    byte = text[place]
    if found := _SPACE.match(text, place):
        return Token("space", place, found.end())
    if text.startswith(b"--", place):
        return Token("comment", place, _end_of_line(text, place))
    if text.startswith(b"/*", place):
        return _block_comment(text, place)
    if edition.later and _META.match(text, place):
        return Token("meta", place, _end_of_line(text, place))
    if byte == ord("'"):
        return _string(text, place, edition)
    if byte == ord('"'):
        return _quotation(text, place, _IDENTIFIER)
    if byte == ord("$") and (token := _dollar_quoted(text, place, edition)):
        return token
    if found := edition.word.match(text, place):
        return Token("word", place, found.end())
    return Token(_SINGLE.get(byte, "other"), place, place + 1)


def _end_of_line(text: bytes, place: int) -> int:
    found = _LINE.match(text, place)
    return found.end() if found else len(text)


def _block_comment(text: bytes, start: int) -> Token:
    depth, place = 1, start + 2
    while depth:
        part = _COMMENT_PART.search(text, place)
        if part is None:
            return Token("comment", start, len(text), closed=False)
        depth += 1 if part[0] == b"/*" else -1
        place = part.end()
    return Token("comment", start, place)


def _string(text: bytes, place: int, edition: Edition) -> Token:
    lone_e = text[max(0, place - 1) : place] in {b"e", b"E"} and not (place > 1 and _WORD_BYTE.match(text, place - 2))
    return _quotation(text, place, _ESCAPED if edition.later and lone_e else _PLAIN)


def _quotation(text: bytes, place: int, pattern: re.Pattern[bytes]) -> Token:
    found = pattern.match(text, place)
    if found is None:
        return Token("quoted", place, len(text), closed=False)
    return Token("quoted", place, found.end(), closed=found[1] in {b"'", b'"'})


def _dollar_quoted(text: bytes, place: int, edition: Edition) -> Token | None:
    if edition.later and place and _WORD_BYTE.match(text, place - 1):
        return None
    tag = _TAG.match(text, place)
    if tag is None:
        return None
    closing = text.find(tag[0], tag.end())
    if closing < 0:
        return Token("quoted", place, len(text), closed=False)
    return Token("quoted", place, closing + len(tag[0]))
