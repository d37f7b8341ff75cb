"""test: the project's own test command, with its output as it comes."""

import shlex
from dataclasses import dataclass
from typing import ClassVar

from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..terms.errors import UsageError
from . import running
from .services import Services
from .signatures import TEST


@dataclass(frozen=True, slots=True)
class Test:
    """Runs the command of sensei.yaml; its exit code decides."""

    services: Services
    signature: ClassVar[Signature] = TEST

    def preview(self, context: Context) -> Preview:
        return Preview(summary=f"Run {shlex.join(self._words())}", effect=False)

    def perform(self, context: Context, intent: Intent) -> Outcome:
        project = self.services.project
        ended = running.run(
            self._words(),
            context,
            directory=project.root,
            environ=project.variables(self.services.environ),
            where=self._where,
        )
        return running.outcome(ended, passed="The tests pass", failed="The tests fail")

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("Tests can always be run again.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError

    def _words(self) -> list[str]:
        tests = self.services.project.tests
        if not tests:
            raise UsageError(
                "The project has no test command.",
                remedy="Name it in sensei.yaml, for example tests: pytest -q. Or skip this step with a reason.",
                where=self._where,
            )
        return running.split(tests, where=self._where) if isinstance(tests, str) else list(tests)

    @property
    def _where(self) -> str:
        return "sensei.yaml, tests"
