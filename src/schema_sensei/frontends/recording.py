"""`--record FILE`: writes an answers file from what was answered in a run, ready for `--answers FILE`."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.events import Answered, Event, RunStarted
from ..engine.ports import Sink
from ..engine.prompts import Checklist, Prompt
from ..terms.errors import UsageError
from ..terms.json import JsonValue
from .answers_file import suggested_rule
from .operator import Operator

if TYPE_CHECKING:
    from ..engine.executor import RunResult
    from .house import House


class Recorder:
    """A sink that passes every event on and remembers the answers, those given before a resume too."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._title = ""
        self._answers: dict[str, list[tuple[Prompt, JsonValue]]] = {}

    def emit(self, event: Event) -> None:
        """Remember an answer; pass everything on."""
        match event:
            case RunStarted():
                self._title = self._title or event.workflow
            case Answered():
                self._answers.setdefault(event.key, []).append((event.prompt, event.answer))
            case _:
                pass
        self._sink.emit(event)

    @property
    def text(self) -> str:
        """The answers file as YAML; every value is written as JSON, which is YAML too."""
        lines = [f"# Answers for: sensei run {self._title} --answers <this file>"]
        for key, given in self._answers.items():
            written = [_written(prompt, answer) for prompt, answer in given]
            if len(written) == 1 and not (isinstance(given[0][0], Checklist) and written[0].startswith("{")):
                lines.append(f"{key}: {written[0]}")
            else:
                lines.append(f"{key}:")
                lines += [f"  - {each}" for each in written]
        return "\n".join(lines) + "\n"


class RecordingHouse:
    """A house whose runs are recorded in a file, written when a run ends or stops."""

    def __init__(self, house: "House", path: Path) -> None:
        self._house = house
        self._path = path

    def __getattr__(self, name: str) -> object:
        return getattr(self._house, name)

    def start(
        self,
        workflow: str,
        operator: Operator,
        *,
        inputs: Mapping[str, JsonValue] | None = None,
        answers: tuple[str, ...] = (),
        dry: bool = False,
    ) -> "RunResult":
        """Start a run and write down its answers, how ever it ends."""
        recorder = Recorder(operator.sink)
        try:
            return self._house.start(workflow, _with(operator, recorder), inputs=inputs, answers=answers, dry=dry)
        finally:
            write(self._path, recorder.text)

    def resume(self, run: str, operator: Operator, *, take_over: bool = False) -> "RunResult":
        """Resume a run and write down its answers, the earlier ones too."""
        recorder = Recorder(operator.sink)
        try:
            return self._house.resume(run, _with(operator, recorder), take_over=take_over)
        finally:
            write(self._path, recorder.text)


def recording(house: "House", path: Path) -> "House":
    """The same house, whose runs are written to `path` as an answers file. Raises UsageError: not writable."""
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError("The answers cannot be recorded there.", remedy="Name a file in a folder.", where=str(path))
    return RecordingHouse(house, path)  # type: ignore[return-value]  # what is not defined above is the house's own


def write(path: Path, text: str) -> None:
    """Replace the file whole or not at all, readable by its owner alone. Raises UsageError."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(
            f"The answers could not be recorded: {error.strerror}.",
            means="The run itself is not touched by this.",
            remedy="`sensei resume --record FILE` writes all its answers, or `sensei show` prints them.",
            where=str(path),
        ) from error


def _with(operator: Operator, sink: Sink) -> Operator:
    return Operator(sink=sink, asker=operator.asker, terminal=operator.terminal)


def _written(prompt: Prompt, answer: JsonValue) -> str:
    value = json.dumps(answer, ensure_ascii=False)
    if not prompt.binding or answer is False:
        return value
    return f"{{answer: {value}, rule: {json.dumps(suggested_rule(prompt), ensure_ascii=False)}}}"
