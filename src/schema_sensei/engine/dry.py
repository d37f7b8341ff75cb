"""Dry run: every step is previewed, none is performed; what depends on an un-run step is decided at run time."""

from ..definitions.expressions import UNKNOWN
from ..definitions.workflow import Step
from .events import StepFinished
from .execution import Ending, Execution
from .inputs import ask_inputs


def rehearse(execution: Execution) -> Ending:
    """Show the steps in order, as if each ended well. Raises what previews raise."""
    ask_inputs(execution)
    for step in execution.workflow.steps:
        execution.cancel.check()
        _show(execution, step)
    return Ending(status="done", exit_code=0, summary="Dry run: nothing was done.", final=True)


def _show(execution: Execution, step: Step) -> None:
    ledger = execution.ledger
    needed = execution.needed(step)
    ledger.stage("entered", step.id, 1, target=execution.target(step))
    if needed is False:
        ledger.stage("skipped", step.id, 1, reason=f"not needed: {step.when}", by="when", next=step.id)
        return
    if needed is UNKNOWN:
        ledger.note(step.id, 1, f"Whether this is needed is decided at run time: {step.when}", "quiet")
    action = execution.action(step)
    parameters = execution.parameters(step, action.signature)
    if parameters is None:
        summary = "Decided at run time: it depends on a step before it."
        ledger.stage("previewed", step.id, 1, summary=summary, blocks=(), target=None, effect=action.signature.effect)
    else:
        context = execution.context(step, 1, parameters)
        try:
            preview = action.preview(context)
        finally:
            context.close()
        ledger.stage(
            "previewed", step.id, 1,
            summary=preview.summary, blocks=preview.blocks, target=preview.target, effect=preview.effect,
        )  # fmt: skip
        for question in (step.confirm, preview.prompt.question if preview.prompt else ""):
            if question:
                ledger.note(step.id, 1, f"Would ask: {question}", "quiet")
    ledger.emit(StepFinished(step.id, "waiting", "", "not run", 0.0, {}))
