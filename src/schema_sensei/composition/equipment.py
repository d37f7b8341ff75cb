"""The costly parts of a project, made when first used and stopped together: journal, worker, servers, services."""

import os
import threading
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..project.place import FILE_NAME
from ..terms.secrets import Redactor, Secret
from . import places

if TYPE_CHECKING:  # each is imported where it is used first: the first question comes before databases
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from ..actions.ahead import Ahead
    from ..actions.services import Services
    from ..bytebase.client import Client
    from ..changes.deployment import Deployment
    from ..frontends.operator import Terminal
    from ..gates.clients import Clients
    from ..journal.store import StoredJournal
    from ..migrations.client import WarmServer
    from ..migrations.migrations import Migrations
    from ..postgres.scratch import Scratch
    from ..project.environment import Environment
    from ..project.project import Project


class Equipment:
    """What works for one project. Thread-safe; after `close` nothing that was started here runs on."""

    def __init__(self, file: Path, redactor: Redactor) -> None:
        self._file = file
        self._redactor = redactor
        self._stack = ExitStack()
        self._lock = threading.RLock()
        self._served = False
        self._scratch_variable: str | None = None
        self._ahead: Ahead | None = None

    def name_scratch(self, variable: str) -> None:
        """Make scratch databases on the server whose URL this variable holds, whatever sensei.yaml says."""
        self._scratch_variable = variable

    def close(self) -> None:
        """Stop the worker, the scratch server and the practice databases that were started."""
        with self._lock:
            if self._ahead is not None:
                self._ahead.stop()
            self._stack.close()

    @cached_property
    def project(self) -> "Project":
        """The project, read from its file. Raises NoProjectError, ConfigError."""
        from ..project import config

        project = config.load(self._file)
        for environment in project.environments:
            learn_password(self._redactor, os.environ.get(environment.url_variable, ""))
        return project

    @property
    def journal(self) -> "StoredJournal":
        """The project's journal: a file in its .sensei folder, or the shared one that sensei.yaml names."""
        with self._lock:
            return self._journal

    @cached_property
    def _journal(self) -> "StoredJournal":
        from ..journal.store import open_journal

        place: Path | Secret = self.project.directory / "journal.sqlite"
        if self.project.journal_variable is not None:
            place = self._url(
                self.project.journal_variable,
                "the shared journal",
                means="Without its journal nothing is begun.",
                instead=f"remove `journal` from {FILE_NAME} to keep the journal in .sensei/",
            )
        journal = open_journal(place, outputs=self.project.directory / "output")
        self._stack.callback(journal.close)
        return journal

    def warm(self) -> None:
        """Have a process import Alembic while the project is still being read; returns at once."""
        with self._lock:
            self._server.start()

    @cached_property
    def _server(self) -> "WarmServer":
        from ..migrations.client import WarmServer

        server = WarmServer()
        self._stack.callback(server.close)
        return server

    def migrations(self) -> "Migrations":
        """The project's Alembic, warm from the first call on."""
        with self._lock:
            return self._migrations

    @cached_property
    def _migrations(self) -> "Migrations":
        from ..migrations.migrations import Migrations

        migrations = Migrations(self.project.layout, server=self._server)
        migrations.warm()
        return migrations

    def scratch(self) -> "Scratch":
        """Where scratch databases are made: the embedded server, or the one that sensei.yaml names."""
        with self._lock:
            return self._scratch

    @cached_property
    def _scratch(self) -> "Scratch":
        from ..postgres.embedded import Embedded
        from ..postgres.scratch import Scratch

        variable = self._scratch_variable or self.project.scratch_variable
        if variable is not None:
            url = self._url(
                variable,
                "the server for scratch databases",
                means="Without it nothing can be rehearsed or compared.",
                instead=f"remove `scratch` from {FILE_NAME} to use the embedded server",
            )
            return Scratch(url, reaper=self._reaper())
        server = Embedded(places.scratch_server(), disposable=True)
        server.start()
        self._stack.callback(server.stop)
        return Scratch(server, reaper=self._reaper())

    def _reaper(self) -> "Executor":
        """Shut down before the server that it works on."""
        from concurrent.futures import ThreadPoolExecutor

        reaper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sensei drop")
        self._stack.callback(reaper.shutdown)
        return reaper

    def _url(self, variable: str, holds: str, *, means: str, instead: str) -> Secret:
        """The URL in a variable that sensei.yaml names. Raises MissingVariableError."""
        from ..project.environment import MissingVariableError

        url = self.project.variables().get(variable, "").strip()
        if not url:
            raise MissingVariableError(
                f"{variable} is not set; it holds the URL of {holds}.", means=means, remedy=f"Set it, or {instead}."
            )
        learn_password(self._redactor, url)
        return Secret(url)

    def serve(self) -> None:
        """Let the databases of a practice project answer; for any other project nothing is to do."""
        with self._lock:
            if self._served:
                return
            from ..practice.files import is_practice

            if is_practice(self.project.root):
                from ..practice.project import serving

                self._stack.enter_context(serving(self.project.root))
            for environment in self.project.environments:
                learn_password(self._redactor, self.project.variables().get(environment.url_variable, ""))
            self._served = True

    def bytebase(self, environment: "Environment") -> "Client":
        """The client of the Bytebase server behind an environment; one login serves the whole process."""
        with self._lock:
            return self._clients.of(environment)

    def deployments(self, words: "Sequence[str]") -> "tuple[Deployment, ...]":
        """The deploys that the journal holds of these revisions or digests. Raises JournalError."""
        from ..journal.deployments import deployments

        return deployments(self.journal, words)

    @cached_property
    def _clients(self) -> "Clients":
        from ..gates.clients import Clients

        clients = Clients(self.project, redactor=self._redactor)
        self._stack.callback(clients.close)
        return clients

    def services(self, terminal: "Terminal | None") -> "Services":
        """What the actions need, made when they ask for it."""
        from ..actions.ahead import Ahead
        from ..actions.services import Services
        from ..engine.owner import this_process

        self._ahead = self._ahead or Ahead()
        return Services(
            project=self.project,
            migrations=self.migrations,
            scratch=self.scratch,
            environ=os.environ,
            operator=f"{this_process().user}@{this_process().host}",
            terminal=terminal,
            bytebase=self.bytebase,
            deployments=self.deployments,
            ahead=self._ahead,
        )


def learn_password(redactor: Redactor, url: str) -> None:
    """Have the password of a URL masked from now on."""
    if not url:
        return
    from urllib.parse import parse_qs, unquote, urlsplit

    try:
        parts = urlsplit(url)
        found = [parts.password or "", unquote(parts.password or ""), *parse_qs(parts.query).get("password", [])]
    except ValueError:
        found = []
    redactor.learn(*(each for each in found if each))
