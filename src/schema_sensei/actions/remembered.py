"""Catalogs of scratch databases, kept on disk under what they were made from: what is known is not made again."""

import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..postgres import catalog
from ..postgres.catalog import Catalog
from ..terms.errors import UsageError
from .services import Services

KEPT = 12
"""Catalogs that stay for the next time; the longest unused go first."""


def remembered(services: Services, key: str, read: Callable[[], Catalog]) -> Catalog:
    """The catalog of this key, from disk, or from `read`, which is then kept. Raises what `read` raises.

    A catalog counts only for the scratch server's version, and for the query it was read with.
    """
    services.memory.scratch_version = services.memory.scratch_version or services.scratch().server_version()
    whole = f"{key}\n{services.memory.scratch_version}\n{catalog.query_digest()}"
    folder = services.project.directory / "catalogs"
    path = folder / hashlib.sha256(whole.encode()).hexdigest()[:32]
    found = _kept(path)
    if found is None:
        found = read()
        with suppress(OSError):  # a read-only checkout: it is made again the next time
            _keep(path, found)
    return found


def _kept(path: Path) -> Catalog | None:
    try:
        found = Catalog.from_json(json.loads(zlib.decompress(path.read_bytes())))
    except (OSError, ValueError, zlib.error, UsageError):  # not there, or broken: read again
        return None
    with suppress(OSError):
        os.utime(path)
    return found


def _keep(path: Path, found: Catalog) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = path.parent.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    text = json.dumps(found.to_json(), ensure_ascii=False, separators=(",", ":"))
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(zlib.compress(text.encode("utf-8", "surrogatepass"), 1))
    Path(file.name).replace(path)
    known = sorted(path.parent.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for each in known[KEPT:]:
        each.unlink(missing_ok=True)
