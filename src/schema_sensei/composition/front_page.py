"""What the first screen shows of a project, kept beside the cache of definitions: reading YAML would cost a blink."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..terms.values import value

if TYPE_CHECKING:
    from ..project.project import Project


@value
class FrontPage:
    """The project's name, its environments in order with whether they are protected, and its own workflows' folder."""

    name: str
    environments: tuple[tuple[str, bool], ...]
    workflows: Path | None

    @classmethod
    def of(cls, project: "Project") -> "FrontPage":
        """The front page of a project that was read."""
        return cls(project.name, tuple((each.name, each.protected) for each in project.environments), project.workflows)


def read(file: Path, cache: Path) -> FrontPage | None:
    """The front page of a sensei.yaml that has not changed since `keep`; None when it must be read anew."""
    try:
        data = json.loads(_kept(file, cache).read_text(encoding="utf-8"))
        environments = tuple((str(name), bool(protected)) for name, protected in data["environments"])
        workflows = Path(data["workflows"]) if data["workflows"] else None
        return FrontPage(str(data["name"]), environments, workflows)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(file: Path, cache: Path, page: FrontPage) -> None:
    """Keep the front page for the next start; a cache that cannot be written is done without."""
    data = {
        "name": page.name,
        "environments": page.environments,
        "workflows": str(page.workflows) if page.workflows else None,
    }
    with suppress(OSError):
        kept = _kept(file, cache)
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = kept.with_name(f".{kept.name}.{os.getpid()}")
        written.write_text(json.dumps(data), encoding="utf-8")
        written.replace(kept)


def _kept(file: Path, cache: Path) -> Path:
    digest = hashlib.sha256(str(file.absolute()).encode() + b"\0" + file.read_bytes()).hexdigest()
    return cache / f"front-page-{digest[:32]}.json"
