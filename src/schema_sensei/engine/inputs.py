"""What a workflow asks before its first step, and what was given beforehand."""

import re
from collections.abc import Mapping

from ..definitions.workflow import Input, Workflow
from ..terms.errors import UsageError
from ..terms.json import JsonValue
from .errors import MissingAnswer
from .execution import Execution
from .prompts import EnterText, Skipped
from .state import INPUTS


def check_given(workflow: Workflow, given: Mapping[str, JsonValue]) -> None:
    """Refuse inputs that the workflow does not have, or whose text does not fit. Raises UsageError."""
    known = {declared.name: declared for declared in workflow.inputs}
    for name, value in given.items():
        if name not in known:
            raise UsageError(
                f"The workflow {workflow.id} has no input `{name}`.",
                remedy=f"Its inputs: {', '.join(known)}." if known else "It has no inputs: leave it out.",
            )
        declared = known[name]
        if not isinstance(value, str) or (declared.pattern and not re.fullmatch(declared.pattern, value)):
            raise UsageError(
                f"{value!r} does not fit inputs.{name}: {declared.ask}",
                remedy=declared.hint or f"Give a text that matches {declared.pattern}.",
            )


def ask_inputs(execution: Execution) -> None:
    """Ask for every input that has no value yet, under the key `inputs.<name>`."""
    state = execution.ledger.state
    for declared in execution.workflow.inputs:
        if declared.name in state.inputs:
            continue
        try:
            execution.questions.ask(INPUTS, 1, _prompt(declared))
        except MissingAnswer:
            if not execution.dry:
                raise
        except Skipped:
            text = "The workflow needs this: it cannot be skipped."
            execution.ledger.note(INPUTS, 1, text, "warning")
            ask_inputs(execution)


def _prompt(declared: Input) -> EnterText:
    return EnterText(
        key=f"{INPUTS}.{declared.name}",
        question=declared.ask,
        why=declared.why,
        pattern=declared.pattern,
        pattern_hint=declared.hint,
        default=declared.default,
    )
