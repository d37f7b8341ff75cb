"""The practice project: a small real application with three databases on one embedded server."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..postgres.cluster import SUPERUSER
from ..postgres.embedded import Embedded
from ..postgres.url import read
from ..terms.errors import HeldError
from . import databases, files
from .bytebase.launching import PracticeBytebase
from .errors import InUseError, NotAPracticeProjectError, UnwritableError
from .files import is_practice

__all__ = ["Practice", "create", "is_practice", "opened", "serving"]

VARIABLES = {"dev": "DASHBOARD_DEV_URL", "staging": "DASHBOARD_STAGING_URL", "prod": "DASHBOARD_PROD_URL"}
"""The environment variable of each database, as the project's sensei.yaml names them."""

BYTEBASE = ".bytebase"
"""The folder of the practice Bytebase: what it remembers, and the keys of its accounts."""
BYTEBASE_URL, BYTEBASE_KEY = "DASHBOARD_BYTEBASE_URL", "DASHBOARD_BYTEBASE_KEY"
"""The variables of its address and of the service account's key, as the project's sensei.yaml names them."""

_PATIENCE = 120.0
"""Seconds to wait for another sensei that is building the same project."""


@dataclass(frozen=True, slots=True)
class Practice:
    """An open practice project: its databases answer. `notes` are sentences for the person, mostly none."""

    root: Path
    notes: tuple[str, ...] = ()


def create(directory: Path, *, fresh: bool = False, say: Callable[[str], None] = lambda _: None) -> Practice:
    """Make the project with its databases and stop its server again. Raises as `opened` does."""
    with opened(directory, fresh=fresh, say=say) as practice:
        return practice


@contextmanager
def opened(
    directory: Path,
    *,
    fresh: bool = False,
    person_reviews: bool | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Practice]:
    """Make the project if it is missing, start its servers, and stop them on leaving unless another sensei uses them.

    `fresh` deletes an existing practice project first. A killed predecessor leaves nothing that this does not clean.
    `person_reviews` says whether a person plays the reviewer of the practice Bytebase; None leaves it as it was.
    Raises PracticeServerError, NotAPracticeProjectError, InUseError, UnwritableError, PreparationError and
    EmbeddedServerError.
    """
    root = Path(os.path.abspath(directory))  # noqa: PTH100 -- resolve() would follow links, and two names be two homes
    with _alone(root):
        files.sweep(root)
        files.refuse_foreign(root)
        notes = _missing_tools()
        if fresh and is_practice(root):
            _demolish(root)
        if not is_practice(root):
            say(f"Making the practice project in {root} ...")
            _discard(_server(root))  # of a project whose folder somebody deleted by hand
            notes += files.lay_out(root)
        use = _use(root)
        server, gate = _server(root), bytebase(root)
        try:
            server.start()
            databases.build(server, root, say)
            _open_gate(gate, server, person_reviews=person_reviews)
            _write_variables(server, gate, root)
        except BaseException:
            gate.stop()
            server.stop()
            os.close(use)
            raise
    try:
        yield Practice(root, notes)
    finally:
        gate.stop()
        server.stop()
        os.close(use)


@contextmanager
def serving(directory: Path) -> Iterator[None]:
    """Let the databases of an existing practice project answer while the block runs; for every other sensei verb.

    Raises NotAPracticeProjectError and what `opened` raises.
    """
    if not is_practice(directory):
        raise NotAPracticeProjectError(directory)
    with opened(directory):
        yield


def bytebase(root: Path) -> PracticeBytebase:
    """The practice Bytebase of a project."""
    return PracticeBytebase(root / BYTEBASE)


def _open_gate(gate: PracticeBytebase, server: Embedded, *, person_reviews: bool | None) -> None:
    from .bytebase import office

    address = read(server.url())
    office.settle(gate.home, host=address.host, port=address.port, user=SUPERUSER, person_reviews=person_reviews)
    gate.start()


def _server(root: Path) -> Embedded:
    return Embedded(root / ".postgres")


def _missing_tools() -> tuple[str, ...]:
    if find_spec("pytest") is None:
        return ("pytest is not installed, so the project's tests cannot run: pip install 'schema-sensei[practice]'",)
    return ()


def _demolish(root: Path) -> None:
    use = os.open(root / files.MARKER, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _discard(_server(root))
        files.remove(root)
    except BlockingIOError:
        raise InUseError(root) from None
    finally:
        os.close(use)


def _discard(server: Embedded) -> None:
    """Delete the server's files, which may stand outside the project (see postgres.embedded); it is stopped first."""
    if server.running() is not None:
        server.start()
        server.stop()
    try:
        if server.place.exists():
            shutil.rmtree(server.place)
    except OSError as error:
        raise UnwritableError(server.place, error) from error


def _use(root: Path) -> int:
    use = os.open(root / files.MARKER, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(use, fcntl.LOCK_SH)
    return use


def _write_variables(server: Embedded, gate: PracticeBytebase, root: Path) -> None:
    from .bytebase import office

    lines = ["# Written by sensei practice: where the databases and Bytebase are while it runs.\n"]
    lines += [f"{VARIABLES[name]}='{server.url(name).reveal()}'\n" for name in databases.NAMES]
    settled = office.read(gate.home)
    if settled:
        lines += [f"{BYTEBASE_URL}='{gate.url}'\n", f"{BYTEBASE_KEY}='{settled.deployer_key}'\n"]
    path = root / ".env"
    text = "".join(lines)
    try:
        if not path.is_file() or path.read_text() != text:
            half = path.with_name(".env.new")
            half.write_text(text)
            half.chmod(0o600)
            half.rename(path)
    except OSError as error:
        raise UnwritableError(root, error) from error


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One sensei at a time makes, opens or deletes a project: a lock on the parent directory, which leaves no file."""
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        parent = os.open(root.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UnwritableError(root, error) from error
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(parent, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise HeldError(
                        f"Another sensei has been building a practice project in {root.parent} for two minutes.",
                        remedy="Look for a stopped sensei process, end it, and try again.",
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(parent)
