"""The practice project and the person in it, for the real run; the small project, for real hazards."""

from tests.actions.conftest import shop, warm_server
from tests.e2e.conftest import person, practice

__all__ = ["person", "practice", "shop", "warm_server"]
