"""Back to an earlier answer: free while nothing has acted on it, else through undo, else refused with the reason."""

from .errors import MissingAnswer
from .execution import Execution
from .prompts import Back, Confirm, Skipped, Stakes
from .recovery import undo
from .state import Moment


def go_back(execution: Execution) -> bool:
    """Rewind the run to its latest answer; False, and said why, when it stays where it is."""
    ledger, state = execution.ledger, execution.ledger.state
    target = next((moment for moment in reversed(state.trail) if moment.key), None)
    if target is None:
        return _refuse(execution, "There is no earlier answer to go back to.")
    if state.failure is not None and state.intent is not None and state.failure["ground"] != "absent":
        return _refuse(execution, "This step has begun to act, and what it did is not settled: try it again first.")
    acted = [moment for moment in reversed(state.trail) if moment.intent and moment.number > target.number]
    for moment in acted:
        step = execution.workflow.step(moment.step)
        if not execution.action(step).signature.undoable:
            return _refuse(execution, f"{step.title} has acted since then and cannot be undone.")
    if not all(_agreed(execution, moment) for moment in acted):
        return False
    for number, moment in enumerate(acted):
        if not undo(execution, moment):
            return number > 0  # what was undone before is ahead again
    ledger.commit("back", to=target.number)
    return True


def _agreed(execution: Execution, moment: Moment) -> bool:
    step, state = execution.workflow.step(moment.step), execution.ledger.state
    prompt = Confirm(
        key=f"{moment.step}.undo",
        question=f"Going back means undoing: {step.title}. Undo it?",
        stakes=Stakes(does=f"undoes {step.title}: {moment.outcome['summary']}"),
        target=execution.target(step),
        yes="Undo it",
        no="Stay here",
        binding=True,
    )
    try:
        return execution.questions.ask_anew(state.step or moment.step, state.visit, prompt, during="policy") is True
    except (Back, Skipped, MissingAnswer):
        return False


def _refuse(execution: Execution, reason: str) -> bool:
    state = execution.ledger.state
    execution.ledger.note(state.step or "", state.visit, reason, "warning")
    return False
