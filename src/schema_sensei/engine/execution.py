"""One run being driven: what the modules that advance, recover, fail and go back share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from ..definitions.expressions import UNKNOWN, Value, evaluate, look_up, parse
from ..definitions.references import references, resolve
from ..definitions.signature import Signature
from ..definitions.tree import ToWorkflow
from ..definitions.workflow import Destination, End, Step, ToStep, Workflow
from ..terms.errors import SenseiError, UsageError
from ..terms.exit_codes import ExitCode
from ..terms.json import JsonObject, JsonValue
from ..terms.targets import TargetLabel
from .cancel import CancelToken
from .context import StepContext
from .errors import MissingAnswer
from .events import RunStatus
from .ledger import Ledger
from .ports import Action
from .questions import Questions
from .state import INPUTS

Actions: TypeAlias = Mapping[str, Action]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a run stops here: `final` runs cannot be resumed, `forget` drops the answers of the step it stands in."""

    status: RunStatus
    exit_code: int
    summary: str
    error: SenseiError | None = None
    final: bool = False
    forget: bool = False


class Halt(Exception):
    """The run ends here; raised inside the engine only, caught by the executor."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.summary)
        self.ending = ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """The workflow, its actions, and the way to the journal and to the person."""

    workflow: Workflow
    actions: Actions
    ledger: Ledger
    questions: Questions
    cancel: CancelToken
    targets: Mapping[str, TargetLabel] = field(default_factory=dict)
    dry: bool = False

    def action(self, step: Step) -> Action:
        """The action that a step names. Raises UsageError."""
        found = self.actions.get(step.action)
        if found is None:
            raise UsageError(
                f"The step {step.id} names the action `{step.action}`, which does not exist.",
                where=self.workflow.source.file,
                remedy=f"Use one of {', '.join(sorted(self.actions))}; `sensei lint` finds this before a run.",
            )
        return found

    def names(self) -> Mapping[str, Value]:
        """What `{references}` and `when:` can see now."""
        state = self.ledger.state
        return {INPUTS: state.inputs, **state.header.variables, **state.outputs}

    def needed(self, step: Step) -> Value:
        """What the step's `when:` says: False (not needed), UNKNOWN, or anything else."""
        return evaluate(parse(step.when), self.names()) if step.when else True

    def parameters(self, step: Step, signature: Signature) -> JsonObject | None:
        """The step's parameters, defaults filled in; None when a dry run cannot know one of them yet.

        An optional parameter whose reference has no value (its step was not needed) takes its default.
        Raises UsageError.
        """
        names = self.names()
        found: dict[str, JsonValue] = {key: parameter.default for key, parameter in signature.parameters.items()}
        for key, written in step.with_.items():
            value = resolve(written, names)
            if value is not UNKNOWN:
                found[key] = value
            elif self.dry:
                return None
            elif key not in signature.parameters or signature.parameters[key].required:
                missing = [ref.dotted for ref in references(written) if look_up(names, ref.dotted) is UNKNOWN]
                raise UsageError(
                    f"The step {step.id} needs {', '.join(missing)}, which has no value.",
                    means="The step that gives it was skipped, or gave nothing of that name.",
                    where=self.workflow.source.file,
                    remedy="Go back and run that step, or correct the workflow.",
                )
        lacking = [key for key, parameter in signature.parameters.items() if parameter.required and found[key] is None]
        if lacking:
            raise UsageError(
                f"The step {step.id} lacks {', '.join(lacking)}.",
                where=self.workflow.source.file,
                remedy="Give it under `with:` in the workflow; `sensei lint` finds this before a run.",
            )
        return found

    def context(self, step: Step, visit: int, parameters: JsonObject) -> StepContext:
        """A context for one attempt at a step visit."""
        return StepContext(
            self.ledger,
            self.questions,
            self.cancel,
            step=step.id,
            visit=visit,
            parameters=parameters,
            timeout=step.timeout,
            dry=self.dry,
        )

    def target(self, step: Step) -> TargetLabel | None:
        """The target that the step's `environment` names, as far as it is known before its preview."""
        environment = resolve(step.with_.get("environment"), self.names())
        return self.targets.get(environment) if isinstance(environment, str) else None


def written(destination: Destination) -> str:
    """A destination as the journal holds it: a step id, done, stop or workflow:<id>."""
    match destination:
        case ToStep(step):
            return step
        case ToWorkflow(workflow):
            return f"workflow:{workflow}"
        case End(how):
            return how
        case _:
            assert_never(destination)


def failed(error: SenseiError) -> Ending:
    """The ending of a run that a failed step stops; it can be resumed."""
    return Ending(status="failed", exit_code=error.exit_code, summary=error.what, error=error)


def interrupted(error: SenseiError | None, exit_code: int = ExitCode.RESOLVE) -> Ending:
    """The ending of a run whose last effect is not settled."""
    what = "" if error is None or isinstance(error, MissingAnswer) else f"{error.what} "
    return Ending(
        status="interrupted",
        exit_code=exit_code,
        summary=f"{what}An interrupted effect must be resolved.",
        error=error,
    )
