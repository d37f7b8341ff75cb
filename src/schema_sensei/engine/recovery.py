"""An effect was interrupted: look into the world, and where that does not settle it, ask."""

import logging
import time

from ..definitions.workflow import Step
from ..terms.errors import SenseiError
from ..terms.json import JsonObject
from .codec import plain_object
from .errors import Interruption, MissingAnswer
from .execution import Execution, Halt, interrupted
from .ports import Finding, Intent, Outcome
from .prompts import Back, Cancelled, EnterText, Option, Paused, Resolve, Skipped
from .state import Intended, Moment

_log = logging.getLogger(__name__)
DECLINED = "declined"
"""The outcome of an undo that the person did not want after all."""


def recover(execution: Execution, step: Step) -> Outcome | None:
    """Settle a step that was begun or had failed: its outcome when it happened, None when it is to be run again.

    Raises Halt when it stays unsettled.
    """
    ledger, state = execution.ledger, execution.ledger.state
    if state.intent is None:
        _again(execution, step, "resume")
        return None
    finding = look(execution, step)
    match finding.ground:
        case "applied":
            ledger.note(step.id, state.visit, "It did happen: not run again.", "good")
            return finding.outcome or Outcome(summary="It was found done after an interruption.")
        case "absent":
            ledger.note(step.id, state.visit, "Nothing of it had happened: it is run again.")
            _again(execution, step, "reconciled")
            return None
        case "partial" | "unknown":
            return _resolve(execution, step, finding)


def look(execution: Execution, step: Step) -> Finding:
    """What `reconcile` sees of the open intent; an error on the way means unknown."""
    intended = execution.ledger.state.intent
    if intended is None:
        return Finding(ground="absent")
    return _reconcile(execution, step, execution.ledger.state.visit, intended)


def undo(execution: Execution, moment: Moment) -> bool:
    """Undo a finished effect; journaled before and after. False, and said why, when it was refused and all stands.

    Raises Halt when it fails half-way: the effect is unsettled then.
    """
    step = execution.workflow.step(moment.step)
    intended = moment.intent
    if intended is None:
        raise ValueError(f"nothing of {moment.step} has acted")
    execution.ledger.commit(
        "undoing", moment.step, moment.visit,
        handle=intended.handle, answer=intended.answer, at=intended.at, outcome=moment.outcome,
    )  # fmt: skip
    try:
        undone = _try_undo(execution, step, moment.visit, intended, moment.outcome)
    except Interruption:
        raise
    except SenseiError as error:
        if _reconcile(execution, step, moment.visit, intended).ground != "applied":
            raise Halt(interrupted(error, error.exit_code)) from error
        text = f"{step.title} was not undone. {error.what} {error.remedy}".strip()
        _not_undone(execution, step, moment.visit, text)
        return False
    if undone.name == DECLINED:
        _not_undone(execution, step, moment.visit, undone.summary)
        return False
    _undone(execution, step, moment.visit, undone)
    return True


def finish_undo(execution: Execution) -> None:
    """Settle an undo that was interrupted: done when nothing of the effect is left, else the person decides."""
    entry = execution.ledger.state.undoing
    if entry is None:
        raise ValueError("no undo was begun")
    step, body = execution.workflow.step(entry.step), entry.body
    intended = Intended(entry.number, _object(body["handle"]), body["answer"], _seconds(body["at"]), "")
    finding = _reconcile(execution, step, entry.visit, intended)
    if finding.ground == "absent":
        _undone(execution, step, entry.visit, Outcome(summary="Nothing of it is left."))
        return
    stands = (Option("leave", "Leave it", "it stands as it was; go on from there"),)
    more = stands if finding.ground == "applied" else ()
    match _ask_resolve(execution, step, intended, finding, more=more, doing="Undoing"):
        case "again":
            _undo(execution, step, entry.visit, intended, _object(body["outcome"]))
        case "done_elsewhere":
            reason = _reason(execution, step)
            _undone(execution, step, entry.visit, Outcome(summary=f"Undone elsewhere: {reason}"))
        case "leave":
            _not_undone(execution, step, entry.visit, f"{step.title} was not undone: it stands as it was.")
        case _:
            raise Halt(interrupted(None))


def _resolve(execution: Execution, step: Step, finding: Finding) -> Outcome | None:
    ledger, state = execution.ledger, execution.ledger.state
    intended = state.intent
    if intended is None:
        return None
    undoable = execution.action(step).signature.undoable
    more = (Option("undo", "Undo what is there", "then the step starts over"),) if undoable else ()
    match _ask_resolve(execution, step, intended, finding, more=more):
        case "again":
            _again(execution, step, "person")
            return None
        case "done_elsewhere":
            reason = _reason(execution, step)
            outputs = finding.outcome.outputs if finding.outcome else {}
            return Outcome(summary=f"Done elsewhere: {reason}", outputs=outputs)
        case "undo":
            outcome = finding.outcome or Outcome()
            ledger.commit(
                "undoing", step.id, state.visit,
                handle=intended.handle, answer=intended.answer, at=intended.at, outcome=_outcome_json(outcome),
            )  # fmt: skip
            _undo(execution, step, state.visit, intended, _outcome_json(outcome))
            return None
        case _:
            raise Halt(interrupted(None))


