"""The shelf: a folder with one folder per backup; a manifest, written last, makes a backup of it."""

import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...terms.errors import HeldError
from .errors import BackupError, BrokenBackupError, NoRoomError, UnknownBackupError
from .manifest import Manifest

FOLDER = "backups"
BEING_TAKEN = "it is being taken just now"
_MANIFEST = "manifest.json"
_MARK = "environment"
_CHUNK = 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class Entry:
    """One folder of the shelf: a backup, or what a crash left of one; `wrong` says why it is none to rely on."""

    id: str
    manifest: Manifest | None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The backups of a project, in its .sensei folder; for their owner's eyes only (0700, files 0600)."""

    directory: Path

    @classmethod
    def of(cls, directory: Path) -> "Shelf":
        """The shelf in a project's own folder."""
        return cls(directory / FOLDER)

    def folder(self, name: str) -> Path:
        return self.directory / name

    def open(self, name: str, *, mark: str = "") -> Path:
        """Make the folder of a backup; `mark` names the environment where its copies will lie. Raises BackupError."""
        folder = self.folder(name)
        try:
            self.directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            ignore = self.directory.parent / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
            for each in (self.directory, folder):
                each.mkdir(mode=0o700, exist_ok=True)
                each.chmod(0o700)
            if mark:
                (folder / _MARK).write_text(mark, "utf-8")
        except OSError as error:
            raise unwritable(error, folder) from error
        return folder

    def marked(self, name: str) -> str:
        """The environment in which an interrupted backup may have left copies; empty for none."""
        try:
            return (self.folder(name) / _MARK).read_text("utf-8")
        except OSError:
            return ""

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Work on a backup alone: nobody prunes it meanwhile. Ends with the process. Raises HeldError."""
        handle = os.open(self.open(name), os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise HeldError(
                    f"Somebody works on backup {name} just now.", remedy="Wait until it is done: sensei backups"
                ) from error
            yield
        finally:
            os.close(handle)

    def held(self, name: str) -> bool:
        """Whether somebody works on it just now."""
        try:
            handle = os.open(self.folder(name), os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def keep(self, manifest: Manifest) -> None:
        """Make it a backup, or say something new about one: the manifest is there whole, or as it was before."""
        folder = self.folder(manifest.id)
        half = folder / f".{_MANIFEST}-{secrets.token_hex(4)}"
        try:
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(manifest.to_json(), file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            half.replace(folder / _MANIFEST)
            sync(folder)
            sync(self.directory)
        except OSError as error:
            half.unlink(missing_ok=True)
            raise unwritable(error, folder) from error

    def entries(self) -> tuple[Entry, ...]:
        """Everything on it, the newest first."""
        if not self.directory.is_dir():
            return ()
        folders = sorted((each.name for each in self.directory.iterdir() if each.is_dir()), reverse=True)
        return tuple(self.entry(name) for name in folders)

    def entry(self, name: str) -> Entry:
        """One folder as it is: the file's size is looked at, its bytes are not."""
        path = self.folder(name) / _MANIFEST
        try:
            manifest = Manifest.from_json(json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return Entry(name, None, BEING_TAKEN if self.held(name) else "it was interrupted before it was complete")
        except (OSError, ValueError) as error:
            return Entry(name, None, f"its manifest cannot be read: {error}")
        if manifest.id != name:
            return Entry(name, None, f"its manifest is that of {manifest.id}")
        if manifest.file:
            try:
                size = (self.folder(name) / manifest.file).stat().st_size
            except OSError:
                return Entry(name, manifest, f"its file {manifest.file} is gone")
            if size != manifest.size:
                return Entry(name, manifest, f"its file has {size} bytes, not {manifest.size}")
        return Entry(name, manifest, manifest.doubt)

    def find(self, name: str) -> Manifest:
        """The backup of this id, which may be shortened, or `newest`. Raises UnknownBackupError, BrokenBackupError."""
        entries = self.entries()
        fitting = [each for each in entries if each.id == name] or [
            each for each in entries if name and name in each.id
        ]
        if name == "newest":
            fitting = [each for each in entries if each.manifest is not None][:1]
        if len(fitting) != 1:
            newest = ", ".join(each.id for each in entries[:3]) or "none"
            raise UnknownBackupError(
                f"{len(fitting)} backups are called {name}." if fitting else f"There is no backup {name}.",
                remedy=f"`sensei backups` lists them; the newest are: {newest}",
            )
        manifest = fitting[0].manifest
        if manifest is None:
            raise BrokenBackupError(
                f"{fitting[0].id} is not a backup: {fitting[0].wrong}.",
                remedy="Take a new one. `sensei backups prune` removes what is broken.",
            )
        return manifest

    def intact(self, manifest: Manifest, checkpoint: Callable[[], None] = lambda: None) -> tuple[Path, Path | None]:
        """Its files (rows, schema or None), every byte compared with the checksums. Raises BrokenBackupError."""
        folder = self.folder(manifest.id)
        rows = self._same(manifest, folder / manifest.file, manifest.sha256, checkpoint)
        if not manifest.schema:
            return rows, None
        return rows, self._same(manifest, folder / manifest.schema, manifest.schema_sha256, checkpoint)

    def _same(self, manifest: Manifest, path: Path, sha256: str, checkpoint: Callable[[], None]) -> Path:
        found = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    checkpoint()
                    found.update(chunk)
        except OSError as error:
            raise BrokenBackupError(
                f"The file of backup {manifest.id} cannot be read: {error.strerror}.",
                means="It is not restored from.",
                remedy="Use another backup (sensei backups), or take a new one.",
                where=str(path),
            ) from error
        if found.hexdigest() != sha256:
            raise BrokenBackupError(
                f"The file of backup {manifest.id} is not what was written: its checksum is another.",
                means="A disk error, or somebody changed it. It is not restored from.",
                remedy="Use another backup (sensei backups), or take a new one.",
                where=str(path),
            )
        return path

    def remove(self, name: str, *, folder: bool = True) -> None:
        """Take a backup off the shelf: first its manifest, so that no half of it is ever taken for a backup."""
        place = self.folder(name)
        (place / _MANIFEST).unlink(missing_ok=True)
        for each in place.glob("*"):
            each.unlink(missing_ok=True)
        if folder:
            shutil.rmtree(place, ignore_errors=True)

    def free(self) -> int:
        """Bytes that can still be written there."""
        place = self.directory
        while not place.exists():
            place = place.parent
        return shutil.disk_usage(place).free


def new_id(now: float) -> str:
    """A name that sorts by time: `20261124-0416-3fa2`."""
    return f"{time.strftime('%Y%m%d-%H%M', time.localtime(now))}-{secrets.token_hex(2)}"


def unwritable(error: OSError, path: Path) -> BackupError:
    """The typed error for a file that cannot be written."""
    if error.errno in _FULL:
        return NoRoomError(
            f"There is no room for the backup: {error.strerror}.",
            means="Nothing of it is kept.",
            remedy="Free some space (sensei backups prune), or move .sensei/backups to a larger disk and link it.",
            where=str(path),
        )
    return BackupError(
        f"The backup cannot be written: {error.strerror or error}.",
        means="Nothing of it is kept.",
        remedy="Make the folder writable for you.",
        where=str(path),
    )


def sync(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
