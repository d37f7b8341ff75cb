"""A context for one action, in memory: answers from a mapping, everything said and kept at hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from schema_sensei.engine.ports import Action, Intent, Outcome, Preview
from schema_sensei.engine.prompts import Prompt, Tone
from schema_sensei.terms.json import JsonObject, JsonValue


@dataclass
class Desk:
    """`on_checkpoint` and `on_keep` are where a test interferes."""

    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    answers: Mapping[str, JsonValue] = field(default_factory=dict)
    step: str = "step"
    run: str = "ab12"
    visit: int = 1
    dry: bool = False
    on_checkpoint: Callable[[], None] = lambda: None
    on_output: Callable[[str], None] = lambda _: None
    asked: list[Prompt] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    held: list[JsonObject] = field(default_factory=list)

    def ask(self, prompt: Prompt) -> JsonValue:
        self.asked.append(prompt)
        return self.answers[prompt.key]

    def output(self, text: str, stream: Literal["out", "err"] = "out") -> None:
        self.lines += text.splitlines()
        self.on_output(text)

    def note(self, text: str, tone: Tone = "quiet") -> None:
        self.notes.append(text)

    def checkpoint(self) -> None:
        self.on_checkpoint()

    def keep(self, data: JsonObject) -> None:
        self.held.append(data)

    def kept(self) -> tuple[JsonObject, ...]:
        return tuple(self.held)


def take(action: Action, desk: Desk, answer: JsonValue = None) -> tuple[Preview, Outcome]:
    """Preview and perform with one answer, as the engine would."""
    preview = action.preview(desk)
    if preview.prompt is not None:
        desk.asked.append(preview.prompt)
    return preview, action.perform(desk, Intent(handle=preview.handle, answer=answer))
