"""The full-screen front end on a library in memory: a process for `tui_start`, a house for the other TUI benchmarks."""

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from schema_sensei.definitions.tree import Choice, Question, ToWorkflow, Tree
from schema_sensei.frontends.entries import RunSummary
from schema_sensei.frontends.requests import EnvironmentState, OpenGuide
from schema_sensei.frontends.tui.app import visit

if TYPE_CHECKING:
    from schema_sensei.frontends.house import House


def house(choices: int = 3) -> "House":
    """A house whose one question has this many choices."""
    leaves = tuple(
        Choice(key=f"leaf-{number}", label=f"Leaf {number}", note="what it is for", to=ToWorkflow(f"leaf-{number}"))
        for number in range(choices)
    )
    question = Question(id="start", ask="What are you trying to do?", why="Because.", choices=leaves)
    tree = Tree(root="start", questions=(question,))
    return cast("House", _House(tree))


class _House:
    title = "benchmark"

    def __init__(self, tree: Tree) -> None:
        self._library = SimpleNamespace(tree=tree, workflows={})

    def library(self) -> SimpleNamespace:
        return self._library

    def known_environments(self) -> tuple[EnvironmentState, ...]:
        return (EnvironmentState(name="dev", standing="unread"),)

    def environments(self) -> tuple[EnvironmentState, ...]:
        return self.known_environments()

    def unfinished(self) -> tuple[RunSummary, ...]:
        return ()


if __name__ == "__main__":
    sys.exit(visit(house(), OpenGuide()))
