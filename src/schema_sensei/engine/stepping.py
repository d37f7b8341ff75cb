"""One step: preview → ask → intent → perform → outcome; or passed over when its `when:` says so."""

import logging

from ..definitions.workflow import Step
from ..terms.errors import SenseiError
from ..terms.exit_codes import ExitCode
from ..terms.json import JsonObject, JsonValue
from .codec import plain_object
from .errors import Interruption
from .execution import Ending, Execution, Halt, written
from .failures import fail, skip, unexpected
from .ports import Action, Intent, Outcome, Preview
from .prompts import Back, Cancelled, Confirm, Paused, Skipped, Stakes
from .recovery import finish_undo, recover

_log = logging.getLogger(__name__)

MOST_VISITS = 200
"""A workflow that comes to the same step more often than this goes round in circles."""

_DECLINING = frozenset({"declined", "stopped"})
_LEAVING = (Back, Paused, Cancelled, Skipped, Interruption, Halt)


def advance(execution: Execution) -> None:
    """Bring the run one move further; its state says what is next.

    Raises Halt, Interruption, Back, Paused, Cancelled.
    """
    ledger, state = execution.ledger, execution.ledger.state
    step = execution.workflow.step(state.step or "")
    execution.cancel.check()
    if state.undoing is not None:
        finish_undo(execution)
        return
    if not state.entered:
        if execution.needed(step) is False:
            following = written(execution.workflow.following(step.id))
            ledger.commit("skipped", step.id, 0, reason=f"not needed: {step.when}", by="when", next=following)
            return
        _enter(execution, step)
    if state.intent is not None or state.failure is not None:
        concluded = recover(execution, step)
        if concluded is not None:
            conclude(execution, step, concluded, seconds=0.0)
        return
    try:
        _attempt(execution, step)
    except Skipped as skipped:
        skip(execution, step, skipped.reason)


def conclude(execution: Execution, step: Step, outcome: Outcome, *, seconds: float) -> None:
    """Journal how a step ended and where that leads; an outcome that leads nowhere is a failure, or a decline."""
    state = execution.ledger.state
    destination = execution.workflow.destination(step.id, outcome.name)
    if destination is None and outcome.name in _DECLINING:
        summary = outcome.summary or f"{step.title}: {outcome.name}."
        raise Halt(Ending(status="paused", exit_code=ExitCode.DECLINED, summary=summary, forget=True))
    if destination is None:
        meaning = execution.action(step).signature.outcomes.get(outcome.name, "")
        error = SenseiError(
            outcome.summary or f"{step.title}: {outcome.name}.",
            means=meaning if meaning != outcome.summary else "",
            remedy="Correct the cause, then try the step again.",
        )
        fail(execution, step, error, seconds=seconds, blocks=outcome.blocks, settled=True)
        return
    execution.ledger.commit(
        "finished", step.id, state.visit,
        outcome=outcome.name, summary=outcome.summary, outputs=plain_object(outcome.outputs), blocks=outcome.blocks,
        seconds=round(seconds, 6), next=written(destination),
    )  # fmt: skip


def _enter(execution: Execution, step: Step) -> None:
    visit = execution.ledger.state.visits.get(step.id, 0) + 1
    if visit > MOST_VISITS:
        error = SenseiError(
            f"The run came to {step.id} {MOST_VISITS} times.",
            means="The workflow goes round in circles.",
            remedy="Correct the `on:` entries that lead back, then start a new run.",
        )
        raise Halt(Ending(status="failed", exit_code=error.exit_code, summary=error.what, error=error, final=True))
    execution.ledger.stage("entered", step.id, visit, target=execution.target(step))


def _attempt(execution: Execution, step: Step) -> None:
    state, seconds = execution.ledger.state, 0.0
    try:
        action = execution.action(step)
        context = execution.context(step, state.visit, execution.parameters(step, action.signature) or {})
        try:
            preview = action.preview(context)
            execution.ledger.stage(
                "previewed", step.id, context.visit,
                summary=preview.summary, blocks=preview.blocks, target=preview.target, effect=preview.effect,
            )  # fmt: skip
            answer = _agree(execution, step, preview, action)
            if answer is False:
                # What it was given goes on as it came, for the steps that take it from here.
                given = {
                    name: context.parameters[name] for name in action.signature.outputs if name in context.parameters
                }
                outcome = Outcome(name="declined", summary=f"{step.title}: declined; nothing was done.", outputs=given)
            else:
                context.checkpoint()
                intent = _intend(execution, step, preview, answer)
                context.begin(committed=preview.effect)
                outcome = action.perform(context, intent)
        finally:
            seconds = context.seconds()
            context.close()
    except _LEAVING:
        raise
    except SenseiError as error:
        fail(execution, step, error, seconds=seconds)
        return
    except Exception as error:
        _log.exception("the step %s failed unexpectedly", step.id)
        fail(execution, step, unexpected(step.id, error), seconds=seconds)
        return
    conclude(execution, step, outcome, seconds=seconds)


def _agree(execution: Execution, step: Step, preview: Preview, action: Action) -> JsonValue:
    """The answer to the preview's prompt, None without one; False when the person says no to it or to `confirm:`."""
    visit = execution.ledger.state.visit
    if step.confirm:
        prompt = Confirm(
            key=f"{step.id}.confirm",
            question=step.confirm,
            why=step.why,
            blocks=preview.blocks,
            stakes=Stakes(does=preview.summary),
            target=preview.target,
            digest=preview.prompt.digest if preview.prompt else preview.summary,
            binding=action.signature.dangerous,
        )
        if execution.questions.ask(step.id, visit, prompt) is False:
            return False
    return execution.questions.ask(step.id, visit, preview.prompt) if preview.prompt else None


def _intend(execution: Execution, step: Step, preview: Preview, answer: JsonValue) -> Intent:
    """Journal what is about to happen. An effect that is tried again under the same agreement keeps its handle."""
    ledger = execution.ledger
    handle: JsonObject = plain_object(preview.handle)
    started = ledger.clock.now()
    if not preview.effect:
        ledger.flush()
        return Intent(handle=handle, answer=answer, started_at=started)
    digest = preview.prompt.digest if preview.prompt else ""
    earlier = ledger.state.earlier
    if earlier is not None and earlier.answer_digest == digest:
        handle = earlier.handle
    entry = ledger.commit("intended", step.id, ledger.state.visit, handle=handle, answer=answer, digest=digest)
    ledger.check_lease()
    return Intent(handle=handle, answer=answer, started_at=entry.at)
