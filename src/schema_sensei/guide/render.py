"""The written documentation, made from the definitions that run, so that it cannot drift from them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..definitions.signature import Signature
from ..definitions.spreading import in_general
from ..definitions.tree import Question, ToQuestion, ToWorkflow, Tree
from ..definitions.workflow import Destination, End, Step, ToStep, Trouble, Workflow
from . import mermaid
from .explain import risk_words

if TYPE_CHECKING:
    from ..definitions.library import Library

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_BACKUP = {"none": "no", "needed": "yes", "with-data": "yes, with data", "of-the-present": "yes, of the present"}


def docs(library: "Library", signatures: Mapping[str, Signature]) -> Mapping[str, str]:
    """Every page by its path: README, decision-tree, decision-matrix, troubleshooting, workflows/<id>; all `.md`."""
    workflows = {each.id: each for each in sorted(library.workflows.values(), key=lambda each: each.id)}
    pages = {
        "decision-tree.md": tree_page(library.tree, workflows),
        "decision-matrix.md": matrix_page(library.tree, workflows),
        **{f"workflows/{each.id}.md": workflow_page(each, workflows, signatures) for each in workflows.values()},
    }
    if library.troubles:
        pages["troubleshooting.md"] = troubleshooting_page(library.troubles, workflows)
    return {"README.md": index_page(workflows, troubleshooting=bool(library.troubles)), **pages}


def index_page(workflows: Mapping[str, Workflow], *, troubleshooting: bool) -> str:
    """The page that links the others."""
    lines = [
        "# Guidance",
        "",
        "Written by `sensei docs` from the definitions that run; change those, not these pages.",
        "",
        "- [Decision tree](decision-tree.md): what are you trying to do?",
        "- [Decision matrix](decision-matrix.md): every workflow, and what it demands",
    ]
    if troubleshooting:
        lines.append("- [Troubleshooting](troubleshooting.md): messages, and what to do now")
    lines += ["", "## Workflows", ""]
    lines += [f"- [{_text(each.title)}](workflows/{each.id}.md): {_text(each.when)}" for each in workflows.values()]
    return _page(lines)


def tree_page(tree: Tree, workflows: Mapping[str, Workflow]) -> str:
    """The tree as a picture, as questions with their reasons, and as situations."""
    lines = ["# Decision tree", "", "```mermaid", mermaid.tree(tree, workflows).rstrip(), "```"]
    for question in sorted(tree.questions, key=lambda each: each.id != tree.root):
        lines += ["", f"## {_text(question.ask)}", ""]
        if question.why:
            lines += [_text(question.why), ""]
        lines += _choice_rows(question, tree, workflows)
    if tree.scenarios:
        lines += ["", "## For example", "", "| situation | answers | workflow |", "|---|---|---|"]
        for scenario in tree.scenarios:
            answers = " ".join(f"`{key}`" for key in scenario.answers)
            link = _workflow_link(scenario.leads_to, workflows)
            lines.append(f"| {_text(scenario.situation)} | {answers} | {link} |")
    return _page(lines)


def matrix_page(tree: Tree, workflows: Mapping[str, Workflow]) -> str:
    """One row per workflow: when, backup, review, testing."""
    lines = ["# Decision matrix", "", "| workflow | when | backup | review | testing |", "|---|---|---|---|---|"]
    leaves = [choice.to.id for each in tree.questions for choice in each.choices if isinstance(choice.to, ToWorkflow)]
    for workflow_id in dict.fromkeys([*leaves, *workflows]):
        if workflow_id in workflows:
            each, risk = workflows[workflow_id], workflows[workflow_id].risk
            lines.append(
                f"| {_workflow_link(each.id, workflows)} | {_text(each.when)} "
                f"| {_BACKUP[risk.backup]} | {risk.review} | {risk.testing} |"
            )
    return _page(lines)


def workflow_page(workflow: Workflow, workflows: Mapping[str, Workflow], signatures: Mapping[str, Signature]) -> str:
    """One workflow: when, risk, quick commands, flowchart, inputs, steps with their reasons."""
    titles = {each.id: each.title for each in workflows.values()}
    lines = [
        f"# {_text(workflow.title)}",
        "",
        _text(workflow.when),
        "",
        f"Risk: {risk_words(workflow.risk)}.",
        "",
        "## Quick commands",
        "",
        "```sh",
        *_commands(workflow),
        "```",
        "",
        "## Flow",
        "",
        "```mermaid",
        mermaid.workflow(workflow, signatures, titles).rstrip(),
        "```",
    ]
    if workflow.inputs:
        lines += ["", "## What it asks first", ""]
        for given in workflow.inputs:
            hint = f" ({_text(given.hint)})" if given.hint else ""
            lines.append(f"- `inputs.{given.name}`: {_text(given.ask)}{hint}")
    lines += ["", "## Steps"]
    for number, step in enumerate(workflow.steps, 1):
        lines += ["", f"### {number}. {_text(in_general(step.title))}", "", *_step_lines(step, workflow, signatures)]
    return _page(lines)


def troubleshooting_page(troubles: Sequence[Trouble], workflows: Mapping[str, Workflow]) -> str:
    """Every message with what it means and the way out."""
    lines = ["# Troubleshooting", "", "Find an entry by its message: `sensei meaning MESSAGE`."]
    for trouble in troubles:
        lines += ["", f"## {_text(trouble.title)}", ""]
        lines += ["Messages: " + ", ".join(_code(text) for text in trouble.match), "", _text(trouble.means), ""]
        lines += [f"Dangerous: {'yes' if trouble.dangerous else 'no'}.", "", f"What to do now: {_text(trouble.remedy)}"]
        if trouble.workflow:
            lines += ["", f"Workflow: {_workflow_link(trouble.workflow, workflows)}"]
    return _page(lines)


def _choice_rows(question: Question, tree: Tree, workflows: Mapping[str, Workflow]) -> Iterator[str]:
    yield "| answer | meaning | leads to |"
    yield "|---|---|---|"
    asks = {each.id: each.ask for each in tree.questions}
    for choice in question.choices:
        match choice.to:
            case ToQuestion(id):
                goal = _text(asks.get(id, id))
            case ToWorkflow(id):
                goal = _workflow_link(id, workflows)
        mark = "**!** " if choice.emergency else ""
        yield f"| {mark}{_text(choice.label)} (`{choice.key}`) | {_text(choice.note)} | {goal} |"


def _commands(workflow: Workflow) -> Iterator[str]:
    yield f"sensei run {workflow.id}"
    yield f"sensei run {workflow.id} --dry-run"
    yield f"sensei run {workflow.id} --record answers.yaml"
    yield f"sensei run {workflow.id} --answers answers.yaml"


def _step_lines(step: Step, workflow: Workflow, signatures: Mapping[str, Signature]) -> Iterator[str]:
    if step.why:
        yield _text(in_general(step.why))
        yield ""
    signature = signatures.get(step.action)
    yield f"Does: `{step.action}`" + (f". {_text(signature.summary)}" if signature else "")
    for outcome, destination in step.on.items():
        meaning = f" ({_text(signature.outcomes[outcome])})" if signature and outcome in signature.outcomes else ""
        yield f"- {_code(outcome)}{meaning}: {_destination(destination, workflow)}"
    if step.each:
        yield f"- once for each environment after the first, in order; then it is called `{step.id}-ENVIRONMENT`"
    if step.skippable:
        yield "- may be skipped, with a reason"


def _destination(destination: Destination, workflow: Workflow) -> str:
    match destination:
        case ToStep(id):
            return f"go to “{_text(in_general(workflow.step(id).title))}”"
        case ToWorkflow(id):
            return f"go on with [{id}]({id}.md)"
        case End(how):
            return "done" if how == "done" else "stop here"


def _workflow_link(workflow_id: str, workflows: Mapping[str, Workflow]) -> str:
    title = workflows[workflow_id].title if workflow_id in workflows else workflow_id
    return f"[{_text(title)}](workflows/{workflow_id}.md)"


def _text(text: str) -> str:
    """Foreign text as literal Markdown on one line, safe inside a table cell."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return "`" + " ".join(text.split()).replace("`", "'").replace("|", "\\|") + "`"


def _page(lines: list[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
