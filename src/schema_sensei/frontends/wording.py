"""The words every front end shares: events and prompts become lines of text here and nowhere else.

A `Line` is literal text with a tone and a depth; how it is drawn (colour, wrapping, width) is the front end's business.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from ..engine.events import Stage, StepState
from ..engine.prompts import (
    Block,
    Checklist,
    Choose,
    Code,
    Confirm,
    EnterText,
    Prompt,
    Prose,
    Resolve,
    Stakes,
    Table,
    Tone,
    TypedConfirm,
)
from ..terms.json import JsonValue
from ..terms.targets import TargetLabel
from .pages import Part, parts
from .shortcuts import options_of

MARKS: dict[StepState, str] = {
    "waiting": "·",
    "running": "▸",
    "done": "✓",
    "failed": "✗",
    "skipped": "-",
    "undone": "↺",
    "interrupted": "!",
}
WARNING = "!"
AGAIN = "↺"

WHY = "why"
BACK = "back"
LEAVE = "quit and keep"

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_]?)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. `depth` is indentation; a `literal` line (code, output) is never wrapped."""

    text: str
    tone: Tone = "plain"
    depth: int = 0
    literal: bool = False


def clean(text: str) -> str:
    """Foreign text without escape sequences, control characters or direction overrides; line breaks and tabs stay.

    Of a line that was drawn over itself (a progress bar) what was last seen is kept.
    """
    lines = (line.rstrip("\r").rsplit("\r", 1)[-1] for line in _ESCAPES.sub("", text).split("\n"))
    return _BIDI.sub("", _CONTROLS.sub("", "\n".join(lines)))


def one_line(text: str) -> str:
    """Foreign text on one line."""
    return " ".join(clean(text).split())


def seconds(value: float) -> str:
    """A duration for people: "0.4 s", "12 s", "2 min", "1 h 5 min"."""
    if value < 0.05:
        return "0.0 s"
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 99.5:
        return f"{value:.0f} s"
    minutes = round(value / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def ago(then: float, now: float) -> str:
    """How long ago, both in seconds since the epoch."""
    gone = max(0.0, now - then)
    if gone < 60:
        return "just now"
    if gone < 3600:
        return f"{gone // 60:.0f} min ago"
    if gone < 86400:
        return f"{gone // 3600:.0f} h ago"
    return f"{gone // 86400:.0f} d ago"


def where(target: TargetLabel | None) -> str:
    """The target as every prompt names it, or nothing."""
    return f"target {target}" if target else ""


def life(stages: Iterable[Stage]) -> Line:
    """The life of the change: stages reached, [the current one], stages ahead."""
    words = (f"[{stage.name}]" if stage.state == "current" else stage.name for stage in stages)
    return Line("Change: " + " > ".join(words), "quiet")


def stakes_lines(stakes: Stakes) -> tuple[Line, ...]:
    """What happens on yes, what it costs, how to get back; empty parts are left out."""
    lines = [
        Line(f"{'Does:':<7} {one_line(stakes.does)}", "plain", 1),
        Line(f"{'Costs:':<7} {one_line(stakes.costs)}", "warning", 1),
        Line(f"{'Back:':<7} {one_line(stakes.back)}", "plain", 1),
    ]
    return tuple(line for line, text in zip(lines, (stakes.does, stakes.costs, stakes.back), strict=True) if text)


def block_lines(block: Block, depth: int = 1) -> tuple[Line, ...]:
    """A block as lines; a table is given as aligned rows (see `records` for narrow screens)."""
    match block:
        case Prose(text, tone):
            return tuple(Line(each, tone, depth) for each in clean(text).splitlines() if each.strip())
        case Code(text=text, title=title):
            head = (Line(f"{title}:", "quiet", depth),) if title else ()
            body = (Line(each, "plain", depth + 1, literal=True) for each in clean(text).splitlines())
            return (*head, *body)
        case Table():
            head = (Line(f"{block.title}:", "quiet", depth),) if block.title else ()
            return (*head, *_rows(block, depth + 1))
        case _:
            assert_never(block)


def records(table: Table, depth: int = 1) -> tuple[Line, ...]:
    """A table row by row as "column: value" lines: for narrow screens and for ears."""
    lines = [Line(f"{table.title}:", "quiet", depth)] if table.title else []
    for row in table.rows:
        for at, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            text = f"{one_line(column)}: {one_line(cell)}" if column else one_line(cell)
            lines.append(Line(text, "plain", depth + (1 if at == 0 else 2)))
    return tuple(lines)


def _rows(table: Table, depth: int) -> tuple[Line, ...]:
    rows = [tuple(one_line(cell) for cell in row) for row in (table.columns, *table.rows)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.columns))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return tuple(Line(text, "quiet" if at == 0 else "plain", depth, literal=True) for at, text in enumerate(texts))


