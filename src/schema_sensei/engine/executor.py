"""Runs a workflow: claim the lease, then the one loop, preview → ask → intent → perform → outcome → next, to an ending.

How to call it (composition does; everything blocks, so a front end calls it on a thread of its own):

    result = run(workflow, text, actions, journal, sink, asker, inputs={"message": "add certificates"},
                 variables={"environment": {"first": "dev", "dev": "dev"}, "project": {"name": "demo"}},
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

from ..definitions.expressions import UNKNOWN
from ..definitions.model import Workflow
from ..definitions.references import resolve
from ..terms.errors import SenseiError, UsageError
from ..terms.exit_codes import ExitCode
from ..terms.json import JsonObject, JsonValue
from ..terms.secrets import Redactor
from ..terms.targets import TargetLabel
from .back import go_back
from .cancel import CancelToken
from .clock import SystemClock
from .dry import rehearse
from .errors import Interruption, JournalError, LeaseLost, NoSuchRun, RunOver
from .events import RunEnded, RunStatus, StepOutline
from .execution import Actions, Ending, Execution, Halt
from .failures import unexpected
from .inputs import ask_inputs, check_given
from .journal import Journal
from .leases import Heartbeat
from .ledger import Ledger
from .life import planned
from .memory import MemoryJournal
from .owner import this_process
from .ports import Asker, Clock, Sink
from .prompts import Back, Cancelled, Paused
from .questions import Questions
from .records import Lease, Owner, RunHeader, RunRecord, following_run_id, new_run_id
from .redaction import masked_object
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
    check_given(workflow, inputs or {})
    header = _header(desk, workflow, text, given=dict(inputs or {}), variables=dict(variables or {}))
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
    workflow = parse(record.header.text, record.header.digest)
    lease = journal.claim(record.header.id, desk.owner, take_over=desk.options.take_over)
    return _drive(desk, workflow, lease, record.header, resumed=True)


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
    header = _header(desk, workflow, text, given={}, variables=parent.variables)
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
                ending = _write_ending(ledger, ending, link)
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
                    return _reached(state.next)
                advance(execution)
            except Back:
                go_back(execution)
    except Halt as halt:
        return halt.ending, ""
    except (Cancelled, KeyboardInterrupt):
        code = execution.cancel.exit_code
        return _unfinished(execution, "Cancelled; the run keeps its place.", code, None), ""
    except Paused:
        return _unfinished(execution, "Paused; the run keeps its place.", ExitCode.ANSWER_MISSING, None), ""
    except Interruption as error:
        return _unfinished(execution, error.what, error.exit_code, error), ""
    except SenseiError as error:
        return Ending(status="failed", exit_code=error.exit_code, summary=error.what, error=error), ""
    except Exception as error:
        _log.exception("run %s failed unexpectedly", execution.ledger.lease.run)
        known = unexpected(state.step or "the run", error)
        return _unfinished(execution, known.what, known.exit_code, known), ""


def _reached(destination: str) -> tuple[Ending, str]:
    match destination:
        case "done":
            return Ending(status="done", exit_code=ExitCode.DONE, summary="Done.", final=True), ""
        case "stop":
            return Ending(status="stopped", exit_code=ExitCode.DECLINED, summary="Stopped.", final=True), ""
        case _:
            link = destination.removeprefix("workflow:")
            summary = f"Goes on with the workflow {link}."
            return Ending(status="done", exit_code=ExitCode.DONE, summary=summary, final=True), link


def _unfinished(execution: Execution, summary: str, exit_code: int, error: SenseiError | None) -> Ending:
    """A run that stops in the middle: interrupted when an effect had begun, else paused."""
    state = execution.ledger.state
    begun = state.undoing is not None or (state.intent is not None and state.failure is None)
    return Ending(status="interrupted" if begun else "paused", exit_code=exit_code, summary=summary, error=error)


def _write_ending(ledger: Ledger, ending: Ending, link: str) -> Ending:
    """Journal the ending; when that cannot be done, tell it all the same: resume finds the run as it was."""
    try:
        ledger.commit(
            "ended",
            status=ending.status,
            exit_code=int(ending.exit_code),
            summary=ending.summary,
            final=ending.final,
            forget=ending.forget,
            link=link,
        )
    except (LeaseLost, JournalError) as error:
        summary = ending.summary if isinstance(ending.error, Interruption) else error.what
        asked_to_stop = ending.exit_code in {ExitCode.INTERRUPTED, ExitCode.TERMINATED}
        code = ending.exit_code if asked_to_stop else error.exit_code
        ledger.emit(RunEnded(ledger.lease.run, "interrupted", summary, int(code)))
        return Ending(status="interrupted", exit_code=code, summary=summary, error=error)
    return ending


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


def _header(desk: _Desk, workflow: Workflow, text: str, *, given: JsonObject, variables: JsonObject) -> RunHeader:
    protected = desk.options.protected | {
        label.environment for label in desk.options.targets.values() if label.protected
    }
    stages = planned(
        {
            step.id: (desk.actions[step.action].signature, _foreseeable(step.with_, variables))
            for step in workflow.steps
            if step.action in desk.actions
        },
        frozenset(protected),
    )
    return RunHeader(
        id=new_run_id(),
        workflow=workflow.id,
        title=workflow.title,
        text=text,
        digest=workflow.source.digest,
        started_at=desk.clock.now(),
        started_by=str(desk.owner),
        outline=tuple(StepOutline(step.id, step.title, step.why, step.action) for step in workflow.steps),
        stages=stages,
        given=masked_object(given, desk.redactor),
        variables=masked_object(variables, desk.redactor),
        walk=desk.options.walk,
    )


def _foreseeable(parameters: JsonObject, variables: JsonObject) -> JsonObject:
    """The parameters that are known before the run, for the names of the stages."""
    known = {key: resolve(value, variables) for key, value in parameters.items()}
    return {key: value for key, value in known.items() if value is not UNKNOWN}
