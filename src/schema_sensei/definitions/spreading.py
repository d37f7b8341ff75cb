"""Steps that a workflow takes once for each later environment, laid out for the environments of a project.

In YAML such a step says `each: later`; neighbours that say so belong together. For dev, staging and prod the steps
`prove, promote` become `prove-staging, promote-staging, prove-prod, promote-prod`, in this order. Between them a
reference or a destination means the step of the same environment; `{environment.this}` is its name.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from ..terms.errors import UsageError
from ..terms.json import JsonValue
from . import expressions, references
from .workflow import Destination, End, Step, ToStep, Workflow

THIS = "environment.this"
"""The environment that a step with `each:` is laid out for."""
_SOME_ENVIRONMENT = "the next environment"


def spread(workflow: Workflow, environments: Sequence[str]) -> Workflow:
    """The workflow with its `each:` steps laid out for these environments, of which the first one is not later.

    A workflow without such steps stays as it is. Raises UsageError when two steps would have one name.
    """
    if not any(step.each for step in workflow.steps):
        return workflow
    later = environments[1:]
    steps: list[Step] = []
    for block in blocks(workflow):
        if block[0].each:
            steps += (step for name in later for step in _laid_out(block, name))
        else:
            steps += block
    entries = _entries(workflow, later)
    laid_out = tuple(replace(step, on=_led(step.on, entries)) for step in steps)
    _refuse_two_of_one_name(workflow, laid_out)
    return replace(workflow, steps=laid_out)


def blocks(workflow: Workflow) -> Iterator[tuple[Step, ...]]:
    """The steps in order, as neighbours that all have `each:` or all do not have it."""
    for _, steps in groupby(workflow.steps, key=lambda step: bool(step.each)):
        yield tuple(steps)


def in_general(text: str) -> str:
    """A title or reason with words in place of the name of an environment, for readers without a project."""
    words = text.replace(f"{{{THIS}}}", _SOME_ENVIRONMENT)
    return words[:1].upper() + words[1:] if text.startswith("{") else words


def _laid_out(block: Sequence[Step], environment: str) -> Iterator[Step]:
    names = {step.id: f"{step.id}-{environment}" for step in block}
    for step in block:
        yield replace(
            step,
            id=names[step.id],
            title=_filled(step.title, environment),
            why=_filled(step.why, environment),
            confirm=_filled(step.confirm, environment),
            when=_renamed_expression(step.when, names, environment),
            with_={key: _renamed(value, names, environment) for key, value in step.with_.items()},
            on=_led(step.on, {name: ToStep(new) for name, new in names.items()}),
            each="",
        )


def _filled(text: str, environment: str) -> str:
    return text.replace(f"{{{THIS}}}", environment)


def _renamed(value: JsonValue, names: Mapping[str, str], environment: str) -> JsonValue:
    match value:
        case str():
            return "".join(_piece(piece, names, environment) for piece in references.parse(value))
        case Mapping():
            return {key: _renamed(item, names, environment) for key, item in value.items()}
        case list() | tuple():
            return [_renamed(item, names, environment) for item in value]
        case _:
            return value


def _piece(piece: str | references.Reference, names: Mapping[str, str], environment: str) -> str:
    if isinstance(piece, str):
        return piece.replace("{", "{{").replace("}", "}}")
    return environment if piece.dotted == THIS else f"{{{_renamed_name(piece.dotted, names)}}}"


def _renamed_name(dotted: str, names: Mapping[str, str]) -> str:
    owner, dot, rest = dotted.partition(".")
    return f"{names.get(owner, owner)}{dot}{rest}"


def _renamed_expression(text: str, names: Mapping[str, str], environment: str) -> str:
    """The expression with its names replaced, from the last one on, so that columns stay right."""
    if not text:
        return text
    for name in sorted(expressions.names(expressions.parse(text)), key=lambda each: -each.column):
        new = f"'{environment}'" if name.dotted == THIS else _renamed_name(name.dotted, names)
        at = name.column - 1
        text = text[:at] + new + text[at + len(name.dotted) :]
    return text


def _entries(workflow: Workflow, later: Sequence[str]) -> Mapping[str, Destination]:
    """Where a destination leads that names the first step of a block, seen from outside of it."""
    found: dict[str, Destination] = {}
    every = list(blocks(workflow))
    after: Destination = End("done")
    for block in reversed(every):
        first = block[0].id
        if block[0].each and later:
            found[first] = after = ToStep(f"{first}-{later[0]}")
        elif block[0].each:
            found[first] = after
        else:
            after = ToStep(first)
    return found


def _led(on: Mapping[str, Destination], names: Mapping[str, Destination]) -> dict[str, Destination]:
    return {outcome: names.get(goal.id, goal) if isinstance(goal, ToStep) else goal for outcome, goal in on.items()}


def _refuse_two_of_one_name(workflow: Workflow, steps: Collection[Step]) -> None:
    seen: set[str] = set()
    for step in steps:
        if step.id in seen:
            raise UsageError(
                f"Two steps of the workflow {workflow.id} are called {step.id} in this project.",
                means="A step that is there once for each later environment has its environment's name at the end.",
                remedy="Rename the step, or the environment.",
                where=workflow.source.file,
            )
        seen.add(step.id)
