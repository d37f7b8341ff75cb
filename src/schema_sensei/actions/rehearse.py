"""rehearse: up, down, up on a scratch copy, so that the way back is proven before anything is deployed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from ..changes.change import Change
from ..changes.proof import Proof, Value
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Prose, Table, Tone
from ..gates.position import shown
from ..gates.rehearsal import LostScratchError, Rehearsal
from ..migrations.errors import MigrationError, WorkerCancelledError
from ..postgres.errors import EmbeddedServerError, ScratchError
from ..terms.errors import SenseiError, UnreachableError
from ..terms.secrets import Secret
from . import parameters
from .replayed import replayed
from .revisions import as_it_is_now, history, settings
from .services import Services
from .signatures import REHEARSE
from .whereabouts import version_table


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Proves the change as its files emit it now; no environment is touched."""

    services: Services
    signature: ClassVar[Signature] = REHEARSE

    def preview(self, context: Context) -> Preview:
        change = parameters.change(context)
        return Preview(
            summary=f"Rehearse revision {shown(change.revisions)}: up, down, up on a scratch copy", effect=False
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        recorded = parameters.change(context)
        change = as_it_is_now(self.services, recorded)
        try:
            proof = rehearse(self.services, change, Listener(context.output, context.note, context.checkpoint))
        except NoScratchCopyError as error:
            return Outcome(
                name="unproven",
                summary=f"Not rehearsed: {error.what}",
                outputs={"change": replace(change, proof=None).to_json(), "proof": None},
                blocks=(Prose(str(error), "warning"),),
            )
        return Outcome(
            name="failed" if proof.value is Value.FAILED else "ok",
            summary=_capital(proof.summary),
            outputs={"change": replace(change, proof=proof).to_json(), "proof": proof.to_json()},
            blocks=blocks(proof),
        )

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("A rehearsal changes nothing but a scratch copy.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError


class NoScratchCopyError(SenseiError):
    """No database stands where the change begins, so it can be neither proven nor disproven."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A gate's Progress that tells what runs and journals nothing: a rehearsal simply begins again."""

    say: Callable[[str], None] = lambda _: None
    remark: Callable[[str], None] = lambda _: None
    look_up: Callable[[], None] = lambda: None
    units: list[int] = field(default_factory=list)

    def started(self, unit: int) -> None:
        self.units.append(unit)

    def finished(self, unit: int) -> None:
        pass

    def statement(self, unit: int, number: int, text: str) -> None:
        self.say(f"[{unit}] {' '.join(text.split())}\n")

    def note(self, text: str) -> None:
        self.remark(text)

    def checkpoint(self) -> None:
        self.look_up()


def rehearse(services: Services, change: Change, listener: Listener) -> Proof:
    """The proof of a change. Raises NoScratchCopyError, LostScratchError."""
    known, table = history(services), version_table(settings(services))

    def online(url: Secret, revision: str) -> None:
        services.migrations().upgrade(url, revision)

    inside = False
    try:
        with replayed(services, known, change.base) as url:
            inside = True
            return Rehearsal(url, table, listener, online).prove(change)
    except (MigrationError, ScratchError, EmbeddedServerError, UnreachableError) as error:
        if inside or isinstance(error, WorkerCancelledError | LostScratchError):
            raise
        raise NoScratchCopyError(
            f"A scratch copy at {shown(change.base)} cannot be made: {error.what}",
            means="Whether the way down leads back is not known. No environment was touched.",
            remedy=error.remedy,
            where=error.where,
        ) from error


def blocks(proof: Proof) -> tuple[Block, ...]:
    """The verdict for people: what went wrong first, then what is lost, then what every way down takes along."""
    shown_blocks: list[Block] = [Prose(proof.value.words, _TONES[proof.value])]
    if proof.reasons or proof.differences:
        rows = tuple((each,) for each in (*proof.reasons, *proof.differences))
        shown_blocks.append(Table(("after the way down",), rows))
    if proof.lost:
        shown_blocks.append(Table(("does not come back",), tuple((each,) for each in proof.lost)))
    if proof.since:
        shown_blocks.append(
            Prose(f"What is written after the change goes with the way down: {', '.join(proof.since)}.", "quiet")
        )
    shown_blocks += [Prose(f"Does not count: {each}.", "quiet") for each in proof.notes]
    return tuple(shown_blocks)


def proof_rows(change: Change) -> tuple[tuple[str, str], ...]:
    """What a table about a change says of its way back."""
    proof = change.rehearsed
    return (("way back", "not rehearsed" if proof is None else proof.summary),)


_TONES: Mapping[Value, Tone] = {Value.PROVEN: "good", Value.LOSSY: "warning", Value.FAILED: "danger"}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
