"""Where a project is: the file that makes a folder one, and the folder that Sensei keeps in it."""

from pathlib import Path

FILE_NAME = "sensei.yaml"
DIRECTORY = ".sensei"
"""Where a project's journal and caches live, beside sensei.yaml; git-ignored."""


def find(start: Path) -> Path | None:
    """The sensei.yaml of the directory `start` or of the closest one above it."""
    for folder in (start.absolute(), *start.absolute().parents):
        path = folder / FILE_NAME
        if path.is_file():
            return path
    return None
