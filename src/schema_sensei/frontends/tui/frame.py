"""What all screens share: the top line, a body, the keys line."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from .bars import EdgeLine, KeysLine

if TYPE_CHECKING:
    from ..requests import EnvironmentState
    from .app import SenseiApp

NARROW = 100
"""Columns below which a screen has one pane instead of two."""


class Frame(Screen[None]):
    """A screen of one of the modes. Its keys come first in the keys line, leaving comes last."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "quit")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide")]  # noqa: RUF012  # Textual declares it so

    @property
    def sensei(self) -> "SenseiApp":
        """The app, with what the screens need of it."""
        return cast("SenseiApp", self.app)

    def compose(self) -> ComposeResult:
        yield EdgeLine(id="top")
        yield from self.body()
        yield KeysLine(id="keys")

    def show_environments(self, states: "tuple[EnvironmentState, ...]") -> None:
        """Where the environments stand has become known; for screens that say it."""

    def body(self) -> Iterable[Widget]:
        """What stands between the edge lines."""
        raise NotImplementedError
