"""The practice project and the person in it, for the real run."""

from tests.e2e.conftest import person, practice

__all__ = ["person", "practice"]
