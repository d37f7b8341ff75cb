"""The score of an assessment: the weighted share of the points it could give."""

from collections.abc import Iterable
from fractions import Fraction

MOST_POINTS = 5


def score(answers: Iterable[tuple[int, int]]) -> Fraction | None:
    """From 0 to 1 for (points, weight) pairs; None while nothing is answered."""
    given = possible = 0
    for points, weight in answers:
        if not 0 <= points <= MOST_POINTS or weight < 1:
            raise ValueError(f"{points} points with weight {weight} cannot be scored")
        given += points * weight
        possible += MOST_POINTS * weight
    return Fraction(given, possible) if possible else None


def grade(share: Fraction) -> str:
    """The word people see for a score."""
    if share >= Fraction(9, 10):
        return "excellent"
    return "passed" if share >= Fraction(3, 5) else "not yet"
