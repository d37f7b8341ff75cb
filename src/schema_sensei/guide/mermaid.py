"""The tree and the workflows as Mermaid flowcharts that parse, whatever their labels say.

Node names are ours (q0, w0, s0); every label stands in double quotes with all but plain characters as entity codes
(https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters).
"""

import re
import textwrap
from collections.abc import Iterator, Mapping

from ..definitions.signature import Signature
from ..definitions.spreading import blocks, in_general
from ..definitions.tree import Question, ToQuestion, ToWorkflow, Tree
from ..definitions.workflow import Destination, End, Step, ToStep, Workflow

_WIDTH = 30
_PLAIN = re.compile(r"[^\w ,?!]|_", re.UNICODE)
_LIST_MARK = re.compile(r"^(\d+)\.")


def label(text: str, width: int = _WIDTH) -> str:
    """A quoted label: wrapped with <br/>, everything that Mermaid, Markdown or HTML could read as its own escaped."""
    lines = textwrap.wrap(" ".join(text.split()), width, break_long_words=False) or [" "]
    return '"' + "<br/>".join(_escaped(line) for line in lines) + '"'


def tree(tree: Tree, workflows: Mapping[str, Workflow]) -> str:
    """The decision tree from its root; choices are edges, workflows are leaves."""
    questions = _reachable(tree)
    names = {question.id: f"q{at}" for at, question in enumerate(questions)}
    leaves: dict[str, str] = {}
    edges: list[str] = []
    urgent: set[str] = set()
    for question in questions:
        for choice in question.choices:
            match choice.to:
                case ToQuestion(id):
                    goal = names.get(id)
                case ToWorkflow(id):
                    goal = leaves.setdefault(id, f"w{len(leaves)}")
            if goal is not None:
                edges.append(f"  {names[question.id]} -->|{label(choice.label)}| {goal}")
                if choice.emergency:
                    urgent.add(goal)
    lines = ["flowchart LR"]
    lines += [f"  {names[question.id]}{{{label(question.ask)}}}" for question in questions]
    for workflow, name in leaves.items():
        title = workflows[workflow].title if workflow in workflows else workflow
        lines.append(f"  {name}([{label(title)}])")
    lines += edges
    if urgent:
        lines += ["  classDef emergency stroke-width:3px", f"  class {','.join(sorted(urgent))} emergency"]
    return "\n".join(lines) + "\n"


def workflow(workflow: Workflow, signatures: Mapping[str, Signature], titles: Mapping[str, str] | None = None) -> str:
    """One workflow: its steps, where each outcome leads, and which steps may change data.

    `titles` are the titles of other workflows by id. An outcome that `on:` does not name is drawn as asking the person.
    """
    names = {step.id: f"s{at}" for at, step in enumerate(workflow.steps)}
    ends: dict[str, str] = {}
    edges: list[str] = []
    for step in workflow.steps:
        for outcome, goal in _outcomes(workflow, step, signatures):
            arrow = "-->" if outcome == "ok" else f"-->|{label(outcome)}|"
            edges.append(f"  {names[step.id]} {arrow} {_goal(goal, names, ends)}")
    for block in blocks(workflow):
        if block[0].each:
            again = label("for each environment after the first")
            edges.append(f"  {names[block[-1].id]} -.->|{again}| {names[block[0].id]}")
    lines = ["flowchart TD", "  start([" + label(workflow.title) + "])"]
    lines += [f"  {names[step.id]}[{label(in_general(step.title))}]" for step in workflow.steps]
    for end, name in ends.items():
        kind, _, other = end.partition(":")
        text = (titles or {}).get(other, other) if kind == "workflow" else end
        lines.append(f"  {name}([{label(text)}])")
    lines += [f"  start --> {names[workflow.steps[0].id]}", *edges]
    dangerous = [names[step.id] for step in workflow.steps if _dangerous(step, signatures)]
    if dangerous:
        lines += ["  classDef changes stroke-width:3px", f"  class {','.join(dangerous)} changes"]
    return "\n".join(lines) + "\n"


def _escaped(line: str) -> str:
    line = _LIST_MARK.sub(r"\1#46;", line) if _LIST_MARK.match(line) else line
    head, mark, rest = line.partition("#46;")
    if mark:
        return _coded(head) + mark + _coded(rest)
    return _coded(line)


def _coded(text: str) -> str:
    return _PLAIN.sub(lambda found: f"#{ord(found.group())};", text)


def _reachable(tree: Tree) -> list[Question]:
    questions = {question.id: question for question in tree.questions}
    order: dict[str, Question] = {}
    waiting = [tree.root]
    while waiting:
        question_id = waiting.pop(0)
        if question_id in order or question_id not in questions:
            continue
        order[question_id] = questions[question_id]
        waiting += [choice.to.id for choice in questions[question_id].choices if isinstance(choice.to, ToQuestion)]
    return list(order.values())


def _outcomes(
    workflow: Workflow, step: Step, signatures: Mapping[str, Signature]
) -> Iterator[tuple[str, Destination | None]]:
    declared = signatures[step.action].outcomes if step.action in signatures else {}
    for outcome in dict.fromkeys(["ok", *declared, *step.on]):
        yield outcome, workflow.destination(step.id, outcome)


def _goal(goal: Destination | None, names: Mapping[str, str], ends: dict[str, str]) -> str:
    match goal:
        case ToStep(id):
            return names[id]
        case ToWorkflow(id):
            end = f"workflow:{id}"
        case End(how):
            end = how
        case None:
            end = "you decide: again, back, or stop"
    return ends.setdefault(end, f"e{len(ends)}")


def _dangerous(step: Step, signatures: Mapping[str, Signature]) -> bool:
    return step.action in signatures and signatures[step.action].dangerous
