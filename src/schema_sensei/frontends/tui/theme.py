"""The look: two quiet themes with one accent colour, and which theme to start with."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from textual.theme import Theme

if TYPE_CHECKING:
    from textual.app import App

INK = Theme(
    name="sensei-ink",
    primary="#6cb6c4",
    secondary="#8fa3b8",
    accent="#6cb6c4",
    success="#8dbb80",
    warning="#dfae60",
    error="#e27d72",
    foreground="#d5dae0",
    background="#12161b",
    surface="#181d24",
    panel="#232a33",
    dark=True,
)
PAPER = Theme(
    name="sensei-paper",
    primary="#176f80",
    secondary="#566678",
    accent="#176f80",
    success="#3d7a2f",
    warning="#97640a",
    error="#b3382c",
    foreground="#2a2f36",
    background="#faf8f3",
    surface="#f3f0e8",
    panel="#e6e1d5",
    dark=False,
)


def dress(app: "App[Any]", environ: Mapping[str, str]) -> str:
    """Register our themes and return the one to start with.

    `TEXTUAL_THEME` is honoured when it names a theme that exists. With `NO_COLOR` the terminal's own colours are used,
    because Textual would only turn ours into greys.
    """
    app.register_theme(INK)
    app.register_theme(PAPER)
    return first_theme(environ, app.available_themes)


def first_theme(environ: Mapping[str, str], available: Collection[str]) -> str:
    """The theme that the environment asks for, as far as it exists."""
    wanted = environ.get("TEXTUAL_THEME", "")
    if wanted in available:
        return wanted
    if "NO_COLOR" in environ and "ansi-dark" in available:
        return "ansi-dark"
    return INK.name
