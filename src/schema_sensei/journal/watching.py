"""Follows a run that somebody else drives: reads what is new in the journal and tells it as events; writes nothing.

for event in watch(journal, "7f3a"): sink.emit(event)
"""

import time
from collections.abc import Callable, Iterator

from ..engine.events import Event, Noted, OutputLine
from ..engine.journal import Journal
from ..engine.owner import alive, this_process
from ..engine.records import RunRecord
from ..engine.replay import Replay
from ..engine.state import State

POLL_SECONDS = 0.3


def watch(
    journal: Journal, run: str, *, poll: float = POLL_SECONDS, wait: Callable[[float], object] = time.sleep
) -> Iterator[Event]:
    """The events of a run so far and as they come, live output included; ends when the run ends, pauses or is dead.

    `wait` is called between looks; let it raise to stop early. Raises NoSuchRun, JournalError.
    """
    record = journal.record(run)
    replay = Replay(record.header)
    tail = _Tail(journal, record.header.id)
    yield replay.opening()
    seen = 0
    while True:
        record = journal.record(record.header.id)
        entries = journal.entries(record.header.id, after=seen)
        for entry in entries:
            if entry.kind in {"finished", "failed", "skipped", "ended"}:
                yield from tail.lines(replay.state)
            yield from replay.events(entry)
            seen = entry.number
        yield from tail.lines(replay.state)
        if seen >= record.entries and (record.kind == "ended" or record.owner is None):
            return
        if _dead(record):
            text = f"{record.owner} is gone; `sensei resume {record.header.id}` goes on."
            yield Noted("", text, "warning")
            return
        wait(poll)


class _Tail:
    """New whole lines of the output file of the step that runs."""

    def __init__(self, journal: Journal, run: str) -> None:
        self._journal = journal
        self._run = run
        self._place: tuple[str, int] = ("", 0)
        self._offset = 0

    def lines(self, state: State) -> Iterator[OutputLine]:
        step = state.step
        if step is None or not state.entered:
            return
        if self._place != (step, state.visit):
            self._place, self._offset = (step, state.visit), 0
        text = self._journal.read_output(self._run, step, state.visit, self._offset)
        whole = text[: text.rfind("\n") + 1]
        self._offset += len(whole.encode())
        for line in whole.splitlines():
            yield OutputLine(step, line)


def _dead(record: RunRecord) -> bool:
    return record.owner is not None and alive(record.owner, this_process()) is False