def heading(prompt: Prompt) -> tuple[Line, ...]:
    """What stands above the question of a prompt besides its blocks: what was seen, the stakes, the target."""
    lines: list[Line] = []
    if isinstance(prompt, Resolve):
        lines += [
            Line("An effect was interrupted.", "warning"),
            Line(f"{'What:':<7} {one_line(prompt.what)}", "plain", 1),
            Line(f"{'When:':<7} {one_line(prompt.when)}", "plain", 1),
            *(Line(f"{'' if at else 'Seen:':<7} {one_line(seen)}", "plain", 1) for at, seen in enumerate(prompt.seen)),
        ]
    if prompt.stakes:
        lines += stakes_lines(prompt.stakes)
    if prompt.target:
        lines.append(Line(f"{'Target:':<7} {prompt.target}", "danger" if prompt.target.protected else "plain", 1))
    return tuple(lines)


def why(prompt: Prompt) -> tuple[Line, ...]:
    """The answer to "?": why this is asked."""
    text = clean(prompt.why) or "This is needed to go on."
    reasons = (Line(each.strip(), "quiet", 1) for each in text.splitlines() if each.strip())
    return (*reasons, *(line for part in parts(prompt.page) for line in _part_lines(part)))


def _part_lines(part: Part) -> tuple[Line, ...]:
    match part.kind:
        case "heading":
            return (Line(""), Line(one_line(part.text), "plain", 1))
        case "text":
            return (Line(one_line(part.text), "plain", 2),)
        case "code":
            return tuple(Line(each, "plain", 3, literal=True) for each in clean(part.text).splitlines())
        case _:
            assert_never(part.kind)


def instruction(prompt: Prompt) -> str:
    """How to answer, for prompts that are typed rather than picked; empty for the others."""
    match prompt:
        case TypedConfirm():
            return f'Type "{one_line(prompt.expected)}" to go on'
        case EnterText():
            return prompt.pattern_hint
        case Checklist():
            return "Tick off what is done"
        case Choose() | Confirm() | Resolve():
            return ""
        case _:
            assert_never(prompt)


def answer_words(prompt: Prompt, answer: JsonValue) -> str:
    """An answer as people read it: the option's label, the typed text, the ticked labels."""
    match prompt:
        case Choose() | Resolve():
            labels = {option.key: option.label for option in options_of(prompt)}
            return labels.get(answer, str(answer)) if isinstance(answer, str) else str(answer)
        case Confirm():
            return prompt.yes if answer is True else prompt.no
        case EnterText() | TypedConfirm():
            return one_line(str(answer))
        case Checklist():
            ticked = [item.label for item in prompt.items if isinstance(answer, list | tuple) and item.key in answer]
            return ", ".join(ticked) if ticked else "nothing ticked"
        case _:
            assert_never(prompt)


def error_lines(what: str, means: str = "", remedy: str = "", where: str = "") -> tuple[str, ...]:
    """An error in its order: what happened and where, what it means, what to do now; ready to print."""
    place = f"{where}: " if where else ""
    first = f"{MARKS['failed']} {clean(place + what)}"
    return (first, *(f"  {line}" for text in (means, remedy) if text for line in clean(text).splitlines()))