def _ask_resolve(
    execution: Execution,
    step: Step,
    intended: Intended,
    finding: Finding,
    *,
    more: tuple[Option, ...],
    doing: str = "",
) -> str:
    """The person's choice; without anybody to choose, the run ends here with exit code 5, or the error's own."""
    ledger = execution.ledger
    prompt = Resolve(
        key=f"{step.id}.resolve",
        question="An effect was interrupted. What now?",
        why="Running it twice, or taking it for done when it is not, can both do harm.",
        what=f"{doing} {step.title}".strip(),
        when=f"started {_clock_time(intended.at)}; the program ended before it could record how it went",
        seen=finding.seen or (f"Whether it happened is {finding.ground}.",),
        target=execution.target(step),
        facts={"ground": finding.ground},
        options=(
            Option("again", "Undo it again", "what is left of it goes")
            if doing
            else Option("again", "Run it again", "only when nothing of it is there"),
            *more,
            Option("stop", "Stop here", "keep the run, decide later"),
            Option("done_elsewhere", "It was done elsewhere", "say why; recorded"),
        ),
        default="stop",
    )
    while True:
        try:
            return str(execution.questions.ask_anew(step.id, ledger.state.visit, prompt, during="policy"))
        except (MissingAnswer, Paused) as left:
            raise Halt(interrupted(left if isinstance(left, MissingAnswer) else None)) from left
        except (Back, Skipped):
            text = "The interrupted effect must be settled first; `stop` keeps it for later."
            ledger.note(step.id, ledger.state.visit, text, "warning")


def _reason(execution: Execution, step: Step) -> str:
    prompt = EnterText(
        key=f"{step.id}.reason",
        question="Who did it, where, and how do you know?",
        pattern=r".*\S.*",
        pattern_hint="The record needs a reason.",
    )
    return str(execution.questions.ask_anew(step.id, execution.ledger.state.visit, prompt, during="policy"))


def _again(execution: Execution, step: Step, by: str) -> None:
    execution.ledger.commit("retried", step.id, execution.ledger.state.visit, by=by, target=execution.target(step))


def _reconcile(execution: Execution, step: Step, visit: int, intended: Intended) -> Finding:
    action = execution.action(step)
    try:
        context = execution.context(step, visit, execution.parameters(step, action.signature) or {})
        try:
            return action.reconcile(context, _intent(intended))
        finally:
            context.close()
    except (Interruption, Cancelled, Paused, Back, Skipped):
        raise
    except SenseiError as error:
        return Finding(ground="unknown", seen=("It could not be looked into:", *str(error).splitlines()))
    except Exception as error:
        _log.exception("looking into the step %s failed unexpectedly", step.id)
        return Finding(ground="unknown", seen=(f"It could not be looked into: {type(error).__name__}: {error}",))


def _undo(execution: Execution, step: Step, visit: int, intended: Intended, outcome: JsonObject) -> None:
    try:
        undone = _try_undo(execution, step, visit, intended, outcome)
    except Interruption:
        raise
    except SenseiError as error:
        raise Halt(interrupted(error, error.exit_code)) from error
    if undone.name == DECLINED:
        raise Halt(interrupted(None))
    _undone(execution, step, visit, undone)


def _try_undo(execution: Execution, step: Step, visit: int, intended: Intended, outcome: JsonObject) -> Outcome:
    """What the action says after its undo; an error that nobody foresaw becomes a SenseiError."""
    action = execution.action(step)
    try:
        context = execution.context(step, visit, execution.parameters(step, action.signature) or {})
        context.begin(committed=True)
        try:
            return action.undo(context, _intent(intended), _outcome(outcome))
        finally:
            context.close()
    except (SenseiError, Interruption, Cancelled, Paused, Halt):
        raise
    except Exception as error:
        _log.exception("undoing the step %s failed unexpectedly", step.id)
        raise SenseiError(
            f"Undoing {step.id} failed: {type(error).__name__}: {error}",
            remedy="Resume the run: what is left is looked into first.",
        ) from error


def _undone(execution: Execution, step: Step, visit: int, outcome: Outcome) -> None:
    execution.ledger.commit("undone", step.id, visit, summary=outcome.summary or "Undone.", blocks=outcome.blocks)


def _not_undone(execution: Execution, step: Step, visit: int, text: str) -> None:
    execution.ledger.commit("not_undone", step.id, visit, text=text)


def _intent(intended: Intended) -> Intent:
    return Intent(handle=intended.handle, answer=intended.answer, started_at=intended.at)


def _outcome_json(outcome: Outcome) -> JsonObject:
    return {"outcome": outcome.name, "summary": outcome.summary, "outputs": plain_object(outcome.outputs)}


def _outcome(body: JsonObject) -> Outcome:
    return Outcome(name=str(body["outcome"]), summary=str(body["summary"]), outputs=_object(body["outputs"]))


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _clock_time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
