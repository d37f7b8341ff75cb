"""Which git branch the project is on, read from git's own files: no git program is needed, none is started."""

from pathlib import Path

_USUAL_DEFAULTS = ("main", "master", "trunk")


def current(root: Path) -> str | None:
    """The branch that is checked out around `root`; None outside git or on no branch."""
    git = _directory(root)
    if git is None:
        return None
    reference = _read(git / "HEAD").removeprefix("ref: refs/heads/")
    return None if not reference or "ref:" in reference or _is_commit(reference) else reference


def is_default(root: Path, branch: str) -> bool:
    """Whether the branch is the one others build on: origin's default, or one of the usual names."""
    git = _directory(root)
    if git is None:
        return False
    common = _read(git / "commondir")
    shared = (git / common).resolve() if common else git
    remote = _read(shared / "refs" / "remotes" / "origin" / "HEAD").removeprefix("ref: refs/remotes/origin/")
    return branch == remote if remote else branch in _USUAL_DEFAULTS


def top(root: Path) -> Path | None:
    """The folder around `root` that is a git checkout; None outside git."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)


def _directory(root: Path) -> Path | None:
    folder = top(root)
    if folder is None:
        return None
    place = folder / ".git"
    if place.is_dir():
        return place
    return (folder / _read(place).removeprefix("gitdir: ")).resolve()  # a worktree or a submodule


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _is_commit(text: str) -> bool:
    return len(text) in {40, 64} and all(character in "0123456789abcdef" for character in text)
