"""What a run fixes when it starts."""

from collections.abc import Mapping

from ..definitions.expressions import UNKNOWN
from ..definitions.references import resolve
from ..definitions.workflow import Workflow
from ..terms.json import JsonObject
from ..terms.secrets import Redactor
from ..terms.targets import TargetLabel
from .events import StepOutline
from .execution import Actions
from .life import planned
from .records import RunHeader, new_run_id
from .redaction import masked_object


def header_of(
    workflow: Workflow,
    text: str,
    actions: Actions,
    *,
    targets: Mapping[str, TargetLabel],
    protected: frozenset[str],
    walk: tuple[str, ...],
    given: JsonObject,
    variables: JsonObject,
    started_at: float,
    started_by: str,
    redactor: Redactor,
) -> RunHeader:
    """The header of a new run: outline, stages, inputs given and variables; secrets masked."""
    guarded = protected | {label.environment for label in targets.values() if label.protected}
    stages = planned(
        {
            step.id: (actions[step.action].signature, _foreseeable(step.with_, variables))
            for step in workflow.steps
            if step.action in actions
        },
        frozenset(guarded),
    )
    return RunHeader(
        id=new_run_id(),
        workflow=workflow.id,
        title=workflow.title,
        text=text,
        digest=workflow.source.digest,
        started_at=started_at,
        started_by=started_by,
        outline=tuple(StepOutline(step.id, step.title, step.why, step.action) for step in workflow.steps),
        stages=stages,
        given=masked_object(given, redactor),
        variables=masked_object(variables, redactor),
        walk=walk,
    )


def _foreseeable(parameters: JsonObject, variables: JsonObject) -> JsonObject:
    """The parameters that are known before the run, for the names of the stages."""
    known = {key: resolve(value, variables) for key, value in parameters.items()}
    return {key: value for key, value in known.items() if value is not UNKNOWN}
