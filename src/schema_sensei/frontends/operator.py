"""Who a run talks to: where its events go, who answers its prompts, and whose terminal an editor may borrow."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..terms.errors import SenseiError

if TYPE_CHECKING:  # names for the type checker only
    from ..engine.ports import Asker, Sink

Terminal: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Lends the terminal: inside the context a child process such as $EDITOR owns it. Called on the engine's thread; may
raise `TerminalBusy` when the front end has no terminal to lend just now."""


class TerminalBusy(SenseiError):
    """This front end cannot lend its terminal here (a web driver, a test): edit elsewhere instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"No editor can be opened here: {reason}.", remedy="Try the step again and choose to edit elsewhere."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who a run talks to. `terminal` None means there is no terminal to lend: no editor can be opened."""

    sink: "Sink"
    asker: "Asker"
    terminal: Terminal | None = None
