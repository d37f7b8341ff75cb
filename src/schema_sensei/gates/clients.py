"""One client, and so one login, for each Bytebase server and account that a project's environments name."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..project.environment import Environment
from ..project.project import Project
from ..terms.errors import UsageError
from ..terms.secrets import REDACTOR, Redactor

if TYPE_CHECKING:
    from ..bytebase.client import Client
    from ..bytebase.connection import Tries


class Clients:
    """Thread-safe. `environ` is where variables are looked up first, before the project's env file."""

    def __init__(
        self,
        project: Project,
        environ: Mapping[str, str] | None = None,
        *,
        tries: "Tries | None" = None,
        redactor: Redactor = REDACTOR,
    ) -> None:
        self._project = project
        self._environ = environ
        self._tries = tries
        self._redactor = redactor
        self._lock = threading.Lock()
        self._known: dict[tuple[object, ...], Client] = {}

    def of(self, environment: Environment) -> "Client":
        """The client for an environment; logs in with its first call. Raises MissingVariableError, UsageError."""
        from ..bytebase.client import Client
        from ..bytebase.connection import Connection

        route = environment.bytebase
        if route is None:
            raise UsageError(
                f"{environment.name} is not reached through Bytebase.",
                remedy="Set `gate: bytebase` for it in sensei.yaml, with its databases there.",
            )
        key = (route.url, route.account, route.key, route.token, route.headers, route.ca)
        with self._lock:
            if key not in self._known:
                variables = self._project.variables(self._environ)
                connection = Connection(
                    route.address(variables), route.identity(variables), tries=self._tries, redactor=self._redactor
                )
                self._known[key] = Client(connection)
            return self._known[key]

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            for client in self._known.values():
                client.close()
            self._known.clear()
