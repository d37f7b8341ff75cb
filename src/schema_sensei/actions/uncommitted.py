"""Which models files git would commit now: those that were changed, added or deleted since the last commit."""

import subprocess
from collections.abc import Mapping

from ..changes.draft import relative
from ..project.project import Project
from . import branch

SECONDS = 5.0
"""A repository so large that git needs longer is no reason to wait."""


def models(project: Project, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """The paths, relative to the project; None when git cannot tell. Nothing in the repository is written."""
    top = branch.top(project.root)
    places = [str(path.parent if path.name == "__init__.py" else path) for path in project.model_files]
    if top is None or not places:
        return None
    command = ["git", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *places]
    quiet = {**environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1"}
    try:
        said = subprocess.run(command, cwd=project.root, env=quiet, capture_output=True, check=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    names = [entry[3:] for entry in said.stdout.decode(errors="replace").split("\0") if entry]
    return tuple(sorted(relative(top / name, project.root) for name in names if name.endswith(".py")))
