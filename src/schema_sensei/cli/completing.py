"""What the shell offers for an argument: workflows, runs, environments, hazards, as the project has them.

Nothing is offered where there is nothing to read, and no key press ever ends in an error.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from ..terms.secrets import REDACTOR

if TYPE_CHECKING:
    from ..composition.workbench import Workbench
    from ..frontends.entries import RunSummary

Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _offered(find: Callable[[click.Context], Iterable[tuple[str, str]]]) -> Offer:
    """Offer the names, each with a few words, that begin with what was typed."""

    def offer(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        try:
            return [CompletionItem(name, help=words) for name, words in find(ctx) if name.startswith(begun)]
        except Exception:  # a shell has no place for our errors
            return []

    return offer


@contextmanager
def _bench(ctx: click.Context) -> "Iterator[Workbench]":
    from ..composition.workbench import Workbench

    directory = ctx.find_root().params.get("directory")
    with Workbench.open(directory if isinstance(directory, Path) else Path(), REDACTOR) as bench:
        yield bench


@_offered
def workflows(ctx: click.Context) -> Iterable[tuple[str, str]]:
    with _bench(ctx) as bench:
        return [(name, workflow.title) for name, workflow in bench.library().workflows.items()]


@_offered
def environments(ctx: click.Context) -> Iterable[tuple[str, str]]:
    with _bench(ctx) as bench:
        return [(each.name, "protected" if each.protected else "") for each in bench.known_environments()]


@_offered
def runs(ctx: click.Context) -> Iterable[tuple[str, str]]:
    with _bench(ctx) as bench:
        return [(each.run, f"{each.subject or each.title}, {each.status}") for each in _journaled(bench, bench.runs)]


@_offered
def unfinished(ctx: click.Context) -> Iterable[tuple[str, str]]:
    with _bench(ctx) as bench:
        found = _journaled(bench, bench.unfinished)
        return [(each.run, f"{each.subject or each.title}, {each.position}") for each in found]


def _journaled(bench: "Workbench", read: "Callable[[], tuple[RunSummary, ...]]") -> "tuple[RunSummary, ...]":
    """The runs of a project that has had any: a look for them makes no journal."""
    return read() if bench.project.directory.is_dir() else ()


@_offered
def hazards(_: click.Context) -> Iterable[tuple[str, str]]:
    from ..changes.hazards.pages import pages

    return [(name, page.title) for name, page in pages().items()]
