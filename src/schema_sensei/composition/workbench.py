"""One project, opened: what front ends ask of the house, answered by the rooms; costly parts are made on first use."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ..definitions.library import Library
from ..frontends.house import EnvironmentState, Operator, Remedy, RunSummary
from ..project.place import FILE_NAME, find
from ..terms.errors import UsageError
from ..terms.exit_codes import ExitCode
from ..terms.json import JsonObject, JsonValue
from ..terms.secrets import Redactor
from ..terms.targets import TargetLabel
from . import front_page, places

if TYPE_CHECKING:  # each is imported where it is used first: the first question comes before databases
    from ..actions.services import Services
    from ..definitions.model import Workflow
    from ..engine.cancel import CancelToken
    from ..engine.events import Event, RunStatus
    from ..engine.executor import Options, RunResult
    from ..engine.ports import Action
    from ..engine.records import RunRecord
    from ..journal.store import StoredJournal
    from ..migrations.migrations import Migrations
    from ..postgres.scratch import Scratch
    from ..project.environment import Target
    from ..project.project import Project
    from ..project.status import Status


class Workbench:
    """A `House` over one project. Open it as a context: leaving stops what it started."""

    def __init__(self, file: Path, redactor: Redactor) -> None:
        self.redactor = redactor
        self._file = file
        self._stack = ExitStack()
        self._lock = threading.RLock()
        self._token: CancelToken | None = None
        self._served = False

    @classmethod
    def open(cls, directory: Path, redactor: Redactor) -> "Workbench":
        """The project of the directory or of one above it. Raises NoProjectError, ConfigError."""
        bench = cls(find(directory) or directory.absolute() / FILE_NAME, redactor)
        bench._page  # noqa: B018 - a project that cannot be read is told now, not on the first screen
        return bench

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the worker, the scratch server and the practice databases that this opened."""
        self.cancel()
        with self._lock:
            self._stack.close()

    @cached_property
    def project(self) -> "Project":
        """The project, read from its file. Raises NoProjectError, ConfigError."""
        from ..project import config

        project = config.load(self._file)
        for environment in project.environments:
            _learn_password(self.redactor, os.environ.get(environment.url_variable, ""))
        return project

    @cached_property
    def _page(self) -> front_page.FrontPage:
        page = front_page.read(self._file, places.cache())
        if page is None:
            page = front_page.FrontPage.of(self.project)
            front_page.keep(self._file, places.cache(), page)
        return page

    @property
    def title(self) -> str:
        """The project's name."""
        return self._page.name

    @cached_property
    def _library(self) -> Library:
        own = (self._page.workflows,) if self._page.workflows else ()
        return Library.load(own, cache=places.cache())

    def library(self) -> Library:
        """The tree and every workflow, the team's own included."""
        return self._library

    def known_environments(self) -> tuple[EnvironmentState, ...]:
        """The environments in order, not looked at yet."""
        return tuple(
            EnvironmentState(name=name, standing="unread", protected=protected)
            for name, protected in self._page.environments
        )

    def environments(self) -> tuple[EnvironmentState, ...]:
        """Where each environment stands; one that cannot be read says so."""
        return tuple(
            EnvironmentState(
                name=each.environment.name,
                standing=each.standing,
                words=each.words,
                protected=each.environment.protected,
                target=each.target,
                heads=each.heads,
            )
            for each in self.statuses()
        )

    def statuses(self, *, drift: bool = False) -> "tuple[Status, ...]":
        """The status of every environment; with `drift`, databases at the heads are also compared with the migrations.

        Raises MigrationError when the history cannot be read.
        """
        from ..project import status

        self.serve()
        history = self.migrations().history()
        return status.read(
            self.project,
            history,
            self.migrations().settings(),
            unfinished=self._unfinished_by_environment(),
            drift=self._count_drift if drift else None,
        )

    def _count_drift(self, target: "Target") -> int:
        from ..actions.sync import count_drift

        return count_drift(self.services(None), target)

    def unfinished(self) -> tuple[RunSummary, ...]:
        """Runs that can be resumed, newest first."""
        return tuple(_summary(each) for each in self.journal.records() if not each.final)

    def _unfinished_by_environment(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        names = {each.name for each in self.project.environments}
        for record in self.journal.records():
            if record.final:
                continue
            ahead = [stage.name for stage in record.header.stages if stage.name in names]
            for name in ahead:
                words = f"{record.header.id} {record.header.title}"
                found[name] = (*found.get(name, ()), words)
        return found

    def runs(self, limit: int = 200) -> tuple[RunSummary, ...]:
        """All runs, newest first."""
        return tuple(_summary(each) for each in self.journal.records(limit))

    def newest_run(self, *, unfinished: bool = False) -> str:
        """The id of the newest run, or of the newest that can be resumed. Raises UsageError when there is none."""
        for record in self.journal.records():
            if not (unfinished and record.final):
                return record.header.id
        what = "No run is unfinished." if unfinished else "There are no runs yet."
        raise UsageError(what, remedy="`sensei` alone asks what you want to do; `sensei runs` lists what was done.")

    def record(self, run: str) -> "tuple[Event, ...]":
        """The events of a run, as they were shown."""
        from ..engine.replay import told

        record = self.journal.record(run)
        return told(record.header, self.journal.entries(record.header.id))

    def transcript(self, run: str) -> str:
        """The run as Markdown."""
        from ..journal import transcript

        return transcript.markdown(self.journal, run)

    def typical_seconds(self, workflow: str) -> float | None:
        """The median working time of its finished runs, or None."""
        from ..journal.history import typical_seconds

        return typical_seconds(self.journal, workflow)

    def start(
        self,
        workflow: str,
        operator: Operator,
        *,
        inputs: Mapping[str, JsonValue] | None = None,
        answers: tuple[str, ...] = (),
        dry: bool = False,
    ) -> "RunResult":
        """Run a workflow until it ends, pauses or fails."""
        from ..engine import executor
        from ..engine.memory import MemoryJournal

        definition, text = self._find(workflow)
        self._require_trust(definition, operator)
        with self._running() as token:
            return executor.run(
                definition,
                text,
                self._actions(operator),
                MemoryJournal() if dry else self.journal,
                operator.sink,
                operator.asker,
                inputs=inputs,
                variables=self._variables(),
                redactor=self.redactor,
                options=self._options(token, dry=dry, walk=answers),
                find=self._find,
            )

    def resume(self, run: str, operator: Operator, *, take_over: bool = False) -> "RunResult":
        """Go on with a run from its pinned text."""
        from ..definitions.library import read_workflow
        from ..engine import executor

        def parse(text: str, digest: str) -> "Workflow":
            bundled = any(each.source.digest == digest and each.source.bundled for each in self._workflows())
            definition = read_workflow(text, f"run {run}", bundled=bundled)
            self._require_trust(definition, operator)
            return definition

        with self._running() as token:
            return executor.resume(
                run,
                parse,
                self._actions(operator),
                self.journal,
                operator.sink,
                operator.asker,
                redactor=self.redactor,
                options=self._options(token, take_over=take_over),
                find=self._find,
            )

    def cancel(self, exit_code: ExitCode = ExitCode.INTERRUPTED) -> None:
        """Stop the run in progress at its next checkpoint; `exit_code` is journaled as the reason."""
        token = self._token
        if token is not None:
            token.cancel(exit_code)

    def troubleshoot(self, text: str) -> tuple[Remedy, ...]:
        """Entries that fit a message, best first."""
        from ..definitions.troubleshooting import look_up

        return tuple(
            Remedy(
                id=each.id,
                title=each.title,
                means=each.means,
                dangerous=each.dangerous,
                remedy=each.remedy,
                workflow=each.workflow or None,
            )
            for each in look_up(self._library.troubles, text)
        )

    @cached_property
    def journal(self) -> "StoredJournal":
        """The project's journal: a file in its .sensei folder, or the shared one that sensei.yaml names."""
        from ..journal.store import open_journal
        from ..project.environment import MissingVariableError
        from ..terms.secrets import Secret

        outputs = self.project.directory / "output"
        if self.project.journal_variable is None:
            journal = open_journal(self.project.directory / "journal.sqlite", outputs=outputs)
        else:
            variables = self.project.variables()
            url = variables.get(self.project.journal_variable, "").strip()
            if not url:
                raise MissingVariableError(
                    f"{self.project.journal_variable} is not set; it holds the URL of the shared journal.",
                    means="Without its journal nothing is begun.",
                    remedy=f"Set it, or remove `journal` from {FILE_NAME} to keep the journal in .sensei/.",
                )
            _learn_password(self.redactor, url)
            journal = open_journal(Secret(url), outputs=outputs)
        self._stack.callback(journal.close)
        return journal

    def migrations(self) -> "Migrations":
        """The project's Alembic, warm from the first call on."""
        with self._lock:
            return self._migrations

    @cached_property
    def _migrations(self) -> "Migrations":
        from ..migrations.migrations import Migrations

        migrations = Migrations(self.project.layout)
        self._stack.callback(migrations.close)
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
        from ..project.environment import MissingVariableError
        from ..terms.secrets import Secret

        if self.project.scratch_variable is not None:
            variables = self.project.variables()
            url = variables.get(self.project.scratch_variable, "").strip()
            if not url:
                raise MissingVariableError(
                    f"{self.project.scratch_variable} is not set; it holds the URL for scratch databases.",
                    means="Without it nothing can be rehearsed or compared.",
                    remedy=f"Set it, or remove `scratch` from {FILE_NAME} to use the embedded server.",
                )
            _learn_password(self.redactor, url)
            return Scratch(Secret(url))
        server = Embedded(places.scratch_server(), disposable=True)
        server.start()
        self._stack.callback(server.stop)
        return Scratch(server)

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
                _learn_password(self.redactor, self.project.variables().get(environment.url_variable, ""))
            self._served = True

    def services(self, operator: Operator | None) -> "Services":
        """What the actions need, made when they ask for it."""
        from ..actions.services import Services
        from ..engine.owner import this_process

        return Services(
            project=self.project,
            migrations=self.migrations,
            scratch=self.scratch,
            environ=os.environ,
            operator=f"{this_process().user}@{this_process().host}",
            terminal=operator.terminal if operator else None,
        )

    def _actions(self, operator: Operator) -> "Mapping[str, Action]":
        from ..actions.registry import Registry

        return Registry(self.services(operator))

    def _workflows(self) -> "tuple[Workflow, ...]":
        return tuple(self._library.workflows.values())

    def _find(self, workflow: str) -> "tuple[Workflow, str]":
        definition = self._library.workflow(workflow)
        return definition, self._library.text(definition)

    def _require_trust(self, workflow: "Workflow", operator: Operator) -> None:
        from ..actions.signatures import signatures
        from .trusting import require

        require(workflow, signatures(), operator)

    def _variables(self) -> JsonObject:
        names = [each.name for each in self.project.environments]
        return {
            "environment": {"first": names[0], **{name: name for name in names}},
            "project": {"name": self.project.name},
        }

    def _labels(self) -> Mapping[str, TargetLabel]:
        labels: dict[str, TargetLabel] = {}
        variables = self.project.variables()
        for environment in self.project.environments:
            try:
                labels[environment.name] = environment.target(variables).label
            except UsageError:
                continue  # the step that needs it says what is missing
        return labels

    def _options(
        self, token: "CancelToken", *, dry: bool = False, take_over: bool = False, walk: tuple[str, ...] = ()
    ) -> "Options":
        from ..engine.executor import Options

        return Options(
            dry=dry,
            take_over=take_over,
            cancel=token,
            targets=self._labels(),
            protected=frozenset(each.name for each in self.project.environments if each.protected),
            walk=walk,
        )

    @contextmanager
    def _running(self) -> "Iterator[CancelToken]":
        """The time of one run: there is something to cancel, the worker warms up, the databases answer."""
        from ..engine.cancel import CancelToken

        self._token = token = CancelToken()
        try:
            self.migrations()
            self.serve()
            yield token
        finally:
            self._token = None


def _status_now(record: "RunRecord") -> "RunStatus":
    """The status as of now: a run whose owner died while it ran was interrupted, although nobody wrote that down."""
    from ..engine.owner import alive, this_process

    dead = record.owner is None or alive(record.owner, this_process()) is False
    return "interrupted" if record.status == "running" and dead else record.status


def _summary(record: "RunRecord") -> RunSummary:
    titles = {step.id: step.title for step in record.header.outline}
    position = record.summary if record.kind == "ended" else titles.get(record.step, record.step)
    return RunSummary(
        run=record.header.id,
        workflow=record.header.workflow,
        title=record.header.title,
        subject=record.subject or str(record.header.given.get("message", "")),
        status=_status_now(record),
        position=position,
        started_at=record.header.started_at,
        updated_at=record.updated_at,
        owner=str(record.owner or ""),
    )


def _learn_password(redactor: Redactor, url: str) -> None:
    if not url:
        return
    from urllib.parse import parse_qs, unquote, urlsplit

    try:
        parts = urlsplit(url)
        found = [parts.password or "", unquote(parts.password or ""), *parse_qs(parts.query).get("password", [])]
    except ValueError:
        found = []
    redactor.learn(*(each for each in found if each))
