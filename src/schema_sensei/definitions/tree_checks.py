"""What must hold of the decision tree beyond its shape: every choice leads on, every promise is kept, no circles."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from . import expressions
from .problems import Problem, did_you_mean
from .step_checks import PROJECT_NAMES, expression_problems
from .tree import Choice, Question, ToQuestion, ToWorkflow, Tree
from .yaml_source import Document

_FACTS: Final = frozenset({"project", "environment"})


def check(part: Tree, document: Document, whole: Tree, workflows: Collection[str]) -> Iterator[Problem]:
    """Every problem of one tree file as a part of the whole tree."""
    questions = {question.id: question for question in whole.questions}
    if part.root and part.root not in questions:
        hint = did_you_mean(part.root, questions, "question")
        yield document.problem("unknown-question", f"there is no question `{part.root}`", ("root",), hint)
    reached, circles = _explore(whole.root, questions)
    for index, question in enumerate(part.questions):
        if question.id not in reached and whole.root in questions:
            hint = f"Lead a choice to `question:{question.id}`, or remove it."
            message = f"nothing leads to question `{question.id}`"
            yield document.problem("unreachable-question", message, ("questions", index, "id"), hint)
        for place, choice in enumerate(question.choices):
            path = ("questions", index, "choices", place)
            match choice.to:
                case ToQuestion(id=target) if target not in questions:
                    hint = did_you_mean(target, questions, "question")
                    yield document.problem("unknown-question", f"there is no question `{target}`", (*path, "to"), hint)
                case ToWorkflow(id=target) if target not in workflows:
                    hint = did_you_mean(target, workflows, "workflow")
                    yield document.problem("unknown-workflow", f"there is no workflow `{target}`", (*path, "to"), hint)
                case _ if (question.id, choice.key) in circles:
                    hint = "Lead it to another question, or to a workflow; going back is always possible anyway."
                    message = f"choice `{choice.key}` leads back to a question that was asked before"
                    yield document.problem("circle", message, (*path, "to"), hint)
                case _:
                    pass
            if choice.when:
                yield from _check_when(choice, document, (*path, "when"))
    yield from _check_scenarios(part, document, whole, questions)


def _check_when(choice: Choice, document: Document, path: tuple[str | int, ...]) -> Iterator[Problem]:
    problems = list(expression_problems(choice.when, document, path))
    yield from problems
    if problems:
        return
    for name in expressions.names(expressions.parse(choice.when)):
        owner, _, rest = name.dotted.partition(".")
        if owner not in _FACTS or not rest or (owner == "project" and rest not in PROJECT_NAMES):
            line, column = document.mark_within(path, name.column)
            message = f"`{name.dotted}` is not known while questions are asked"
            hint = "A choice may look at project.name and environment.<name>."
            yield Problem(document.file, line, column, "unknown-name", message, hint)


def _check_scenarios(
    part: Tree, document: Document, whole: Tree, questions: Mapping[str, Question]
) -> Iterator[Problem]:
    for index, scenario in enumerate(part.scenarios):
        path = ("scenarios", index)
        question = questions.get(whole.root)
        leaf: str | None = None
        for place, key in enumerate(scenario.answers):
            if question is None:
                if leaf is not None:
                    message = f"`{key}` is one answer too many: workflow `{leaf}` is reached before it"
                    yield document.problem("scenario", message, (*path, "answers", place), "Remove it.")
                break
            choice = question.choice(key)
            if choice is None:
                hint = did_you_mean(key, [one.key for one in question.choices])
                message = f"question `{question.id}` has no choice `{key}`"
                yield document.problem("scenario", message, (*path, "answers", place), hint)
                break
            question = questions.get(choice.to.id) if isinstance(choice.to, ToQuestion) else None
            leaf = choice.to.id if isinstance(choice.to, ToWorkflow) else None
        else:
            if leaf != scenario.leads_to:
                ends = f"workflow `{leaf}`" if leaf else "a question" if question else "nothing"
                message = f"these answers lead to {ends}, not to workflow `{scenario.leads_to}`"
                hint = "Correct the answers, the promise, or the tree."
                yield document.problem("scenario", message, (*path, "leads_to"), hint)


def _explore(root: str, questions: Mapping[str, Question]) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The questions reachable from the root, and the choices that close a circle (depth first, without recursion)."""
    if root not in questions:
        return frozenset(), frozenset()
    seen, open_, circles = {root}, {root}, set()
    stack = [(root, iter(questions[root].choices))]
    while stack:
        current, choices = stack[-1]
        choice = next(choices, None)
        if choice is None:
            open_.discard(current)
            stack.pop()
            continue
        target = choice.to.id
        if not isinstance(choice.to, ToQuestion) or target not in questions:
            continue
        if target in open_:
            circles.add((current, choice.key))
        elif target not in seen:
            seen.add(target)
            open_.add(target)
            stack.append((target, iter(questions[target].choices)))
    return frozenset(seen), frozenset(circles)


def pruned(tree: Tree, workflows: Collection[str]) -> Tree:
    """The tree without choices that lead nowhere or in a circle, and without questions that have none left.

    Walking what remains always reaches a workflow that exists. The root may be missing from a tree with no way at all.
    """
    questions = {question.id: question for question in tree.questions}
    _, circles = _explore(tree.root, questions)
    into: dict[str, list[str]] = {name: [] for name in questions}
    todo: list[str] = []
    for question in tree.questions:
        for choice in question.choices:
            if isinstance(choice.to, ToWorkflow):
                todo += [question.id] if choice.to.id in workflows else []
            elif choice.to.id in into and (question.id, choice.key) not in circles:
                into[choice.to.id].append(question.id)
    good = set(todo)
    while todo:
        for earlier in into[todo.pop()]:
            if earlier not in good:
                good.add(earlier)
                todo.append(earlier)

    def leads(question: Question, choice: Choice) -> bool:
        known = good if isinstance(choice.to, ToQuestion) else workflows
        return choice.to.id in known and (question.id, choice.key) not in circles

    return replace(
        tree,
        questions=tuple(
            replace(question, choices=tuple(choice for choice in question.choices if leads(question, choice)))
            for question in tree.questions
            if question.id in good
        ),
    )
