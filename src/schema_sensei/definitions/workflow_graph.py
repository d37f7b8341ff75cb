"""A workflow as a graph of steps: what can be reached, what can be left, which steps have surely run before."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from .spreading import blocks
from .tree import ToWorkflow
from .workflow import ToStep, Workflow


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a step; `to` None leaves the workflow. `ran` is False when the step was passed over or skipped."""

    to: str | None
    ran: bool = True


def edges(workflow: Workflow) -> Mapping[str, tuple[Edge, ...]]:
    """Every way from every step."""
    passed = _passed_over(workflow)
    return {step.id: tuple(_edges(workflow, step.id, passed)) for step in workflow.steps}


def _passed_over(workflow: Workflow) -> Mapping[str, str | None]:
    """What follows each block with `each:`, by the id of its first step: a project may have no later environment."""
    every = [*blocks(workflow), ()]
    return {block[0].id: after[0].id if after else None for block, after in pairwise(every) if block and block[0].each}


def _edges(workflow: Workflow, step_id: str, passed: Mapping[str, str | None]) -> Iterator[Edge]:
    step = workflow.step(step_id)
    for outcome in {"ok", *step.on}:
        match workflow.destination(step_id, outcome):
            case ToStep(id=target):
                yield Edge(target)
            case _:
                yield Edge(None)
    if step_id in passed:
        yield Edge(passed[step_id], ran=False)
    if step.when or step.skippable:
        match workflow.following(step_id):
            case ToStep(id=target):
                yield Edge(target, ran=False)
            case _:
                yield Edge(None, ran=False)


def reachable(graph: Mapping[str, tuple[Edge, ...]], start: str) -> frozenset[str]:
    """The steps that can be entered from `start`, itself included."""
    seen, todo = {start}, [start]
    while todo:
        for edge in graph[todo.pop()]:
            if edge.to is not None and edge.to in graph and edge.to not in seen:
                seen.add(edge.to)
                todo.append(edge.to)
    return frozenset(seen)


def escaping(graph: Mapping[str, tuple[Edge, ...]]) -> frozenset[str]:
    """The steps from which the workflow can end."""
    into: dict[str, set[str]] = {step: set() for step in graph}
    todo: list[str] = []
    for step, ways in graph.items():
        for edge in ways:
            if edge.to is None:
                todo.append(step)
            elif edge.to in into:
                into[edge.to].add(step)
    seen = set(todo)
    while todo:
        for earlier in into[todo.pop()] - seen:
            seen.add(earlier)
            todo.append(earlier)
    return frozenset(seen)


def surely_before(graph: Mapping[str, tuple[Edge, ...]], start: str) -> Mapping[str, frozenset[str]]:
    """For each step that can be reached, the steps that have run on every way to it (a forward must-analysis)."""
    before: dict[str, frozenset[str]] = {start: frozenset()}
    todo = [start]
    while todo:
        step = todo.pop()
        for edge in graph[step]:
            if edge.to is None or edge.to not in graph:
                continue
            carried = before[step] | {step} if edge.ran else before[step]
            known = before.get(edge.to)
            merged = carried if known is None else known & carried
            if merged != known:
                before[edge.to] = merged
                todo.append(edge.to)
    return before


def reachable_workflows(leaves: Iterable[str], workflows: Mapping[str, Workflow]) -> frozenset[str]:
    """The workflows that the leaves of the tree lead to, directly or because a step hands over to them."""
    seen, todo = set(leaves), list(leaves)
    while todo:
        workflow = workflows.get(todo.pop())
        for step in workflow.steps if workflow else ():
            for destination in step.on.values():
                if isinstance(destination, ToWorkflow) and destination.id not in seen:
                    seen.add(destination.id)
                    todo.append(destination.id)
    return frozenset(seen)
