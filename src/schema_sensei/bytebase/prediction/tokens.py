"""The bytes of an SQL text as the server's splitter sees them: quotes, comments, words, and what lies between.

Modelled on pg/split.go of bytebase/omni, in two editions. The later one, in Bytebase since 3.21 (2026-07-16), knows
escape strings, tokens that merely contain a dollar, and psql's backslash commands; the earlier one does not.
Unclosed constructs reach to the end of the text, in both.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

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
    """An edition of the splitter: the pattern of a token, that of a word, and whether it is the later one."""

    later: bool
    token: re.Pattern[bytes]
    word: re.Pattern[bytes]


def _edition(word: bytes, *, later: bool) -> Edition:
    meta = rb"(?P<meta>\\[A-Za-z][^\n]*\n?)|" if later else b""
    token = (
        rb"(?P<space>[ \t\n\r]+)|(?P<line>--[^\n]*\n?)|(?P<block>/\*)|"
        + meta
        + rb"""(?P<string>')|(?P<name>"(?:[^"]++|"")*+(?P<name_end>"?))|(?P<tag>\$(?:[A-Za-z_]\w*)?\$)|"""
        + rb"(?P<word>" + word + rb")|(?P<open>\()|(?P<close>\))|(?P<end>;)|(?P<dot>\.)|(?P<other>.)"
    )  # fmt: skip
    return Edition(later, re.compile(token, re.DOTALL), re.compile(word))


LATER = _edition(rb"[\w$\x80-\xff]+", later=True)
EARLIER = _edition(rb"\w+", later=False)

_COMMENT_PART = re.compile(rb"/\*|\*/")
_PLAIN = re.compile(rb"'(?:[^']++|'')*+('?)")
_ESCAPED = re.compile(rb"'(?:[^'\\]++|\\.|'')*+('|\\?)", re.DOTALL)


def scan(text: bytes, place: int, edition: Edition) -> Iterator[Token]:
    """The tokens from a place on. After a word the caller may go on elsewhere with a scan of its own."""
    while place < len(text):
        token = _next(text, place, edition)
        yield token
        place = token.stop


def _next(text: bytes, place: int, edition: Edition) -> Token:
    found = edition.token.match(text, place)
    if found is None:
        raise AssertionError("the last alternative takes any byte")
    match found.lastgroup:
        case "line":
            return Token("comment", place, found.end())
        case "block":
            return _block_comment(text, place)
        case "string":
            return _string(text, place, edition)
        case "name":
            return Token("quoted", place, found.end(), closed=bool(found["name_end"]))
        case "tag":
            return _dollar_quoted(text, found, edition)
        case kind:
            return Token(cast("Kind", kind), place, found.end())


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
    lone_e = text[max(0, place - 1) : place] in {b"e", b"E"} and not (place > 1 and edition.word.match(text, place - 2))
    found = (_ESCAPED if edition.later and lone_e else _PLAIN).match(text, place)
    if found is None:
        raise AssertionError("the pattern begins with the quote that stands here")
    return Token("quoted", place, found.end(), closed=found[1] == b"'")


def _dollar_quoted(text: bytes, tag: re.Match[bytes], edition: Edition) -> Token:
    place = tag.start()
    if edition.later and place and edition.word.match(text, place - 1):
        # A dollar that continues a word opens nothing: it and what follows are a word.
        word = edition.word.match(text, place)
        return Token("word", place, word.end() if word else tag.end())
    closing = text.find(tag[0], tag.end())
    if closing < 0:
        return Token("quoted", place, len(text), closed=False)
    return Token("quoted", place, closing + len(tag[0]))
