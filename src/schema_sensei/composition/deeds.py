"""Deeds: what a command did to a database or to a backup, kept in the journal as a run of one step; never resumed."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..terms.errors import SenseiError, UsageError
from ..terms.exit_codes import ExitCode
from ..terms.json import JsonObject

if TYPE_CHECKING:
    from ..engine.ledger import Ledger
    from ..engine.records import RunHeader, RunRecord
    from ..terms.targets import TargetLabel
    from .workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What is about to be done: by which command, in one line, line by line, and how somebody agreed to it."""

    verb: str
    title: str
    about: str
    plan: Sequence[str] = ()
    agreed: str = ""
    target: "TargetLabel | None" = None


@dataclass(slots=True)
class Deed:
    """Hears what came of it."""

    summary: str = "Done."
    lines: Sequence[str] = ()
    outputs: JsonObject | None = None

    def done(self, summary: str, lines: Sequence[str] = (), outputs: JsonObject | None = None) -> None:
        self.summary, self.lines, self.outputs = summary, lines, outputs


def is_deed(record: "RunRecord") -> bool:
    """Whether a run is the record of a command: it has no workflow to go on with."""
    return not record.header.text


def refuse_deed(record: "RunRecord") -> None:
    """Raise UsageError for the record of a command, which is not resumed."""
    if is_deed(record):
        raise UsageError(
            f"{record.header.id} is the record of `sensei {record.header.workflow}`; there is nothing to go on with.",
            remedy=f"`sensei show {record.header.id}` prints it; give the command again to do it again.",
        )


@contextmanager
def recorded(bench: "Workbench", doing: Doing) -> Iterator[Deed]:
    """Write down who does it, when and to what before the block runs, and after it how it ended. Raises JournalError.

    A record without an end is that of a command that was killed.
    """
    started = time.time()
    ledger, deed = _begun(bench, doing, started), Deed()
    try:
        yield deed
    except BaseException as error:
        known = error if isinstance(error, SenseiError) else _ended_by(error)
        ledger.commit(
            "failed", doing.verb, 1,
            what=known.what, means=known.means, remedy=known.remedy, where=known.where,
            exit_code=int(known.exit_code), ground="unknown", seen=(), blocks=(),
            seconds=round(time.time() - started, 6),
        )  # fmt: skip
        _end(ledger, "failed", known.what, int(known.exit_code))
        raise
    ledger.commit(
        "finished", doing.verb, 1,
        outcome="ok", summary=deed.summary, outputs=deed.outputs or {}, blocks=_blocks(deed.lines),
        seconds=round(time.time() - started, 6), next="done",
    )  # fmt: skip
    _end(ledger, "done", deed.summary, int(ExitCode.DONE))


def _begun(bench: "Workbench", doing: Doing, started: float) -> "Ledger":
    from ..engine.clock import SystemClock
    from ..engine.ledger import Ledger
    from ..engine.owner import this_process

    owner = this_process()
    for attempt in range(8):
        header = _header(doing, started, str(owner), attempt)
        lease = bench.journal.create(header, owner)
        if lease is not None:
            break
    else:
        raise AssertionError("eight random ids are not all taken")
    ledger = Ledger(bench.journal, lease, header, sink=_Nobody(), redactor=bench.redactor, clock=SystemClock())
    ledger.begin()
    ledger.stage("claimed", how=lease.how, owner=str(owner), previous="")
    ledger.stage("entered", doing.verb, 1, target=doing.target)
    ledger.stage(
        "previewed", doing.verb, 1, summary=doing.about, blocks=_blocks(doing.plan), target=doing.target, effect=True
    )
    if doing.agreed:
        ledger.note(doing.verb, 1, doing.agreed)
    ledger.commit("intended", doing.verb, 1, handle={}, answer=True, digest="")
    return ledger


def _header(doing: Doing, started: float, owner: str, attempt: int) -> "RunHeader":
    from ..engine.events import StepOutline
    from ..engine.records import RunHeader, new_run_id

    return RunHeader(
        id=new_run_id(attempt),
        workflow=doing.verb,
        title=doing.title,
        text="",
        digest="",
        started_at=started,
        started_by=owner,
        outline=(StepOutline(doing.verb, doing.title, "", doing.verb),),
        given={"message": doing.about},
    )


def _end(ledger: "Ledger", status: str, summary: str, code: int) -> None:
    ledger.commit("ended", status=status, exit_code=code, summary=summary, final=True, forget=False, link="")
    ledger.journal.release(ledger.lease)


def _blocks(lines: Sequence[str]) -> tuple[object, ...]:
    from ..engine.prompts import Prose

    return tuple(Prose(line) for line in lines)


def _ended_by(error: BaseException) -> SenseiError:
    return SenseiError(
        f"It was ended by {type(error).__name__}.",
        means="How far it had come is not known here.",
        remedy="Look at the database, then give the command again.",
    )


class _Nobody:
    """Nobody watches a record being written."""

    def emit(self, event: object) -> None:
        pass
