"""Who hears how a backup or a restore goes on, and may end it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listener:
    """`say` gets lines of progress; `checkpoint` is called in every loop and raises to end the work."""

    say: Callable[[str], None] = lambda _: None
    checkpoint: Callable[[], None] = lambda: None


QUIET = Listener()
