"""Scores and grades."""

from fractions import Fraction

import pytest
from dashboard.scoring import grade, score


def test_weights_count() -> None:
    assert score([(5, 3), (0, 1)]) == Fraction(3, 4)


def test_nothing_answered_has_no_score() -> None:
    assert score([]) is None


@pytest.mark.parametrize("answer", [(6, 1), (-1, 1), (3, 0)])
def test_impossible_answers_are_refused(answer: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot be scored"):
        score([answer])


@pytest.mark.parametrize(("share", "word"), [("9/10", "excellent"), ("3/5", "passed"), ("59/100", "not yet")])
def test_grades(share: str, word: str) -> None:
    assert grade(Fraction(share)) == word
