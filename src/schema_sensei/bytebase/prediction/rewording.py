"""Rewrites a statement so that it means the same and none of the server's patterns is found in it.

A comment goes; a literal is continued on a further line, which PostgreSQL joins again; a name is quoted.
"""

import re
from itertools import count, pairwise

from .reading import Lexeme, Statement, lex, read
from .sorting import ROLE, outside

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_GAP = re.compile(r"[\t\n\f\r ]+")
_ATTEMPTS = 200


def touched(text: str, span: tuple[int, int]) -> list[Lexeme]:
    """The lexemes that a find lies on."""
    start, stop = span
    return [each for each in lex(text) if each.start < stop and start < each.stop]


def reword(text: str, *, stays_outside: bool = False) -> str | None:
    """The text without any find, or None when only a person can do that.

    `stays_outside`: the statement is one that belongs outside of a transaction, so only a role's find is removed.
    """
    for _ in range(_ATTEMPTS):
        found = ROLE.search(text) or (None if stays_outside else outside(text))
        if found is None:
            return text
        changed = _reword(text, found)
        if changed is None or changed == text:
            return None
        text = changed
    return None


def _reword(text: str, found: re.Match[str]) -> str | None:
    lexemes = touched(text, found.span())
    if not all(each.closed for each in lexemes):
        return None
    if comment := next((each for each in lexemes if each.kind == "comment"), None):
        return _replaced(text, comment, "" if comment.text.startswith("--") else " ")
    if quoted := next((each for each in lexemes if each.string or each.kind == "name"), None):
        return _in_quotes(text, quoted, found)
    last = lexemes[-1] if lexemes else None
    return _quoted_name(text, last) if last and last.text[:4].upper() == "ROLE" else None


def _replaced(text: str, lexeme: Lexeme, new: str) -> str:
    return text[: lexeme.start] + new + text[lexeme.stop :]


def _in_quotes(text: str, quoted: Lexeme, found: re.Match[str]) -> str | None:
    gap = _GAP.search(text, max(found.start(), quoted.start), min(found.end(), quoted.stop))
    match quoted.kind:
        case "dollar":
            return _in_dollars(text, quoted)
        case "string" if gap:
            # Two constants with a line break between them are one to PostgreSQL, in every kind of quotes.
            return f"{text[: gap.end()]}'\n'{text[gap.end() :]}"
        case "name" if gap and "UESCAPE" not in text.upper():
            name = quoted.text if quoted.text[0] in "uU" else "U&" + quoted.text.replace("\\", "\\\\")
            return _replaced(text, quoted, _GAP.sub(lambda each: "".join(f"\\{ord(c):04x}" for c in each[0]), name))
        case _:
            return None


def _in_dollars(text: str, quoted: Lexeme) -> str | None:
    """Code in SQL and PL/pgSQL is reworded as such, in other languages not; a constant gets plain quotes first."""
    tag = quoted.text.index("$", 1) + 1
    inside = quoted.text[tag:-tag]
    holder = next((each for each in read(text) if each.start <= quoted.start < each.stop), None)
    if holder is None or not (holder.verb == "DO" or {"FUNCTION", "PROCEDURE"} & set(holder.words[:4])):
        return _replaced(text, quoted, "'" + inside.replace("'", "''") + "'")
    code = reword(inside) if _language(holder) in {"sql", "plpgsql"} else None
    return None if code is None else _replaced(text, quoted, quoted.text[:tag] + code + quoted.text[:tag])


def _language(holder: Statement) -> str:
    named = (then for word, then in pairwise(holder.words) if word == "LANGUAGE")
    return next(named, "plpgsql").strip("'\"").lower()


def _quoted_name(text: str, name: Lexeme) -> str:
    """The name in double quotes, as PostgreSQL folds it; `SET ROLE x` becomes `SET "role" TO x`."""
    lexemes = [each for each in lex(text) if each.kind != "comment"]
    place = next(number for number, each in enumerate(lexemes) if each.start == name.start)
    before = [each.word for each in lexemes[max(0, place - 2) : place]]
    then = lexemes[place + 1] if place + 1 < len(lexemes) else None
    sets = before[-1:] == ["SET"] or (before[-1:] in (["SESSION"], ["LOCAL"]) and before[:-1] == ["SET"])
    value = then is not None and then.kind in {"word", "name", "string"} and then.word not in {"TO", "FROM"}
    folded = "".join(each.lower() if each.isascii() else each for each in name.text)
    return _replaced(text, name, f'"{folded}"' + (" TO" if name.word == "ROLE" and sets and value else ""))


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
