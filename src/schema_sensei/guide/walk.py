"""The answers given so far: an immutable path through the decision tree; going back drops everything after."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..definitions.tree import Choice, Question, ToQuestion, ToWorkflow, Tree
from ..terms.errors import UsageError
from ..terms.values import value

if TYPE_CHECKING:  # most choices have no `when:`, and the first question must not wait for the parser
    from ..definitions.expressions import Value


class NoSuchAnswer(UsageError):
    """An answer, or a workflow to jump to, that the tree does not have."""


@value
class Crumb:
    """One question and the choice that answered it."""

    question: Question
    choice: Choice


@value
class Walk:
    """A path from the root. `answers` is its deep link: `Walk.follow(tree, walk.answers) == walk`."""

    tree: Tree
    crumbs: tuple[Crumb, ...] = ()

    @classmethod
    def start(cls, tree: Tree) -> "Walk":
        """At the root, nothing answered."""
        return cls(tree)

    @classmethod
    def follow(cls, tree: Tree, answers: Sequence[str]) -> "Walk":
        """The walk that these choice keys make. Raises NoSuchAnswer at the first that does not fit."""
        walk = cls(tree)
        for key in answers:
            walk = walk.choose(key)
        return walk

    @property
    def answers(self) -> tuple[str, ...]:
        """The choice keys, root first."""
        return tuple(crumb.choice.key for crumb in self.crumbs)

    @property
    def question(self) -> Question | None:
        """The question to answer now; None once a workflow is reached."""
        match self.crumbs[-1].choice.to if self.crumbs else ToQuestion(self.tree.root):
            case ToQuestion(id):
                return self.tree.question(id)
            case ToWorkflow():
                return None

    @property
    def workflow(self) -> str | None:
        """The workflow reached, or None while there is a question."""
        to = self.crumbs[-1].choice.to if self.crumbs else None
        return to.id if isinstance(to, ToWorkflow) else None

    def choose(self, key: str) -> "Walk":
        """One answer further. Raises NoSuchAnswer, naming the answers there are."""
        question = self.question
        if question is None:
            raise NoSuchAnswer(
                f'There is no question left for the answer "{key}".',
                means=f"The answers before it already lead to the workflow {self.workflow}.",
                remedy="Leave it out.",
            )
        choice = question.choice(key)
        if choice is None:
            keys = ", ".join(each.key for each in question.choices)
            raise NoSuchAnswer(f'"{question.ask}" has no answer "{key}".', remedy=f"Use one of: {keys}.")
        return replace(self, crumbs=(*self.crumbs, Crumb(question, choice)))

    def back(self) -> "Walk":
        """One answer less; the start stays the start."""
        return self.back_to(len(self.crumbs) - 1)

    def back_to(self, count: int) -> "Walk":
        """Keep the first `count` answers; what followed is dropped."""
        return replace(self, crumbs=self.crumbs[: max(0, count)])

    def jump(self, workflow: str) -> "Walk":
        """To a workflow: the shortest way from here, else from the latest answer it can still be reached from.

        Raises NoSuchAnswer when no answers lead there.
        """
        if self.workflow == workflow:
            return self
        ways = _ways(self.tree, workflow)
        for count in range(len(self.crumbs), -1, -1):
            kept = self.back_to(count)
            here = kept.question
            if here is not None and here.id in ways:
                while here is not None:
                    kept = kept.choose(ways[here.id].key)
                    here = kept.question
                return kept
        raise NoSuchAnswer(
            f'The decision tree has no answers that lead to "{workflow}".',
            remedy=f"Start it directly: sensei run {workflow}",
        )


def offered(question: Question, names: "Mapping[str, Value] | None" = None) -> tuple[Choice, ...]:
    """The choices to show: all but those whose `when:` is certainly False over these names (project, environment)."""
    return tuple(choice for choice in question.choices if not _refused(choice.when, names or {}))


def _refused(when: str, names: "Mapping[str, Value]") -> bool:
    if not when:
        return False
    from ..definitions.expressions import ExpressionError, evaluate, parse

    try:
        return evaluate(parse(when), names) is False
    except ExpressionError:  # the linter's finding; a person still sees the choice
        return False


def _ways(tree: Tree, workflow: str) -> dict[str, Choice]:
    """For every question from which the workflow can be reached: the choice on the shortest way (first one wins)."""
    parents: dict[str, list[tuple[str, Choice]]] = {}
    ways: dict[str, Choice] = {}
    queue: deque[str] = deque()
    for question in tree.questions:
        for choice in question.choices:
            match choice.to:
                case ToQuestion(id):
                    parents.setdefault(id, []).append((question.id, choice))
                case ToWorkflow(id):
                    if id == workflow and question.id not in ways:
                        ways[question.id] = choice
                        queue.append(question.id)
    while queue:
        for parent, choice in parents.get(queue.popleft(), ()):
            if parent not in ways:
                ways[parent] = choice
                queue.append(parent)
    return ways
