"""Alembic in a worker process; results come back as data."""

from .discovery import discover
from .generated import Caution, Generated, Operation
from .history import History, Problem, Revision
from .layout import Layout
from .migrations import Migrations, new_revision_id
from .scaffolding import scaffold
from .settings import Settings
from .unit import Unit

__all__ = [
    "Caution",
    "Generated",
    "History",
    "Layout",
    "Migrations",
    "Operation",
    "Problem",
    "Revision",
    "Settings",
    "Unit",
    "discover",
    "new_revision_id",
    "scaffold",
]
