"""One call as an operation sees it, the table row that leads there, and what paths say."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .refusals import missing
from .store import Document
from .wire import Body

if TYPE_CHECKING:
    from .world import World

Fields = Mapping[str, Any]
"""The fields that a message may have: a name leads to `str`, `bool`, `int`, `dict` (a map), to the fields of a
message, or to a list of one of these."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose caller is known and may make it, and whose body holds known fields only."""

    world: "World"
    caller: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    body: Body = field(default_factory=dict)

    def project(self) -> Document:
        """The project that the path names. Raises Refusal."""
        name = self.names["project"]
        found = self.world.store.get("project", name)
        if found is None:
            raise missing(f'project "{name}" not found')
        return found

    def mask(self) -> list[str]:
        """The paths of the update mask; without one the server derives them from the body."""
        return update_mask(self.query, self.body)


@dataclass(frozen=True)
class Route:
    """A method and path, the permission it needs ("" for none, "-" for open to all), and what happens then."""

    method: str
    template: str
    rpc: str
    permission: str
    act: Callable[[Call], Body]
    fields: Fields | None = None
    """What the body may hold; None where the call has no body."""
    outside_lock: bool = False
    """Whether it talks to a database, and so must not hold up other calls."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path with its names as groups."""
        text = re.escape(self.template).replace(r"\{", "{").replace(r"\}", "}")
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/:]+)", text) + r"\Z")


def update_mask(query: Mapping[str, str], body: Fields) -> list[str]:
    """The paths of `updateMask`, or those of the body's keys when it is absent or misspelt."""
    from .wire import snake

    text = query.get("updateMask") or query.get("update_mask") or ""
    return [path.strip() for path in text.split(",") if path.strip()] or [snake(name) for name in body]
