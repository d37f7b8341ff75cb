"""Runs a workflow: claim the lease, then the one loop, preview → ask → intent → perform → outcome → next, to an ending.

How to call it (composition does; everything blocks, so a front end calls it on a thread of its own):

    result = run(workflow, text, actions, journal, sink, asker, inputs={"message": "add certificates"},
                 variables={"environment": {"first": "dev", "dev": "dev"},
                            "project": {"name": "demo", "environments": ["dev"]}},
                 options=Options(dry=False, cancel=token, targets={"dev": label}), find=find)
    result = resume("7f3a", parse, actions, journal, sink, asker, options=Options(take_over=True), find=find)

- `workflow, text`: the definition and the text it was read from, which the journal pins; `parse(text, digest)` reads it
  back; `find(id)` gives `(workflow, text)` for `workflow:<id>` destinations.
- `actions`: by name, as steps name them. `journal`: `journal.store.open_journal(...)`, or `memory.MemoryJournal()`.
- `sink` and `asker`: see `ports`. `redactor`: masks what it knows in journal, output file, prompts and events.
- `options.cancel`: `CancelToken().cancel()` from any thread or signal stops the step at its next checkpoint.

Errors before anything is journaled are raised (UsageError, RunHeld, NoSuchRun, RunOver, JournalError). After that the
run always ends in a `RunEnded` event and a `RunResult`; `result.error` holds the reason when there is one.
A run that hands over (`workflow:<id>`) ends as done and goes on as a linked run in the same call: `RunEnded`, then
`RunStarted` of the next; the result is that of the last one.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..definitions.spreading import spread
from ..definitions.workflow import Workflow
from ..terms.errors import SenseiError, UsageError
from ..terms.exit_codes import ExitCode
from ..terms.json import JsonObject, JsonValue
from ..terms.secrets import Redactor
from ..terms.targets import TargetLabel
from .back import go_back
from .cancel import CancelToken
from .clock import SystemClock
from .dry import rehearse
from .endings import reached, unfinished, write_down
from .errors import Interruption, JournalError, NoSuchRun, RunOver
from .events import RunEnded, RunStatus
from .execution import Actions, Ending, Execution, Halt
from .failures import unexpected
from .header import header_of
from .inputs import ask_inputs, check_given
from .journal import Journal
from .leases import Heartbeat
from .ledger import Ledger
from .memory import MemoryJournal
from .owner import this_process
from .ports import Asker, Clock, Sink
from .prompts import Back, Cancelled, Paused
from .questions import Questions
from .records import Lease, Owner, RunHeader, RunRecord, following_run_id, new_run_id
from .stepping import advance

_log = logging.getLogger(__name__)

Parse: TypeAlias = Callable[[str, str], Workflow]
Find: TypeAlias = Callable[[str], tuple[Workflow, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`dry`: preview only, in a journal of its own. `take_over`: also from an owner on another machine (journaled).

    `targets` by environment name give a step its target before its preview; `protected` environments are marked so.
    """

    dry: bool = False
    take_over: bool = False
    cancel: CancelToken = field(default_factory=CancelToken)
    targets: Mapping[str, TargetLabel] = field(default_factory=dict)
    protected: frozenset[str] = frozenset()
    walk: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run ended, or where it stopped for now; `run` is its id."""

    status: RunStatus
    exit_code: int
    run: str
    summary: str = ""
    error: SenseiError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What one call works with."""

    actions: Actions
    journal: Journal
    sink: Sink
    asker: Asker
    clock: Clock
    owner: Owner
    redactor: Redactor
    options: Options
    find: Find | None

    def header(self, workflow: Workflow, text: str, *, given: JsonObject, variables: JsonObject) -> RunHeader:
        """The header of a run that starts now."""
        return header_of(
            workflow,
            text,
            self.actions,
            targets=self.options.targets,
            protected=self.options.protected,
            walk=self.options.walk,
            given=given,
            variables=variables,
            started_at=self.clock.now(),
            started_by=str(self.owner),
            redactor=self.redactor,
        )


def run(
    workflow: Workflow,
    text: str,
    actions: Actions,
    journal: Journal,
    sink: Sink,
    asker: Asker,
    *,
    inputs: Mapping[str, JsonValue] | None = None,
    variables: JsonObject | None = None,
    clock: Clock | None = None,
    owner: Owner | None = None,
    redactor: Redactor | None = None,
    options: Options | None = None,
    find: Find | None = None,
) -> RunResult:
    """Start a run and drive it until it ends, pauses or fails. Raises UsageError, JournalError before it starts."""
    options = options or Options()
    desk = _Desk(
        actions=actions,
        journal=MemoryJournal() if options.dry else journal,
        sink=sink,
        asker=asker,
        clock=clock or SystemClock(),
        owner=owner or this_process(),
        redactor=redactor or Redactor(),
        options=options,
        find=find,
    )
    workflow = _laid_out(workflow, variables or {})
    check_given(workflow, inputs or {})
    header = desk.header(workflow, text, given=dict(inputs or {}), variables=dict(variables or {}))
    lease, header = _create(desk, header)
    return _drive(desk, workflow, lease, header, resumed=False)


