"""The practice project's files: laid out beside their place, then moved there in one step."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .. import __version__
from .errors import NotAPracticeProjectError, UnwritableError

TEMPLATE = Path(__file__).parent / "template"
MARKER = ".practice"
"""The file that says a directory is ours to delete; open sessions hold a lock on it."""

_GIT_IDENTITY = {"user.name": "Practice", "user.email": "practice@example.org", "commit.gpgsign": "false"}


def is_practice(directory: Path) -> bool:
    """Whether the directory is a practice project."""
    return (directory / MARKER).is_file()


def refuse_foreign(directory: Path) -> None:
    """Raise NotAPracticeProjectError if something else than a practice project stands at the directory."""
    if is_practice(directory) or not os.path.lexists(directory):
        return
    if not directory.is_dir() or any(directory.iterdir()):
        raise NotAPracticeProjectError(directory)


def lay_out(directory: Path) -> tuple[str, ...]:
    """Make the project's files at a directory that is absent or empty; returns what a person should know about it."""
    stage = directory.with_name(f".{directory.name}.new-{os.getpid()}")
    try:
        shutil.copytree(TEMPLATE, stage, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"))
        (stage / "gitignore").rename(stage / ".gitignore")
        settings = stage / "sensei.yaml"
        tests = json.dumps([sys.executable, "-m", "pytest"], ensure_ascii=False)
        settings.write_text(settings.read_text().replace("@TESTS@", tests))
        (stage / MARKER).write_text(json.dumps({"made_by": f"schema-sensei {__version__}"}) + "\n")
        notes = _commit(stage)
        stage.rename(directory)
    except OSError as error:
        raise UnwritableError(directory, error) from error
    return notes


def sweep(directory: Path) -> None:
    """Remove what a crash left beside the directory; call it only while nobody else can be making it."""
    for pattern in ("new", "removed"):
        for left in directory.parent.glob(f".{directory.name}.{pattern}-*"):
            shutil.rmtree(left, ignore_errors=True)


def remove(directory: Path) -> None:
    """Delete the practice project; from the first instant it is no longer at its place."""
    doomed = directory.with_name(f".{directory.name}.removed-{os.getpid()}")
    try:
        directory.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise UnwritableError(directory, error) from error


def _commit(stage: Path) -> tuple[str, ...]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    steps = [
        ["init", "--quiet", "--template="],
        ["symbolic-ref", "HEAD", "refs/heads/main"],
        *(["config", name, value] for name, value in _GIT_IDENTITY.items()),
        ["add", "--all"],
        ["-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--message", "The dashboard as it stands"],
    ]
    try:
        for step in steps:
            subprocess.run(["git", *step], cwd=stage, env=environ, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        return ("git is not installed: the practice project has no repository, so you cannot look at your changes.",)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(stage / ".git", ignore_errors=True)
        return (f"git could not make the practice project's repository: {error.stderr.strip()}",)
    return ()
