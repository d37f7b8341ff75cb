"""review: a person reads the exact SQL and what is dangerous in it; the approval is bound to the SQL's digest."""

import threading
from dataclasses import dataclass, replace
from typing import ClassVar

from ..changes.acceptance import Acceptance
from ..changes.change import Change
from ..changes.hazards.model import Hazard
from ..changes.hazards.model import Review as Judgement
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..project.variables import MissingVariableError
from ..terms.json import JsonValue
from . import hazard_questions, parameters
from .hazard_questions import HazardQuestion
from .judged import NotJudgedError, RefusedOnCopyError, judged, known
from .remedies import NotTakenError, open_there, put_back, remedy, take
from .review_question import question
from .revisions import as_it_is_now
from .services import Services
from .signatures import REVIEW
from .verdict import Verdict, safer_code

_LOOK = 0.02
"""Seconds between two looks whether the person has cancelled while the judge works."""


@dataclass(frozen=True, slots=True)
class Review:
    """Emits the SQL afresh, has it judged, lets the person settle what blocks, and hands on the approved change."""

    services: Services
    signature: ClassVar[Signature] = REVIEW

    def preview(self, context: Context) -> Preview:
        change = as_it_is_now(self.services, parameters.change(context))
        verdict = _verdict(self.services, context, change)
        blocking = _first(self.services, context.step, verdict, verdict.open("blocks"), frozenset())
        return Preview(
            summary=f"Review {change.named}: {change.nature.words}",
            prompt=blocking.prompt if blocking else question(context.step, verdict),
            effect=False,
            handle={"change": change.to_json(), "doubt": verdict.doubt, "refused": verdict.refused},
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        # What was shown counts, whatever the files say by now, and whether or not a copy could be had now.
        change, doubt = Change.from_json(intent.handle["change"]), str(intent.handle["doubt"])
        if doubt:
            verdict = Verdict(change, None, doubt, refused=bool(intent.handle["refused"]))
        else:
            verdict = _verdict(self.services, context, change)
        return _Sitting(self.services, context, verdict).settle(intent.answer)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Reading changes nothing.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError


def _verdict(services: Services, context: Context, change: Change) -> Verdict:
    # What only adds touches no rows: how many there are does not matter, and the replay is there already.
    environment = None if change.nature.additive else _described(services, parameters.text(context, "sizes_of"))
    try:
        return Verdict(change, _judged(services, context, change, environment))
    except NotJudgedError as error:
        doubt = f"{error.what} ({error.where})" if error.where else error.what
        return Verdict(change, None, doubt, refused=isinstance(error, RefusedOnCopyError))


def _described(services: Services, environment: str) -> str | None:
    """The environment, None when its URL is not known here: who may write a change need not reach production."""
    try:
        return services.project.target(environment, services.environ).environment.name if environment else None
    except MissingVariableError:
        return None


def _judged(services: Services, context: Context, change: Change, environment: str | None) -> Judgement:
    """The judgement, made in a thread of its own so that the person can cancel at any moment."""
    before = known(services, change, environment)
    if before is not None:
        return before
    found: list[Judgement] = []
    failed: list[Exception] = []
    done = threading.Event()

    def work() -> None:
        try:
            found.append(judged(services, change, environment))
        except Exception as error:
            failed.append(error)  # raised below, on the thread that waits
        finally:
            done.set()

    context.note("Looking for hazards: the SQL runs on a scratch copy.")
    threading.Thread(target=work, name="sensei-judge", daemon=True).start()
    while not done.wait(_LOOK):
        context.checkpoint()
    if failed:
        raise failed[0]
    return found[0]


def _first(
    services: Services, step: str, verdict: Verdict, hazards: tuple[Hazard, ...], tried: frozenset[str]
) -> HazardQuestion | None:
    """The question about the first of these hazards; one that was `tried` is not offered to the machine again."""
    if not hazards:
        return None
    there = remedy(services, verdict.change, hazards[0])
    if there is not None and hazards[0].key in tried:
        there = replace(there, cure=None)
    editor = services.terminal is not None
    return hazard_questions.ask(step, verdict, hazards[0], there, editor=editor, environ=services.environ)


@dataclass(slots=True)
class _Sitting:
    """One person with one change, from the first question to the approval.

    `tried` are keys of hazards that a machine has tried to cure, `left` of those that the person leaves as they are.
    """

    services: Services
    context: Context
    verdict: Verdict
    tried: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    looking: bool = False

    def settle(self, answer: JsonValue) -> Outcome:
        """Take the answer to the question that the preview asked, then ask on until something is decided."""
        while True:
            about = self._hazard()
            outcome = self._final(answer) if about is None else self._about_hazard(about, answer)
            if outcome is not None:
                return outcome
            following = self._hazard()
            prompt = following.prompt if following else question(self.context.step, self.verdict)
            answer = self.context.ask(prompt)

    def _hazard(self) -> HazardQuestion | None:
        """The question about a hazard that is next: what blocks, then what the person wants to look at."""
        hazards = self.verdict.open("blocks")
        if not hazards and self.looking:
            hazards = tuple(each for each in self.verdict.open("danger") if each.key not in self.left)
            self.looking = bool(hazards)
        return _first(self.services, self.context.step, self.verdict, hazards, self.tried)

    def _final(self, answer: JsonValue) -> Outcome | None:
        services, verdict = self.services, self.verdict
        match answer:
            case "approve":
                change = replace(verdict.change, accepted=verdict.acceptances)
                approved = change.approve(at=services.now(), by=services.operator)
                return Outcome(
                    summary=f"Approved {change.digest[:12]} by {services.operator}",
                    outputs={"change": approved.to_json(), "digest": change.digest},
                    blocks=verdict.record(),
                )
            case "hazards":
                self.looking, self.left = True, frozenset()
                return None
            case _:
                return _leave(answer)

    def _about_hazard(self, about: HazardQuestion, answer: JsonValue) -> Outcome | None:
        hazard = about.hazard
        match answer:
            case "accept":
                self._accept(hazard, str(self.context.ask(about.reason)))
            case "fix" | "open":
                self._correct(about, by_machine=answer == "fix")
            case "leave":
                self.left |= {hazard.key}
            case _:
                return _leave(answer)
        return None

    def _accept(self, hazard: Hazard, reason: str) -> None:
        services, change = self.services, self.verdict.change
        given = Acceptance(
            hazard.id, hazard.object, hazard.key, " ".join(reason.split()), services.operator, services.now()
        )
        self.verdict = replace(self.verdict, change=replace(change, accepted=(*change.accepted, given)))

    def _correct(self, about: HazardQuestion, *, by_machine: bool) -> None:
        services, change = self.services, self.verdict.change
        hazard, there = about.hazard, about.remedy
        if there is None:
            return
        before = there.path.read_bytes()
        if by_machine:
            self.tried |= {hazard.key}
        try:
            if by_machine:
                now = take(services, self.context, change, there)
            else:
                now = open_there(services, self.context, change, there, safer_code(hazard))
        except NotTakenError as error:
            self.tried |= {hazard.key}
            self.context.note(f"{error.what} {error.remedy}", "warning")
            return
        judged_now = _verdict(self.services, self.context, now)
        if by_machine and judged_now.refused:
            now = put_back(services, self.context, change, there, before)
            judged_now = _verdict(self.services, self.context, now)
        gone = judged_now.review is not None and hazard.key not in {
            each.key for each in judged_now.hazards if each.standing
        }
        cured = (*self.verdict.cured, hazard) if gone else self.verdict.cured
        self.verdict = replace(judged_now, cured=cured)
        if not gone:
            self.context.note(f"{hazard.id} is still there.", "warning")


def _leave(answer: JsonValue) -> Outcome:
    if answer == "stop":
        return Outcome(name="stopped", summary="Nothing was approved")
    return Outcome(name="rejected", summary="Not approved: edit again")
