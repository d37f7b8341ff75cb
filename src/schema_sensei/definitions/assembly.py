"""Puts the files of all directories together: one tree, workflows by id, troubleshooting entries, every problem."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from . import tree_checks, workflow_checks
from .compiled import Assembly
from .files import DefinitionFile
from .problems import Problem, did_you_mean
from .signature import Signature
from .tree import Question, ToWorkflow, Tree
from .workflow import Trouble, Workflow
from .workflow_graph import reachable_workflows
from .yaml_source import Document

HARMLESS: Final = frozenset({"unreachable-workflow"})
"""Problems of a workflow's place in the tree; the workflow itself can be used."""


def assemble(files: Sequence[DefinitionFile], signatures: Mapping[str, Signature] | None) -> Assembly:
    """Put files together, those that come first winning over later ones of the same name, and check the whole."""
    problems = [problem for file in files for problem in file.problems]
    parts = [(file.definition, file.document) for file in files if isinstance(file.definition, Tree)]
    found = [(file.definition, file.document) for file in files if isinstance(file.definition, Workflow)]
    entries = [(file.definition, file.document) for file in files if isinstance(file.definition, tuple)]

    workflows = {workflow.id: workflow for workflow, _ in reversed(found)}
    named = {name for file in files if file.kind == "workflow" for name in (_name(file),)} | workflows.keys()
    tree, clashes = _merged(parts)
    problems += clashes
    for part, document in parts:
        problems += tree_checks.check(part, document, tree, named)
    problems += _workflow_problems(found, named, signatures)
    problems += _unreached(tree, found, workflows) if parts else ()
    problems += _trouble_problems(entries, named)

    broken = {problem.file for problem in problems if problem.code not in HARMLESS}
    usable = {name: one for name, one in workflows.items() if one.source.file not in broken}
    usable_entries = [part for part, document in entries if document.file not in broken]
    return Assembly(
        tree=tree_checks.pruned(tree, usable.keys()),
        workflows=usable,
        troubles=tuple(entry for part in usable_entries for entry in part),
        texts={file.source.digest: file.document.text for file in files},
        problems=tuple(sorted(set(problems))),
    )


def _name(file: DefinitionFile) -> str:
    """The workflow a file is about, also when it cannot be read: nobody needs a second problem for that."""
    return file.definition.id if isinstance(file.definition, Workflow) else file.stem


def _merged(parts: Sequence[tuple[Tree, Document]]) -> tuple[Tree, list[Problem]]:
    """The trees as one: the last root wins, choices for a known question are added to it."""
    questions: dict[str, Question] = {}
    problems: list[Problem] = []
    complete = {question.id for part, _ in parts for question in part.questions if question.ask}
    for part, document in parts:
        for index, question in enumerate(part.questions):
            path = ("questions", index)
            known = questions.get(question.id)
            if question.ask and known is not None and known.ask:
                hint = "Choose another id; to add choices to that question, leave `ask` out."
                message = f"there is a question `{question.id}` already"
                problems.append(document.problem("duplicate-id", message, (*path, "id"), hint))
                continue
            if question.id not in complete:
                hint = did_you_mean(question.id, complete, "question with an `ask`")
                message = f"question `{question.id}` asks nothing, and there is none of that name to add choices to"
                problems.append(document.problem("missing-ask", message, path, hint))
            taken = {choice.key for choice in known.choices} if known else set()
            fresh = []
            for place, choice in enumerate(question.choices):
                if choice.key in taken:
                    message = f"question `{question.id}` has a choice `{choice.key}` already"
                    at = (*path, "choices", place, "key")
                    problems.append(document.problem("duplicate-id", message, at, "Choose another key."))
                    continue
                taken.add(choice.key)
                fresh.append(choice)
            first = known if known is not None and known.ask else question
            earlier = known.choices if known else ()
            questions[question.id] = replace(first, choices=(*earlier, *fresh))
    roots = [part.root for part, _ in parts if part.root]
    if parts and not roots:
        hint = "Add `root: <question id>`."
        problems.append(parts[0][1].problem("missing-key", "no tree names its first question", (), hint))
    tree = Tree(
        root=roots[-1] if roots else "",
        questions=tuple(questions.values()),
        scenarios=tuple(scenario for part, _ in parts for scenario in part.scenarios),
        sources=tuple(source for part, _ in parts for source in part.sources),
    )
    return tree, problems


def _workflow_problems(
    found: Sequence[tuple[Workflow, Document]], named: Collection[str], signatures: Mapping[str, Signature] | None
) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for workflow, document in found:
        other = first.setdefault(workflow.id, document.file)
        if other != document.file:
            message = f"there is a workflow `{workflow.id}` already, in {other}"
            yield document.problem("duplicate-id", message, ("id",), "Choose another id.")
        yield from workflow_checks.check(workflow, document, named, signatures)


def _unreached(
    tree: Tree, found: Sequence[tuple[Workflow, Document]], workflows: Mapping[str, Workflow]
) -> Iterator[Problem]:
    leaves = {
        choice.to.id for question in tree.questions for choice in question.choices if isinstance(choice.to, ToWorkflow)
    }
    reached = reachable_workflows(leaves, workflows)
    for workflow, document in found:
        if workflow.id not in reached:
            hint = f"Add a choice with `to: workflow:{workflow.id}` to a question in a tree.yaml."
            message = f"no answer leads to workflow `{workflow.id}`"
            yield document.problem("unreachable-workflow", message, ("id",), hint)


def _trouble_problems(
    entries: Sequence[tuple[tuple[Trouble, ...], Document]], named: Collection[str]
) -> Iterator[Problem]:
    seen: set[str] = set()
    for part, document in entries:
        for index, entry in enumerate(part):
            path = ("entries", index)
            if entry.id in seen:
                message = f"there is an entry `{entry.id}` already"
                yield document.problem("duplicate-id", message, (*path, "id"), "Choose another id.")
            seen.add(entry.id)
            if entry.workflow is not None and entry.workflow not in named:
                hint = did_you_mean(entry.workflow, named, "workflow")
                message = f"there is no workflow `{entry.workflow}`"
                yield document.problem("unknown-workflow", message, (*path, "workflow"), hint)
            for place, text in enumerate(entry.match):
                if max(len(piece.strip()) for piece in text.split("*")) < 3:
                    hint = "Write at least three letters in a row."
                    message = f"`{text}` would match almost every message"
                    yield document.problem("bad-match", message, (*path, "match", place), hint)
