"""Finds the troubleshooting entries that fit a message."""

from collections.abc import Iterable

from .workflow import Trouble

MAX_LENGTH = 20_000


def look_up(troubles: Iterable[Trouble], message: str) -> tuple[Trouble, ...]:
    """The entries that fit a message, the one that recognises most of it first, ids breaking ties.

    A message of a few words is also compared the other way round, with the entries' titles and texts, as in a search.
    """
    text = _plain(message)
    if not text:
        return ()
    scored = [(_score(trouble, text), trouble) for trouble in troubles]
    fitting = sorted((-score, trouble.id, trouble) for score, trouble in scored if score)
    return tuple(trouble for _, _, trouble in fitting)


def _plain(text: str) -> str:
    return " ".join(text[:MAX_LENGTH].casefold().split())


def _score(trouble: Trouble, text: str) -> int:
    """How many characters of the message are recognised; a search hit counts 1, so that real matches come first."""
    recognised = max((_recognised(pattern, text) for pattern in trouble.match), default=0)
    if recognised:
        return recognised
    return int(any(text in _plain(known) for known in (trouble.title, trouble.id, *trouble.match)))


def _recognised(pattern: str, text: str) -> int:
    """The letters of the pattern, when its pieces between the stars stand in the text in this order; else 0."""
    pieces = [piece.strip() for piece in _plain(pattern).split("*")]
    at = 0
    for piece in pieces:
        found = text.find(piece, at)
        if found < 0:
            return 0
        at = found + len(piece)
    return sum(map(len, pieces))
