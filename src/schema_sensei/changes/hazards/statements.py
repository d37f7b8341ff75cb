"""Splits an SQL file into statements as psql does: quotes, dollar quotes, comments, parentheses, BEGIN ATOMIC bodies.

Rules: PostgreSQL manual, "Lexical Structure", and psql's scanner (psqlscan.l), with standard_conforming_strings on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...terms.errors import UsageError


class SplitError(UsageError):
    """The text ends inside a quote, a comment or a parenthesis, or talks to psql instead of the server."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement without its semicolon; `line` and `column` (from 1) and `offset` (characters) of its first word.

    `bare` is the text with every comment blanked out, line breaks kept; `words` are its unquoted words in upper case;
    `rows` are the lines that follow a COPY FROM STDIN.
    """

    text: str
    bare: str
    words: tuple[str, ...]
    offset: int
    line: int
    column: int
    rows: str = ""

    @property
    def verb(self) -> str:
        """The first word."""
        return self.words[0] if self.words else ""

    def starts(self, *words: str) -> bool:
        """Whether it begins with these words."""
        return self.words[: len(words)] == words


_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<line_comment>--[^\r\n]*)
    | (?P<comment>/\*)
    | (?P<escaped>[eE]'(?:[^'\\]|''|\\.)*(?P<escaped_end>')?)
    | (?P<plain>(?:[uU]&|[bBxXnN])?'(?:[^']|'')*(?P<plain_end>')?)
    | (?P<identifier>(?:[uU]&)?"(?:[^"]|"")*(?P<identifier_end>")?)
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<number>\d[\w.]*)
    | (?P<open>[(\[])
    | (?P<close>[)\]])
    | (?P<end>;)
    | (?P<meta>\\)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_PART = re.compile(r"/\*|\*/")
_LAST_ROW = re.compile(r"\n\\\.\r?(?=\n|\Z)")
_BLANK = frozenset({"space", "comment"})
_SETTINGS = frozenset(
    {"set", "unset", "echo", "qecho", "warn", "timing", "pset", "x", "t", "a", "encoding", "restrict", "unrestrict"}
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    start: int
    stop: int


def split(text: str) -> tuple[Statement, ...]:
    """The statements of a text in order. Raises SplitError with the position."""
    found: list[Statement] = []
    tokens: list[_Token] = []
    depth = 0
    bodies = 0
    words: list[str] = []
    for token in _tokens(text):
        match token.kind:
            case "open":
                depth += 1
            case "close":
                depth = max(0, depth - 1)
            case "word":
                word = text[token.start : token.stop].upper()
                bodies = _bodies(bodies, words, word)
                words.append(word)
            case "meta":
                _harmless(text, token, begun=any(each.kind not in _BLANK for each in tokens))
                continue
            case "rows":
                found[-1] = replace(found[-1], rows=text[token.start : token.stop])
                continue
            case _:
                pass
        if token.kind == "end" and depth == 0 and bodies == 0:
            found += _statement(text, tokens, words)
            tokens, words = [], []
        else:
            tokens.append(token)
    if depth or bodies:
        raise _error(
            text,
            next(each.start for each in tokens if each.kind not in _BLANK),
            "This statement does not end.",
            "Close its parentheses, or its BEGIN ATOMIC with END.",
        )
    found += _statement(text, tokens, words)
    return tuple(found)


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Every comment with the offset of its first character. Raises SplitError."""
    for token in _tokens(text):
        if token.kind == "comment":
            yield token.start, text[token.start : token.stop]


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column (from 1) of a character."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def _bodies(bodies: int, words: list[str], word: str) -> int:
    """How many BEGIN ATOMIC bodies and CASE expressions within them are open after this word."""
    previous = words[-1] if words else ""
    if bodies == 0:
        routine = words[:1] == ["CREATE"] and any(each in {"FUNCTION", "PROCEDURE"} for each in words[:4])
        return 1 if routine and previous == "BEGIN" and word == "ATOMIC" else 0
    if word == "CASE":
        return bodies + 1
    return bodies - 1 if word == "END" else bodies


def _harmless(text: str, token: _Token, *, begun: bool) -> None:
    """psql's own settings, as pg_dump writes them, mean nothing to the server; its other commands are refused."""
    command = text[token.start + 1 : token.stop].split()[:1]
    if begun or not command or command[0] not in _SETTINGS:
        raise _error(
            text,
            token.start,
            "This is a command of psql, not SQL.",
            "Take it out of the file, and put what it stands for in its place; the server never sees it.",
        )


def _tokens(text: str) -> Iterator[_Token]:
    place = 1 if text.startswith("\ufeff") else 0
    words: list[str] = []
    copying = False
    while place < len(text):
        found = _TOKEN.match(text, place)
        assert found is not None and found.lastgroup is not None  # noqa: S101, PT018 -- `other` takes any character
        kind, stop, rows = _kind(found), found.end(), None
        match kind:
            case "comment":
                stop = _end_of_comment(text, place)
            case "dollar":
                closing = text.find(found[0], stop)
                if closing < 0:
                    raise _error(text, place, f"The text after {found[0]} does not end.", f"Close it with {found[0]}.")
                stop = closing + len(found[0])
            case "escaped" | "plain" | "identifier" if found[f"{kind}_end"] is None:
                raise _error(text, place, "A quote is not closed.", "Close it, or double it when it is a character.")
            case "line_comment":
                kind = "comment"
            case "meta":
                stop = _end_of_line(text, place)
            case "space" if copying and "\n" in found[0]:
                stop = _end_of_line(text, place) + 1
                rows = _Token("rows", stop, _end_of_rows(text, stop - 1))
            case _:
                pass
        yield _Token(kind, place, stop)
        place = stop
        if kind == "word":
            words.append(found[0].upper())
        elif kind == "end":
            copying = words[:1] == ["COPY"] and "STDIN" in words
            words = []
        elif rows is not None:
            yield rows
            place, copying = text.find("\n", rows.stop) + 1 or len(text), False


def _end_of_line(text: str, place: int) -> int:
    found = text.find("\n", place)
    return found if found >= 0 else len(text)


def _end_of_rows(text: str, place: int) -> int:
    """Where the line with nothing but a backslash and a dot begins, after the line break at a place; or the end."""
    found = _LAST_ROW.search(text, place)
    return found.start() + 1 if found else len(text)


def _kind(found: "re.Match[str]") -> str:
    return next(name for name, text in found.groupdict().items() if text is not None and not name.endswith("_end"))


def _end_of_comment(text: str, start: int) -> int:
    depth, place = 1, start + 2
    while depth:
        part = _COMMENT_PART.search(text, place)
        if part is None:
            raise _error(text, start, "A comment is not closed.", "Close it with */; comments nest.")
        depth += 1 if part[0] == "/*" else -1
        place = part.end()
    return place


def _statement(text: str, tokens: list[_Token], words: list[str]) -> list[Statement]:
    solid = [each for each in tokens if each.kind not in _BLANK]
    if not solid:
        return []
    start, stop = solid[0].start, solid[-1].stop
    bare = "".join(
        re.sub(r"[^\r\n]", " ", text[each.start : each.stop])
        if each.kind == "comment"
        else text[each.start : each.stop]
        for each in tokens
        if start <= each.start < stop
    )
    line, column = position(text, start)
    return [Statement(text[start:stop], bare, tuple(words), start, line, column)]


def _error(text: str, offset: int, what: str, remedy: str) -> SplitError:
    line, column = position(text, offset)
    return SplitError(what, remedy=remedy, where=f"line {line}, column {column}")
