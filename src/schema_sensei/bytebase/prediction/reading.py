"""What PostgreSQL reads in a text: its statements and tokens, by the rules of its own scanner and grammar.

Rules: PostgreSQL 18, "Lexical Structure", scan.l and gram.y, with standard_conforming_strings on. Where this differs
from the server's cutting (a carriage return ends a comment here, a tag may have letters beyond ASCII, an escape string
goes on over a line break), the server sends something else than a reader of the text expects.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A token; `start` and `stop` count characters. `word` is an unquoted word in upper case, else empty.

    `closed` is false where the text ends inside of it.
    """

    kind: str
    start: int
    stop: int
    text: str
    word: str = ""
    closed: bool = True

    @property
    def string(self) -> bool:
        """Whether it is a string constant, in quotes or dollars."""
        return self.kind in {"string", "dollar"}


@dataclass(frozen=True)
class Statement:
    """One statement: its lexemes without comments, its semicolon not among them; `text` is as written, from the first
    to the last of them.
    """

    text: str
    start: int
    stop: int
    tokens: tuple[Lexeme, ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """One item per token, in upper case where it is an unquoted word, else as written."""
        return tuple(each.word or each.text for each in self.tokens)

    @property
    def verb(self) -> str:
        """The first word."""
        return self.words[0]

    @property
    def reads_rows(self) -> bool:
        """Whether it is a COPY whose rows follow outside of SQL."""
        rows = {("FROM", "STDIN"), ("FROM", "STDOUT")}
        return self.verb == "COPY" and any(pair in rows for pair in pairwise(self.words))

    def starts(self, *words: str) -> bool:
        """Whether it begins with these words."""
        return self.words[: len(words)] == words


_LEXEME = re.compile(
    r"""
      (?P<space>[ \t\n\r\f\v]+)
    | (?P<line>--[^\n\r]*)
    | (?P<block>/\*)
    | (?P<escaped>[eE](?='))
    | (?P<string>(?:[uU]&|[bBxXnN])?'(?:[^']++|'')*+(?P<string_end>'?))
    | (?P<name>(?:[uU]&)?"(?:[^"]++|"")*+(?P<name_end>"?))
    | (?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
    | (?P<number>\.?[0-9][\w.]*)
    | (?P<parameter>\$[0-9]+)
    | (?P<meta>\\[A-Za-z][^\n]*)
    | (?P<end>;)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPED = re.compile(r"'(?:[^'\\]++|\\.|'')*+('?)", re.DOTALL)
_GAP = re.compile(r"(?:[ \t\n\r\f\v]++|--[^\n\r]*+(?=[\n\r]))*+(?=')")
_END_OF_ROWS = re.compile(r"^\\\.\r?(?:\n|\Z)", re.MULTILINE)
_COMMENT_PART = re.compile(r"/\*|\*/")


def lex(text: str, place: int = 0) -> Iterator[Lexeme]:
    """Every lexeme of a text from a place on, comments (kind `comment`) included, white space not."""
    while place < len(text):
        found = _LEXEME.match(text, place)
        if found is None or found.lastgroup is None:
            raise AssertionError("the last alternative takes any character")
        if found.lastgroup == "space":
            place = found.end()
        else:
            lexeme = _lexeme(text, place, found.lastgroup, found)
            yield lexeme
            place = lexeme.stop


def _lexeme(text: str, place: int, kind: str, found: re.Match[str]) -> Lexeme:
    stop, closed = found.end(), True
    match kind:
        case "escaped":
            kind, (stop, closed) = "string", _end_of_escaped(text, stop)
        case "string" | "name":
            closed = bool(found[f"{kind}_end"])
        case "line":
            kind = "comment"
        case "block":
            kind, (stop, closed) = "comment", _end_of_comment(text, place)
        case "dollar":
            closing = text.find(found[0], stop)
            stop, closed = (closing + len(found[0]), True) if closing >= 0 else (len(text), False)
        case "word":
            # PostgreSQL folds ASCII letters only: ſET is no keyword.
            return Lexeme(kind, place, stop, found[0], found[0].upper() if found[0].isascii() else found[0])
        case _:
            pass
    return Lexeme(kind, place, stop, text[place:stop], "", closed)


def _end_of_escaped(text: str, quote: int) -> tuple[int, bool]:
    """Behind the constant that opens here. After a line break a further quote goes on with it, escapes and all."""
    while True:
        found = _ESCAPED.match(text, quote)
        if found is None or not found[1]:
            return len(text), False
        gap = _GAP.match(text, found.end())
        if gap is None or not ("\n" in gap[0] or "\r" in gap[0]):
            return found.end(), True
        quote = gap.end()


def _end_of_comment(text: str, start: int) -> tuple[int, bool]:
    depth, place = 1, start + 2
    while depth:
        part = _COMMENT_PART.search(text, place)
        if part is None:
            return len(text), False
        depth += 1 if part[0] == "/*" else -1
        place = part.end()
    return place, True


def read(text: str) -> tuple[Statement, ...]:
    """The statements of a text. What is not closed belongs to the last one.

    A psql command, and the rows after COPY .. FROM STDIN, are passed over: the server sends them, PostgreSQL refuses.
    """
    found: list[Statement] = []
    place = 0
    while place < len(text):
        tokens, place = _up_to_the_end(text, place)
        if tokens:
            start, stop = tokens[0].start, tokens[-1].stop
            found.append(Statement(text[start:stop], start, stop, tuple(tokens)))
            if found[-1].reads_rows:
                place = _after_rows(text, place)
    return tuple(found)


def _up_to_the_end(text: str, place: int) -> tuple[list[Lexeme], int]:
    tokens: list[Lexeme] = []
    depth = bodies = 0
    for token in lex(text, place):
        if token.kind == "end" and depth == 0 and bodies == 0:
            return tokens, token.stop
        if token.kind != "meta" and not (token.kind == "comment" and token.closed):
            bodies = _bodies(bodies, tokens, token)
            depth = max(0, depth + (token.kind == "open") - (token.kind == "close"))
            tokens.append(token)
    return tokens, len(text)


def _after_rows(text: str, place: int) -> int:
    line_break = text.find("\n", place)
    found = _END_OF_ROWS.search(text, line_break + 1) if line_break >= 0 else None
    return found.end() if found else len(text)


def _bodies(bodies: int, before: list[Lexeme], token: Lexeme) -> int:
    """How many BEGIN ATOMIC bodies, and CASE expressions in them, are open after a token."""
    previous = before[-1] if before else None
    if not token.word or (previous and (previous.text == "." or previous.word == "AS")):
        return bodies
    if bodies == 0:
        routine = before and before[0].word == "CREATE" and any(_is_routine(each) for each in before[:4])
        return 1 if routine and previous and previous.word == "BEGIN" and token.word == "ATOMIC" else 0
    if token.word == "CASE":
        return bodies + 1
    return bodies - 1 if token.word == "END" else bodies


def _is_routine(token: Lexeme) -> bool:
    return token.word in {"FUNCTION", "PROCEDURE"}
