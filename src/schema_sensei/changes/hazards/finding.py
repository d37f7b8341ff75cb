"""Finding: a hazard as a rule sees it, before its page gives it words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .statements import Statement


@dataclass(frozen=True)
class Finding:
    """A hazard's id, where it stands, and what it is about.

    `table` is the oid of the table concerned (0: none), `lock` the strength of the lock seen on it (-1: none), `names`
    fills the cure's placeholders, `words` replaces the page's reason where there are better ones.
    """

    id: str
    statement: Statement
    object: str
    table: int = 0
    lock: int = -1
    names: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
