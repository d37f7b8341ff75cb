"""Alembic in a worker process; results come back as data."""

from .discovery import discover
from .generated import Abrupt, Caution, Generated, Operation, Rename, Shape, Waiting
from .history import History, Problem, Revision
from .layout import Layout
from .migrations import Migrations, new_revision_id
from .scaffolding import scaffold
from .settings import Settings
from .survey import Survey
from .unit import Unit

__all__ = [
    "Abrupt",
    "Caution",
    "Generated",
    "History",
    "Layout",
    "Migrations",
    "Operation",
    "Problem",
    "Rename",
    "Revision",
    "Settings",
    "Shape",
    "Survey",
    "Unit",
    "Waiting",
    "discover",
    "new_revision_id",
    "scaffold",
]
