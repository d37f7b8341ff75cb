"""command: one command of a workflow's author; only files that a person trusted may name it."""

import shlex
from dataclasses import dataclass
from typing import ClassVar

from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from . import parameters, running
from .services import Services
from .signatures import COMMAND


@dataclass(frozen=True, slots=True)
class Command:
    """Runs words, never shell text. After a crash `check`, if there is one, says whether it had been done."""

    services: Services
    signature: ClassVar[Signature] = COMMAND

    def preview(self, context: Context) -> Preview:
        words = running.split(parameters.text(context, "run"), where=context.step)
        return Preview(summary=f"Run {shlex.join(words)}", handle={"words": words})

    def perform(self, context: Context, intent: Intent) -> Outcome:
        ended = self._run(parameters.text(context, "run"), context)
        return running.outcome(ended, passed="The command succeeded", failed="The command failed")

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        check = parameters.text(context, "check")
        if not check:
            return Finding(ground="unknown", seen=("The command names no check that could tell whether it ran.",))
        ended = self._run(check, context)
        seen = (f"{check} ended with exit code {ended.exit_code}.",)
        if ended.exit_code:
            return Finding(ground="absent", seen=seen)
        outputs = {"exit_code": 0, "seconds": 0.0}
        return Finding(ground="applied", seen=seen, outcome=Outcome(summary="It had been done", outputs=outputs))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError

    def _run(self, line: str, context: Context) -> running.Ended:
        project = self.services.project
        return running.run(
            running.split(line, where=context.step),
            context,
            directory=project.root,
            environ=project.variables(self.services.environ),
            where=context.step,
        )
