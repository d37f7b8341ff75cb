"""The page of each hazard: bad, why, good. The level, the reason and the cure of a finding are read from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from ...terms.errors import UsageError
from .model import LEVELS, Level

_SHAPE = re.compile(
    r"# (?P<title>[^\n]+)\n\nLevel: (?P<level>\w+)\n\n## Bad\n\n(?P<bad>.+?)\n\n"
    r"## Why\n\n(?P<why>.+?)\n\n## Good\n\n(?P<good>.+)\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Page:
    """One hazard explained; `text` is the whole Markdown, `why` one paragraph, `good` text and fenced SQL."""

    id: str
    title: str
    level: Level
    why: str
    good: str
    text: str

    def safer(self, names: Mapping[str, str]) -> str:
        """The cure with `<table>`, `<column>` and the like, and `(...)`, replaced by the names that are known."""
        text = re.sub(r"<(\w+)>|\(\.\.\.\)", lambda found: names.get(found[1] or found[0], found[0]), self.good)
        return text.replace("CREATE INDEX", f"CREATE {names.get('unique', '')}INDEX")


@cache
def pages() -> Mapping[str, Page]:
    """Every page by hazard id, in alphabetical order."""
    found = sorted(files(__package__).joinpath("pages").iterdir(), key=lambda each: each.name)
    return {name: _page(name, each.read_text("utf-8")) for each in found if (name := each.name.removesuffix(".md"))}


def page(name: str) -> Page:
    """The page of a hazard. Raises UsageError that names the ids there are."""
    try:
        return pages()[name]
    except KeyError:
        near = [each for each in pages() if any(part in each for part in name.split("-"))] or list(pages())
        raise UsageError(f"There is no hazard {name}.", remedy=f"Known: {', '.join(near)}.") from None


def _page(name: str, text: str) -> Page:
    found = _SHAPE.fullmatch(text)
    if found is None or found["level"] not in LEVELS:
        raise ValueError(f"the page {name} is not of the form title, level, Bad, Why, Good")
    why = " ".join(found["why"].split())
    return Page(name, found["title"], cast("Level", found["level"]), why, found["good"].strip(), text)
