"""What follows a failed step: look whether its effect happened, retry by policy, then ask the person."""

from ..definitions.workflow import Step
from ..terms.errors import SenseiError
from .back import go_back
from .errors import MissingAnswer
from .execution import Execution, Halt, failed, written
from .ports import Ground, Outcome
from .prompts import Back, Block, Choose, EnterText, Option, Paused, Prose, Skipped
from .recovery import look


def unexpected(step: str, error: Exception) -> SenseiError:
    """The words for an error that nobody foresaw; its traceback is in the debug log."""
    return SenseiError(
        f"An unexpected error in {step}: {type(error).__name__}: {error}",
        means="This is a fault in the program, not in your project. What the step had begun is looked into.",
        remedy="Resume with `sensei --debug debug.log resume`, and report it with that file.",
    )


def fail(
    execution: Execution,
    step: Step,
    error: SenseiError,
    *,
    seconds: float,
    blocks: tuple[Block, ...] = (),
    settled: bool = False,
) -> None:
    """Journal the failure and decide what follows. `settled` says that the action itself knows how it ended.

    An error after the effect (a connection lost on COMMIT) is no failure: reconciliation finds the effect, the step is
    done. Raises Halt, Back.
    """
    ledger, state = execution.ledger, execution.ledger.state
    ground: Ground = "absent"
    seen: tuple[str, ...] = ()
    if state.intent is not None:
        finding = look(execution, step)
        ground, seen = finding.ground, finding.seen
        if finding.ground == "applied" and not settled:
            outcome = finding.outcome or Outcome(summary="It did happen.")
            destination = execution.workflow.destination(step.id, outcome.name)
            if destination is not None:
                text = f"An error came after the effect, which did happen: {error.what}"
                ledger.note(step.id, state.visit, text, "warning")
                ledger.commit(
                    "finished", step.id, state.visit,
                    outcome=outcome.name, summary=outcome.summary, outputs=outcome.outputs, blocks=outcome.blocks,
                    seconds=round(seconds, 6), next=written(destination),
                )  # fmt: skip
                return
    ledger.commit(
        "failed", step.id, state.visit,
        what=error.what, means=error.means, remedy=error.remedy, where=error.where, exit_code=int(error.exit_code),
        ground=ground, seen=seen, seconds=round(seconds, 6), blocks=blocks,
    )  # fmt: skip
    if state.attempts <= step.retries and ground == "absent":
        retry(execution, step, by="policy")
        return
    _decide(execution, step, error, blocks, ground, seen)


def retry(execution: Execution, step: Step, *, by: str) -> None:
    """Journal that the step is tried again in the same visit."""
    execution.ledger.commit("retried", step.id, execution.ledger.state.visit, by=by, target=execution.target(step))


def _decide(
    execution: Execution,
    step: Step,
    error: SenseiError,
    blocks: tuple[Block, ...],
    ground: Ground,
    seen: tuple[str, ...],
) -> None:
    ledger, visit = execution.ledger, execution.ledger.state.visit
    prompt = Choose(
        key=f"{step.id}.failed",
        question=f"{step.title} failed. What now?",
        why=step.why,
        blocks=(
            Prose(error.what, "danger"),
            *(Prose(text) for text in (error.means, error.remedy) if text),
            *(Prose(line, "quiet") for line in seen),
            *blocks,
        ),
        target=execution.target(step),
        facts={"exit_code": int(error.exit_code), "ground": ground, "attempts": ledger.state.attempts},
        options=_options(step),
        default="stop",
    )
    while True:
        try:
            answer = execution.questions.ask_anew(step.id, visit, prompt, during="policy")
            reason = ""
        except Back:
            answer = "back"
        except Skipped as skipped:
            answer, reason = "skip", skipped.reason
        except (MissingAnswer, Paused):
            raise Halt(failed(error)) from error
        match answer:
            case "retry":
                retry(execution, step, by="person")
                return
            case "skip" if skip(execution, step, reason):
                return
            case "back" if go_back(execution):
                return
            case "stop":
                raise Halt(failed(error))
            case _:
                continue


def _options(step: Step) -> tuple[Option, ...]:
    return (
        Option("retry", "Try again", "after correcting the cause"),
        *((Option("skip", "Skip this step", "say why; recorded"),) if step.skippable else ()),
        Option("back", "Back to an earlier answer"),
        Option("stop", "Stop here", "keep the run, go on later"),
    )


def skip(execution: Execution, step: Step, reason: str) -> bool:
    """Skip a skippable step, for a reason that is asked for when it is empty; False when it stays."""
    ledger, visit = execution.ledger, execution.ledger.state.visit
    if not step.skippable:
        ledger.note(step.id, visit, f"{step.title} cannot be skipped.", "warning")
        return False
    if not reason.strip():
        prompt = EnterText(
            key=f"{step.id}.skip",
            question=f"Why is {step.title} skipped?",
            pattern=r".*\S.*",
            pattern_hint="A skipped step needs its reason in the record.",
        )
        try:
            reason = str(execution.questions.ask_anew(step.id, visit, prompt, during="policy"))
        except (Back, Skipped):
            return False
    following = execution.workflow.destination(step.id, "ok") or execution.workflow.following(step.id)
    ledger.commit("skipped", step.id, visit, reason=reason, by="person", next=written(following))
    return True
