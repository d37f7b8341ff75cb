"""One project, opened: what front ends ask of the house, answered by the rooms; costly parts are made on first use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ..definitions.library import Library
from ..frontends.requests import EnvironmentState
from ..project.place import FILE_NAME, find
from ..terms.errors import UsageError
from ..terms.exit_codes import ExitCode
from ..terms.secrets import Redactor
from . import front_page, places
from .deeds import is_deed, refuse_deed
from .equipment import Equipment

if TYPE_CHECKING:  # each is imported where it is used first: the first question comes before databases
    from ..definitions.workflow import Workflow
    from ..engine.cancel import CancelToken
    from ..engine.events import Event
    from ..engine.executor import Options, RunResult
    from ..engine.ports import Action
    from ..frontends.entries import Remedy, RunSummary
    from ..frontends.operator import Operator
    from ..journal.store import StoredJournal
    from ..project.project import Project
    from ..project.status import Status
    from ..terms.json import JsonObject, JsonValue
    from ..terms.targets import TargetLabel


class Workbench:
    """A `House` over one project. Open it as a context: leaving stops what it started."""

    def __init__(self, file: Path, redactor: Redactor) -> None:
        self.redactor = redactor
        self.equipment = Equipment(file, redactor)
        self._file = file
        self._token: CancelToken | None = None

    @classmethod
    def open(cls, directory: Path, redactor: Redactor) -> Workbench:
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
        self.equipment.close()

    @property
    def project(self) -> Project:
        """The project, read from its file. Raises NoProjectError, ConfigError."""
        return self.equipment.project

    @property
    def journal(self) -> StoredJournal:
        """The project's journal. Raises JournalError, MissingVariableError."""
        return self.equipment.journal

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
        names = [name for name, _ in self._page.environments]
        return Library.load(own, cache=places.cache()).laid_out(names)

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

    def statuses(self, *, drift: bool = False) -> tuple[Status, ...]:
        """The status of every environment; with `drift`, databases at the heads are also compared with the migrations.

        Raises MigrationError when the history cannot be read.
        """
        from ..actions.comparing import count_drift
        from ..actions.revisions import survey
        from ..project import status

        self.equipment.serve()
        services = self.equipment.services(None)
        files = survey(services) if drift else None
        return status.read(
            self.project,
            self.equipment.migrations().history() if files is None else files.history,
            self.equipment.migrations().settings() if files is None or files.settings is None else files.settings,
            unfinished=self._unfinished_by_environment(),
            drift=(lambda target: count_drift(services, target, files)) if drift else None,
        )

    def unfinished(self) -> tuple[RunSummary, ...]:
        """Runs that can be resumed, newest first."""
        from .summaries import summary

        return tuple(summary(each) for each in self.journal.records() if not each.final and not is_deed(each))

    def _unfinished_by_environment(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        names = {each.name for each in self.project.environments}
        for record in self.journal.records():
            if record.final or is_deed(record):
                continue
            ahead = [stage.name for stage in record.header.stages if stage.name in names]
            for name in ahead:
                words = f"{record.header.id} {record.header.title}"
                found[name] = (*found.get(name, ()), words)
        return found

    def runs(self, limit: int = 200) -> tuple[RunSummary, ...]:
        """All runs, newest first."""
        from .summaries import summary

        return tuple(summary(each) for each in self.journal.records(limit))

    def newest_run(self, *, unfinished: bool = False) -> str:
        """The id of the newest run, or of the newest that can be resumed. Raises UsageError when there is none."""
        for record in self.journal.records():
            if not (unfinished and (record.final or is_deed(record))):
                return record.header.id
        what = "No run is unfinished." if unfinished else "There are no runs yet."
        raise UsageError(what, remedy="`sensei` alone asks what you want to do; `sensei runs` lists what was done.")

    def record(self, run: str) -> tuple[Event, ...]:
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
    ) -> RunResult:
        """Run a workflow until it ends, pauses or fails."""
        from ..engine import executor
        from ..engine.memory import MemoryJournal

        definition, text = self._find(workflow)
        self._require_sound(definition)
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

    def resume(self, run: str, operator: Operator, *, take_over: bool = False) -> RunResult:
        """Go on with a run from its pinned text."""
        from ..definitions.library import read_workflow
        from ..engine import executor

        refuse_deed(self.journal.record(run))

        def parse(text: str, digest: str) -> Workflow:
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
        from ..frontends.entries import Remedy

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

    def _actions(self, operator: Operator) -> Mapping[str, Action]:
        from ..actions.registry import Registry

        return Registry(self.equipment.services(operator.terminal))

    def _workflows(self) -> tuple[Workflow, ...]:
        return tuple(self._library.workflows.values())

    def _find(self, workflow: str) -> tuple[Workflow, str]:
        definition = self._library.workflow(workflow)
        return definition, self._library.text(definition)

    def _require_sound(self, workflow: Workflow) -> None:
        """Ours were checked when they were made; a team's own are checked here, before a run is begun with them."""
        if workflow.source.bundled:
            return
        from ..actions.signatures import signatures
        from ..definitions.lint import check
        from ..definitions.problems import DefinitionError

        file = Path(workflow.source.file)
        problems = check([file], signatures(), context=[self._page.workflows] if self._page.workflows else None)
        if problems:
            raise DefinitionError(f"The workflow {workflow.id} cannot be run as it is written.", problems)

    def _require_trust(self, workflow: Workflow, operator: Operator) -> None:
        from ..actions.signatures import signatures
        from .trusting import require

        require(workflow, signatures(), operator)

    def _variables(self) -> JsonObject:
        names = [each.name for each in self.project.environments]
        return {
            "environment": {**{name: name for name in names}, "first": names[0], "last": names[-1]},
            "project": {"name": self.project.name, "environments": names},
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
        self, token: CancelToken, *, dry: bool = False, take_over: bool = False, walk: tuple[str, ...] = ()
    ) -> Options:
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
    def _running(self) -> Iterator[CancelToken]:
        """The time of one run: there is something to cancel, the worker warms up, the databases answer."""
        from ..engine.cancel import CancelToken

        self._token = token = CancelToken()
        try:
            self.equipment.migrations()
            self.equipment.serve()
            yield token
        finally:
            self._token = None
