"""onward: whether the run goes on to a later environment, which may not be reached from here at all; reads only."""

from dataclasses import dataclass
from typing import ClassVar

from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Choose, Option, Prose, Stakes
from ..project.environment import Target
from ..project.variables import MissingVariableError
from . import parameters
from .services import Services
from .signatures import ONWARD


@dataclass(frozen=True, slots=True)
class Onward:
    """The place where a run ends for today, for whoever has no way to the next environment, or wants no more."""

    services: Services
    signature: ClassVar[Signature] = ONWARD

    def preview(self, context: Context) -> Preview:
        environment = self.services.project.environment(parameters.text(context, "environment"))
        name = environment.name
        if environment.gate == "none":
            return _elsewhere(
                f"{name} is not changed through sensei",
                f"sensei.yaml gives {name} no gate. Hand its owner the SQL that was approved: sensei show",
            )
        try:
            target = self.services.project.target(name, self.services.environ)
        except MissingVariableError as missing:
            return _elsewhere(
                f"{name} is not known here",
                f"{missing.what} Whoever has it takes the change on: sensei run promote",
            )
        return Preview(
            summary=f"Next is {name}",
            target=target.label,
            effect=False,
            prompt=_question(context, target),
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        name = parameters.text(context, "environment")
        if intent.answer is None:
            return Outcome(name="elsewhere", summary=f"Ends here: {name} is for somebody else")
        if intent.answer == "finish":
            return Outcome(name="finish", summary=f"Ends here: {name} is for another day")
        return Outcome(summary=f"On to {name}")

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Asking changes nothing.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError


def _elsewhere(summary: str, words: str) -> Preview:
    return Preview(summary=summary, blocks=(Prose(words, "warning"),), effect=False)


def _question(context: Context, target: Target) -> Choose:
    environment = target.environment
    through = "through Bytebase" if environment.gate == "bytebase" else "directly"
    return Choose(
        key=context.step,
        question=f"Go on to {target.label}?",
        why="Every environment is a decision of its own. Leave the program instead, and the run waits: sensei resume.",
        stakes=Stakes(
            does=f"Rehearses the change for {environment.name} and asks again before it is deployed, {through}",
            costs="a few seconds; nothing is changed yet",
            back="finish at any question",
        ),
        target=target.label,
        facts={"environment": environment.name, "protected": environment.protected, "gate": environment.gate},
        digest=environment.name,
        options=(
            Option("go", f"Go on to {environment.name}"),
            Option("finish", "Finish here", "sensei run promote takes it on another day"),
        ),
        default="go",
    )
