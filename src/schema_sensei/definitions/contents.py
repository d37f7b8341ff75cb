"""Where definition files are, and their bytes; light, because every start looks whether anything changed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ..terms.values import value

PACKAGE: Final = Path(__file__).parents[1]
SUFFIXES: Final = (".yaml", ".yml")
MAX_FILES: Final = 2000


@value
class Content:
    """One definition file: its bytes, or in words why it cannot be read."""

    path: Path
    text: bytes | str
    bundled: bool = False


def bundled_directory() -> Path:
    """The workflows that come with the product: package data in a wheel, else the `workflows/` of the checkout."""
    packaged = PACKAGE / "workflows"
    return packaged if packaged.is_dir() else PACKAGE.parents[1] / "workflows"


def contents(paths: Sequence[Path], *, bundled: bool = False) -> tuple[Content, ...]:
    """Every definition file among files and directories, each once; sorted within a directory. Never raises."""
    found: dict[Path, Content] = {}
    for path in paths:
        for file in _files(path):
            found.setdefault(_resolved(file), _read(file, bundled))
            if len(found) > MAX_FILES:
                return (*found.values(), Content(path, f"more than {MAX_FILES} definition files"))
    return tuple(found.values())


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.suffix in SUFFIXES and not hidden and not file.is_dir():
            yield file


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a symlink loop before Python 3.13; a NUL in the name
        return path


def _read(path: Path, bundled: bool) -> Content:
    try:
        if path.exists() and not path.is_file():
            return Content(path, "not a regular file", bundled)  # a pipe would block for ever
        return Content(path, path.read_bytes(), bundled)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Content(path, f"cannot be read: {reason}", bundled)
