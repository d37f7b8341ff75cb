"""Ranges of revisions as people name them: one, OLDER..NEWER, or what is pending somewhere."""

from typing import TYPE_CHECKING, TypeAlias

from ..terms.errors import UsageError

if TYPE_CHECKING:
    from ..actions.services import Services
    from ..migrations.history import History

Range: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Base and heads: where a database stands before and after."""


def pending(services: "Services", known: "History", environment: str) -> Range:
    """From where an environment stands to the heads. Raises UnreachableError, StampedAheadError."""
    from ..actions.revisions import settings
    from ..actions.whereabouts import heads_of, refuse_unknown

    target = services.project.target(environment, services.environ)
    here = heads_of(target, settings(services))
    refuse_unknown(known, here, target)
    return here, known.heads


def named(known: "History", asked: str, *, verb: str) -> Range:
    """From `A..B`, or from the parents of one revision to it; names may be shortened, `base` and `heads` are known.

    `verb` is what the person typed, for the remedy. Raises UsageError for a range that is none.
    """
    start, dots, end = asked.partition("..")
    if not dots:
        revision = one(known, start)
        found = known.get(revision)
        parents = (*found.down_revisions, *found.dependencies) if found else ()
        return _tips(known, parents), (revision,)
    base = () if start in {"", "base"} else (one(known, start),)
    heads = known.heads if end in {"", "head", "heads"} else (one(known, end),)
    beyond = [each for each in base if each not in known.ancestors(heads)]
    if beyond or not set(heads) - set(base):
        raise UsageError(
            f"No revision lies between {start} and {end or 'the heads'}.",
            remedy=f"Name the older one first: sensei {verb} {end or 'NEWER'}..{start}",
            where=asked,
        )
    return base, heads


def one(known: "History", name: str) -> str:
    """The revision that a person means by an id, or the beginning of one. Raises UsageError for none or several."""
    if name in {"head", "heads"} and len(known.heads) == 1:
        return known.heads[0]
    fitting = [each.revision for each in known.revisions if each.revision == name]
    fitting = fitting or [each.revision for each in known.revisions if name and each.revision.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    newest = ", ".join(each.revision for each in reversed(known.revisions[-5:])) or "none"
    raise UsageError(
        f"{len(fitting)} revisions are called {name!r}." if fitting else f"There is no revision {name!r}.",
        remedy=f"Write more of its id. The newest are: {newest}",
        where=name,
    )


def _tips(known: "History", revisions: tuple[str, ...]) -> tuple[str, ...]:
    """Those that no other of them rests on: where a database stands that has them all."""
    return tuple(
        sorted(
            each
            for each in revisions
            if not any(each in known.ancestors((other,)) for other in revisions if other != each)
        )
    )
