"""Migrations: everything a project's Alembic can tell or do, each command in its own process, its result as data."""

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Self, cast

from ..terms.secrets import Secret
from .client import WarmServer
from .generated import Generated, Rename, Shape
from .history import History
from .layout import Layout
from .settings import Settings
from .survey import Survey
from .unit import Unit
from .wire import Message

RevisionState = Literal["running", "done"]


def new_revision_id() -> str:
    """Twelve hexadecimal digits, as Alembic makes them: choose the id first, so that its file can be found again."""
    return uuid.uuid4().hex[-12:]


class Migrations:
    """One project's Alembic. Thread-safe; every method but `warm`, `cancel` and `close` blocks until its process ended.

    `timeout` is in seconds, for one command. Every method may raise the errors of `errors.py`; those of the project's
    own code say file and line. `server` may be lent, for several projects to share one.
    """

    def __init__(self, layout: Layout, *, timeout: float = 300.0, server: WarmServer | None = None) -> None:
        self.layout = layout
        self._timeout = timeout
        self._server = server or WarmServer()
        self._lent = server is not None

    def warm(self) -> None:
        """Starts the server that has Alembic loaded; returns at once."""
        self._server.start()

    def cancel(self) -> None:
        """Kills what runs now; its callers get WorkerCancelledError. What a killed upgrade did is rolled back."""
        self._server.cancel()

    def close(self) -> None:
        """Ends the server and whatever it runs, unless it was lent to us."""
        if not self._lent:
            self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def history(self) -> History:
        """The revisions and what is wrong with their files; needs no database."""
        return cast(History, self._run("history"))

    def settings(self) -> Settings:
        """How env.py configures Alembic; needs no database."""
        return cast(Settings, self._run("settings"))

    def survey(self) -> Survey:
        """History, settings and a mark of the models in one command; needs no database. What is wrong is in it."""
        return cast(Survey, self._run("survey"))

    def database_heads(self, url: Secret) -> tuple[str, ...]:
        """The revisions at which the database stands, sorted, from the version table that env.py names."""
        return cast(tuple[str, ...], self._run("database_heads", url=url))

    def autogenerate(
        self,
        url: Secret,
        *,
        message: str,
        revision: str,
        head: str | None = None,
        write: bool = True,
        shape: Shape | None = None,
    ) -> Generated:
        """Compares the models with the database and writes the revision file, unless there is nothing to write.

        `revision` is the id it will have. `head` is the revision to follow, needed when there are several heads. The
        database must stand at the heads of the history and is only read. `shape` says what of the difference is
        written, and how.
        """
        return cast(
            Generated,
            self._run(
                "autogenerate",
                url=url,
                message=message,
                revision=revision,
                head=head,
                write=write,
                shape=shape or Shape(),
            ),
        )

    def emit(
        self,
        start: Sequence[str],
        destination: str | Sequence[str],
        *,
        direction: Literal["up", "down"] = "up",
    ) -> tuple[Unit, ...]:
        """The units that lead from the heads `start` (() is an empty database) to the destination.

        `destination` is a revision, several, "heads" or "base", never a relative one. Needs no database.
        """
        target = destination if isinstance(destination, str) else list(destination)
        return cast(tuple[Unit, ...], self._run("emit", start=list(start), destination=target, direction=direction))

    def upgrade(
        self,
        url: Secret,
        destination: str | Sequence[str] = "heads",
        *,
        direction: Literal["up", "down"] = "up",
        on_revision: Callable[[str, RevisionState], None] = lambda *_: None,
        plain: bool = False,
    ) -> tuple[str, ...]:
        """Runs the revisions through env.py, one transaction each; the heads read afterwards on a fresh connection.

        For scratch databases: what a target gets is a Script. `on_revision` hears of each revision when it begins and
        when it is committed. `plain` leaves env.py out, for one that cannot be run. RolledBackError when the version
        table did not move as Alembic said.
        """
        target = destination if isinstance(destination, str) else list(destination)

        def hear(event: Message) -> None:
            on_revision(event["revision"], event["state"])

        return cast(
            tuple[str, ...],
            self._run("upgrade", url=url, on_event=hear, destination=target, direction=direction, plain=plain),
        )

    def create_models(self, url: Secret, *, extensions: Sequence[str] = (), functions: Sequence[str] = ()) -> int:
        """Creates what the models describe (extensions, schemas, tables) in an empty database; how many tables.

        `functions` are statements that create what defaults and checks may call; those that do not run are left out.
        """
        return cast(int, self._run("create_models", url=url, extensions=list(extensions), functions=list(functions)))

    def write_revision(self, revision: str, message: str, up: str, down: str, imports: str = "") -> Path:
        """Writes a revision after the head, its bodies as given, through the project's template; needs no database."""
        given = {"message": message, "up": up, "down": down, "imports": imports}
        return cast(Path, self._run("write_revision", revision=revision, bodies=given))

    def rename(self, url: Secret, renames: Sequence[Rename]) -> None:
        """Does the renames in a scratch database at the heads, as a revision with them in its shape will."""
        self._run("rename", url=url, renames=list(renames))

    def _run(
        self,
        operation: str,
        *,
        url: Secret | None = None,
        on_event: Callable[[Message], None] = lambda _: None,
        **arguments: Any,
    ) -> Any:
        arguments["layout"] = self.layout
        return self._server.run(operation, arguments, url=url, on_event=on_event, timeout=self._timeout)
