"""The marks that carry meaning beside colour, and the style each is drawn in."""

from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:  # the first screen must not wait for the engine
    from ...engine.events import RunStatus
    from ...engine.prompts import Tone
    from ..requests import Standing

QUIET = "$foreground 60%"
"""The style of what matters less."""


def run_mark(status: "RunStatus") -> tuple[str, str]:
    """Mark and style of a run."""
    match status:
        case "running":
            return "▸", "bold $primary"
        case "paused":
            return "·", "$warning"
        case "done":
            return "✓", "$success"
        case "failed":
            return "✗", "bold $error"
        case "stopped":
            return "·", QUIET
        case "interrupted":
            return "!", "bold $warning"
        case _:
            assert_never(status)


def standing_mark(standing: "Standing") -> tuple[str, str]:
    """Mark and style of an environment."""
    match standing:
        case "unread":
            return "·", QUIET
        case "current":
            return "✓", "$success"
        case "behind":
            return "▸", "$primary"
        case "ahead" | "drifted":
            return "!", "bold $warning"
        case "unreachable":
            return "✗", "bold $error"
        case "unconfigured":
            return "–", QUIET
        case _:
            assert_never(standing)


def tone_mark(tone: "Tone") -> tuple[str, str]:
    """Mark (may be empty) and style of a text."""
    match tone:
        case "plain":
            return "", ""
        case "good":
            return "✓", "$success"
        case "warning":
            return "!", "$warning"
        case "danger":
            return "!", "bold $error"
        case "quiet":
            return "", QUIET
        case _:
            assert_never(tone)
