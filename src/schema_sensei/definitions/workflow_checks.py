"""What must hold of a workflow beyond its shape: names that exist, parameters that fit, ways that end."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePath

from . import workflow_graph
from .problems import Problem
from .signature import Signature
from .step_checks import RESERVED, StepChecks, mentions
from .workflow import Step, Workflow
from .yaml_source import Document, Path


def check(
    workflow: Workflow,
    document: Document,
    workflows: Collection[str],
    signatures: Mapping[str, Signature] | None,
) -> Iterator[Problem]:
    """Every problem of one workflow; `signatures` None leaves out what only the actions' declarations can tell."""
    yield from _check_names(workflow, document)
    yield from _check_inputs(workflow, document)
    yield from _check_each(workflow, document)
    for index, step in enumerate(workflow.steps):
        checks = StepChecks(workflow, document, workflows, signatures, step, ("steps", index))
        yield from checks.every()
    yield from _check_ways(workflow, document)


def _check_names(workflow: Workflow, document: Document) -> Iterator[Problem]:
    stem = PurePath(document.file).stem
    if stem != workflow.id:
        hint = f"Rename the file to {workflow.id}.yaml, or set `id: {stem}`."
        yield document.problem("file-name", f"workflow `{workflow.id}` stands in a file named {stem}", ("id",), hint)
    seen: set[str] = set()
    for index, step in enumerate(workflow.steps):
        path: Path = ("steps", index, "id")
        if step.id in RESERVED:
            hint = f"Choose another id; {', '.join(sorted(RESERVED))} have a meaning of their own."
            yield document.problem("reserved-id", f"no step can be called `{step.id}`", path, hint)
        elif step.id in seen:
            hint = "Give each an `id` of its own; without one, a step is called after its action."
            yield document.problem("duplicate-id", f"two steps are called `{step.id}`", path, hint)
        seen.add(step.id)


def _check_inputs(workflow: Workflow, document: Document) -> Iterator[Problem]:
    for one in workflow.inputs:
        path: Path = ("inputs", one.name)
        try:
            fits = not one.pattern or not one.default or re.fullmatch(one.pattern, one.default)
        except (re.error, OverflowError, RecursionError) as error:
            column = (getattr(error, "pos", None) or 0) + 1
            line, place = document.mark_within((*path, "pattern"), column)
            hint = "Patterns are Python regular expressions for the whole answer."
            yield Problem(document.file, line, place, "bad-pattern", f"not a regular expression: {error}", hint)
            continue
        if not fits:
            message = f"the default {one.default!r} does not match the pattern"
            yield document.problem("bad-default", message, (*path, "default"), one.hint)


def _check_each(workflow: Workflow, document: Document) -> Iterator[Problem]:
    if workflow.steps[0].each:
        message = f"`{workflow.steps[0].id}` is the first step, and not there when a project has one environment"
        hint = "Begin with a step for the first environment, without `each:`."
        yield document.problem("each-first", message, ("steps", 0, "each"), hint)


def _check_ways(workflow: Workflow, document: Document) -> Iterator[Problem]:
    graph = workflow_graph.edges(workflow)
    if len(graph) < len(workflow.steps):
        return  # two steps of one name: told already, and ways are ambiguous until it is corrected
    first = workflow.steps[0].id
    entered = workflow_graph.reachable(graph, first)
    escaping = workflow_graph.escaping(graph)
    before = workflow_graph.surely_before(graph, first)
    for index, step in enumerate(workflow.steps):
        path: Path = ("steps", index)
        if step.id not in entered:
            hint = "Lead an outcome here with `on:`, or remove the step."
            yield document.problem("unreachable-step", f"nothing leads to step `{step.id}`", path, hint)
        elif step.id not in escaping:
            hint = "Lead an outcome out of the loop: to a later step, done or stop."
            yield document.problem("endless-loop", f"from step `{step.id}` the workflow can never end", path, hint)
        if step.id in before:
            yield from _check_order(workflow, document, step, path, before[step.id])


def _check_order(
    workflow: Workflow,
    document: Document,
    step: Step,
    path: Path,
    before: frozenset[str],
) -> Iterator[Problem]:
    ids = {other.id for other in workflow.steps}
    found = [
        (at, column, dotted)
        for at, column, dotted in mentions(step, path)
        if (owner := dotted.partition(".")[0]) not in RESERVED and owner in ids and owner not in before
    ]
    if step.when and not any(at == (*path, "when") for at, _, _ in found):
        return  # its `when:` can say, and is there to say, whether the others have run
    for at, column, dotted in found:
        owner = dotted.partition(".")[0]
        line, place = document.mark_within(at, column)
        message = f"`{dotted}` is used here, but step `{owner}` may not have run before"
        hint = (
            "Put that step earlier on every way that leads here (a `when:` or `skippable` step may be passed over), or "
            "let a `when:` of this step ask for what tells that it has run."
        )
        yield Problem(document.file, line, place, "not-run-yet", message, hint)