def resume(
    run: str,
    parse: Parse,
    actions: Actions,
    journal: Journal,
    sink: Sink,
    asker: Asker,
    *,
    clock: Clock | None = None,
    owner: Owner | None = None,
    redactor: Redactor | None = None,
    options: Options | None = None,
    find: Find | None = None,
) -> RunResult:
    """Go on with a run from its pinned text. Raises RunHeld while its owner lives, RunOver, NoSuchRun, JournalError."""
    desk = _Desk(
        actions=actions,
        journal=journal,
        sink=sink,
        asker=asker,
        clock=clock or SystemClock(),
        owner=owner or this_process(),
        redactor=redactor or Redactor(),
        options=options or Options(),
        find=find,
    )
    record = journal.record(run)
    link = _link(journal, record)
    while link:
        following = following_run_id(record.header.id)
        try:
            record = journal.record(following)
        except NoSuchRun:
            return _hand_over(desk, record.header, link)
        link = _link(journal, record)
    if record.final:
        raise RunOver(
            f"Run {record.header.id} is over: {record.summary}",
            remedy=f"`sensei show {record.header.id}` prints its transcript; start a new run to do it again.",
        )
    workflow = _laid_out(parse(record.header.text, record.header.digest), record.header.variables)
    lease = journal.claim(record.header.id, desk.owner, take_over=desk.options.take_over)
    return _drive(desk, workflow, lease, record.header, resumed=True)


def _laid_out(workflow: Workflow, variables: JsonObject) -> Workflow:
    """The workflow for the environments that the run began with: `project.environments`, in order."""
    project = variables.get("project")
    names = project.get("environments") if isinstance(project, Mapping) else None
    return spread(workflow, [str(name) for name in names] if isinstance(names, list | tuple) else [])


def _link(journal: Journal, record: RunRecord) -> str:
    """The workflow that an ended run goes on with; empty when it goes on with none."""
    if not record.final:
        return ""
    last = journal.entries(record.header.id, after=record.entries - 1)
    return str(last[-1].body["link"]) if last else ""


def _hand_over(desk: _Desk, parent: RunHeader, workflow_id: str) -> RunResult:
    """Begin the linked run; its id follows from its parent's, so that a crash in between cannot begin two."""
    if desk.find is None:
        raise UsageError(f"The workflow {workflow_id} is not at hand.", remedy=f"Run `sensei run {workflow_id}`.")
    workflow, text = desk.find(workflow_id)
    workflow = _laid_out(workflow, parent.variables)
    header = desk.header(workflow, text, given={}, variables=parent.variables)
    header = replace(header, id=following_run_id(parent.id), parent=parent.id)
    lease = desk.journal.create(header, desk.owner)
    if lease is None:
        lease = desk.journal.claim(header.id, desk.owner, take_over=False)
    return _drive(desk, workflow, lease, header, resumed=False)


def _drive(desk: _Desk, workflow: Workflow, lease: Lease, header: RunHeader, *, resumed: bool) -> RunResult:
    """Drive a claimed run to an ending, journal that, and let go of it."""
    ledger = Ledger(desk.journal, lease, header, sink=desk.sink, redactor=desk.redactor, clock=desk.clock)
    execution = Execution(
        workflow=workflow,
        actions=desk.actions,
        ledger=ledger,
        questions=Questions(ledger, desk.asker),
        cancel=desk.options.cancel,
        targets=desk.options.targets,
        dry=desk.options.dry,
    )
    with Heartbeat(ledger.renew, every=desk.journal.lease_seconds / 3, run=lease.run):
        try:
            ledger.begin(resumed=resumed, dry=execution.dry)
            ledger.stage("claimed", how=lease.how, owner=str(lease.owner), previous=str(lease.previous or ""))
            ending, link = _until_it_ends(execution)
            if execution.dry:
                ledger.emit(RunEnded(lease.run, ending.status, ending.summary, int(ending.exit_code)))
            else:
                ending = write_down(ledger, ending, link)
        finally:
            _let_go(desk.journal, lease)
    if link and ending.final and not execution.dry:
        return _hand_over(desk, header, link)
    return RunResult(
        status=ending.status, exit_code=int(ending.exit_code), run=lease.run, summary=ending.summary, error=ending.error
    )


def _until_it_ends(execution: Execution) -> tuple[Ending, str]:
    """The one loop; how it ended, and the workflow it goes on with (empty: none)."""
    state = execution.ledger.state
    try:
        if execution.dry:
            return rehearse(execution), ""
        while True:
            try:
                ask_inputs(execution)
                if state.step is None:
                    return reached(state.next)
                advance(execution)
            except Back:
                go_back(execution)
    except Halt as halt:
        return halt.ending, ""
    except (Cancelled, KeyboardInterrupt):
        code = execution.cancel.exit_code
        return unfinished(execution, "Cancelled; the run keeps its place.", code, None), ""
    except Paused as left:
        if str(left):  # an action waits for somebody elsewhere: what it has begun is in order
            return Ending(status="paused", exit_code=ExitCode.ANSWER_MISSING, summary=str(left)), ""
        return unfinished(execution, "Paused; the run keeps its place.", ExitCode.ANSWER_MISSING, None), ""
    except Interruption as error:
        return unfinished(execution, error.what, error.exit_code, error), ""
    except SenseiError as error:
        return Ending(status="failed", exit_code=error.exit_code, summary=error.what, error=error), ""
    except Exception as error:
        _log.exception("run %s failed unexpectedly", execution.ledger.lease.run)
        known = unexpected(state.step or "the run", error)
        return unfinished(execution, known.what, known.exit_code, known), ""


def _let_go(journal: Journal, lease: Lease) -> None:
    try:
        journal.release(lease)
    except JournalError:
        _log.warning("the lease of run %s could not be released; it expires by itself", lease.run, exc_info=True)


def _create(desk: _Desk, header: RunHeader) -> tuple[Lease, RunHeader]:
    attempt = 0
    while True:
        lease = desk.journal.create(header, desk.owner)
        if lease is not None:
            return lease, header
        attempt += 1
        header = replace(header, id=new_run_id(attempt))
