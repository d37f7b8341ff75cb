"""Rewrites a statement so that it means the same and none of the server's patterns is found in it.

A comment goes; a literal is continued on a further line, which PostgreSQL joins again; a name is quoted.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice, pairwise
from typing import TypeAlias

from .reading import Lexeme, Statement, lex, read
from .sorting import finds

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_GAP = re.compile(r"[\t\n\f\r ]+")
_ROUNDS = 20
"""What is taken away may bring two words together that are a find again: a few rounds, each over the whole text."""

_Edit: TypeAlias = tuple[int, int, str]
"""From, to, and what stands there instead."""


def touched(text: str, span: tuple[int, int]) -> list[Lexeme]:
    """The lexemes that a find lies on."""
    start, stop = span
    return [each for each in lex(text) if each.start < stop and start < each.stop]


def reword(text: str, *, stays_outside: bool = False) -> str | None:
    """The text without any find, or None when only a person can do that.

    `stays_outside`: the statement is one that belongs outside of a transaction, so only a role's find is removed.
    """
    for _ in range(_ROUNDS):
        found = sorted(finds(text, outside_too=not stays_outside))
        if not found:
            return text
        edits = _Rewording(text).edits(found)
        if edits is None:
            return None
        text = _edited(text, edits)
    return None


def _edited(text: str, edits: Iterable[_Edit]) -> str:
    """The text with these edits; of two that meet, the later one waits for the next round."""
    parts = []
    place = 0
    for start, stop, new in sorted(edits):
        if start >= place:
            parts += [text[place:start], new]
            place = stop
    return "".join([*parts, text[place:]])


class _Rewording:
    """One round over a text: how each find in it is to be written."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lexemes = list(lex(text))
        self._holders = read(text)
        self._escapes_named = "UESCAPE" in text.upper()
        self._bodies: dict[int, str | None] = {}

    def edits(self, found: Sequence[tuple[int, int]]) -> set[_Edit] | None:
        """An edit for every find, in the order of the text; None when one of them is for a person."""
        edits: set[_Edit] = set()
        first = 0
        for span in found:
            while first < len(self._lexemes) and self._lexemes[first].stop <= span[0]:
                first += 1
            last = first
            while last < len(self._lexemes) and self._lexemes[last].start < span[1]:
                last += 1
            edit = self._edit(span, first, last)
            if edit is None:
                return None
            edits.add(edit)
        return edits

    def _edit(self, span: tuple[int, int], first: int, last: int) -> _Edit | None:
        """How the find on the lexemes from `first` to before `last` is to be written."""
        on = self._lexemes[first:last]
        if not all(each.closed for each in on):
            return None
        if comment := next((each for each in on if each.kind == "comment"), None):
            return comment.start, comment.stop, "" if comment.text.startswith("--") else " "
        if quoted := next((each for each in on if each.string or each.kind == "name"), None):
            return self._in_quotes(quoted, span)
        if on and on[-1].text[:4].upper() == "ROLE":
            return self._quoted_name(last - 1)
        return None

    def _in_quotes(self, quoted: Lexeme, span: tuple[int, int]) -> _Edit | None:
        if quoted.kind == "dollar":
            if quoted.start not in self._bodies:
                self._bodies[quoted.start] = self._in_dollars(quoted)
            new = self._bodies[quoted.start]
            return None if new is None else (quoted.start, quoted.stop, new)
        gap = _GAP.search(self._text, max(span[0], quoted.start), min(span[1], quoted.stop))
        if gap is None:
            return None
        if quoted.kind == "string":
            # Two constants with a line break between them are one to PostgreSQL, in every kind of quotes.
            return gap.end(), gap.end(), "'\n'"
        if self._escapes_named:
            return None
        name = quoted.text if quoted.text[0] in "uU" else "U&" + quoted.text.replace("\\", "\\\\")
        escaped = _GAP.sub(lambda each: "".join(f"\\{ord(c):04x}" for c in each[0]), name)
        return quoted.start, quoted.stop, escaped

    def _in_dollars(self, quoted: Lexeme) -> str | None:
        """Code in SQL and PL/pgSQL is reworded as such, in other languages not; a constant gets plain quotes first."""
        tag = quoted.text.index("$", 1) + 1
        inside = quoted.text[tag:-tag]
        holder = next((each for each in self._holders if each.start <= quoted.start < each.stop), None)
        if holder is None or not (holder.verb == "DO" or {"FUNCTION", "PROCEDURE"} & set(holder.words[:4])):
            return "'" + inside.replace("'", "''") + "'"
        code = reword(inside) if _language(holder) in {"sql", "plpgsql"} else None
        return None if code is None else quoted.text[:tag] + code + quoted.text[:tag]

    def _quoted_name(self, place: int) -> _Edit:
        """The name in double quotes, as PostgreSQL folds it; `SET ROLE x` becomes `SET "role" TO x`."""
        name = self._lexemes[place]
        before = [each.word for each in islice(self._around(place, -1), 2)][::-1]
        then = next(self._around(place, 1), None)
        sets = before[-1:] == ["SET"] or (before[-1:] in (["SESSION"], ["LOCAL"]) and before[:-1] == ["SET"])
        value = then is not None and then.kind in {"word", "name", "string"} and then.word not in {"TO", "FROM"}
        folded = "".join(each.lower() if each.isascii() else each for each in name.text)
        return name.start, name.stop, f'"{folded}"' + (" TO" if name.word == "ROLE" and sets and value else "")

    def _around(self, place: int, step: int) -> Iterator[Lexeme]:
        """The lexemes before (-1) or behind (1) a place, comments left out."""
        place += step
        while 0 <= place < len(self._lexemes):
            if self._lexemes[place].kind != "comment":
                yield self._lexemes[place]
            place += step


def _language(holder: Statement) -> str:
    named = (then for word, then in pairwise(holder.words) if word == "LANGUAGE")
    return next(named, "plpgsql").strip("'\"").lower()


def in_plain_quotes(text: str) -> str:
    """The text with constants that the server's splitter takes for what they are: \\' doubled, tags in ASCII."""
    changed = []
    place = 0
    for each in lex(text):
        if each.kind == "string" and each.text[0] in "eE":
            new = _ESCAPE.sub(lambda found: "''" if found[1] == "'" else found[0], each.text)
        elif each.kind == "dollar" and not each.text.startswith("$$") and each.closed:
            tag = each.text.index("$", 1) + 1
            new = _ascii_tag(each.text[tag:-tag])
        else:
            continue
        changed += [text[place : each.start], new]
        place = each.stop
    return "".join([*changed, text[place:]])


def _ascii_tag(inside: str) -> str:
    tag = next(name for number in count() if (name := f"$body{number or ''}$") not in inside)
    return tag + inside + tag
