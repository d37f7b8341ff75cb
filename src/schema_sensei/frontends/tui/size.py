"""What covers a terminal that is too small."""

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static

MIN_COLUMNS, MIN_ROWS = 60, 16
"""The smallest terminal in which every prompt shows what is at stake."""


def too_small(columns: int, rows: int) -> bool:
    """Whether a terminal of this size cannot show what is at stake."""
    return columns < MIN_COLUMNS or rows < MIN_ROWS


class TooSmall(ModalScreen[None]):
    """Covers everything and takes every key, so that nothing unseen is answered; goes when there is room again."""

    CSS_PATH = "leaving.tcss"

    def compose(self) -> ComposeResult:
        yield Static(
            f"This terminal is too small.\nPlease make it at least {MIN_COLUMNS} × {MIN_ROWS}.\n\n"
            "Nothing is lost. ^q quit",
            id="too-small",
        )
