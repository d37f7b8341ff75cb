"""Takes a planned backup and verifies it; an attempt that was interrupted is cleared away first."""

import time
from collections.abc import Callable

from ...postgres.scratch import Scratch
from . import copying, dumping
from .listener import Listener
from .manifest import Manifest, Tier
from .place import Place
from .plan import Plan
from .shelf import Shelf
from .verifying import verify


def take(
    plan: Plan, shelf: Shelf, scratch: Scratch, listener: Listener, *, now: Callable[[], float] = time.time
) -> Manifest:
    """The backup, verified and on the shelf. One of this name that is there already is verified, if it is not yet.

    Raises what `dump`, `copy` and `verify` raise, and HeldError while somebody else works on it.
    """
    with shelf.hold(plan.id):
        return _take(plan, shelf, scratch, listener, now)


def _take(plan: Plan, shelf: Shelf, scratch: Scratch, listener: Listener, now: Callable[[], float]) -> Manifest:
    manifest = done(shelf, plan.id)
    if manifest is None:
        clear(shelf, plan.id, plan.place, folder=False)
        listener.say(f"Taking {plan.tier.words}")
        make = copying.copy if plan.tier is Tier.COPY else dumping.dump
        manifest = make(plan, shelf, listener, now=now)
    if manifest.verified is not None:
        return manifest
    return verify(manifest, shelf, scratch, plan.place, listener, now=now)


def done(shelf: Shelf, name: str) -> Manifest | None:
    """The backup of exactly this name, when nothing is wrong with it."""
    entry = shelf.entry(name)
    return entry.manifest if not entry.wrong else None


def clear(shelf: Shelf, name: str, place: Place | None, *, folder: bool = True) -> None:
    """Remove a backup, or what a crash left of one: its copies in the database, then its files, then their `folder`."""
    entry = shelf.entry(name)
    copied = entry.manifest is not None and entry.manifest.tier is Tier.COPY
    if place is not None and place.writable and (copied or shelf.marked(name)):
        copying.discard(place, name)
    shelf.remove(name, folder=folder)
