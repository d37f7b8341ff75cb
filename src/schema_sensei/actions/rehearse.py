"""rehearse: up, down, up on a scratch copy, so that the way back is proven before anything is deployed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from ..changes.change import Change
from ..changes.declared import declared
from ..changes.proof import Proof, Value
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Prose, Table, Tone
from ..gates.position import shown
from ..gates.rehearsal import LostScratchError, Rehearsal
from ..migrations.errors import MigrationError, WorkerCancelledError
from ..migrations.guard import in_one_line
from ..postgres import session
from ..postgres.errors import EmbeddedServerError, ScratchError
from ..postgres.seeding import Seeded, seed
from ..postgres.version_table import VersionTable
from ..terms.errors import SenseiError, UnreachableError
from ..terms.secrets import Secret
from . import parameters
from .revisions import as_it_is_now, history, settings
from .services import Services
from .signatures import REHEARSE
from .standing import Standing, standing
from .whereabouts import version_table


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Proves the change as its files emit it now; no environment is touched."""

    services: Services
    signature: ClassVar[Signature] = REHEARSE

    def preview(self, context: Context) -> Preview:
        change = parameters.change(context)
        return Preview(summary=f"Rehearse {change.named}: up, down, up on a scratch copy", effect=False)

    def perform(self, context: Context, intent: Intent) -> Outcome:
        recorded = parameters.change(context)
        change = as_it_is_now(self.services, recorded)
        try:
            listener = Listener(context.output, context.note, context.checkpoint)
            proof = rehearse(self.services, change, listener, parameters.text(context, "environment") or None)
        except NoScratchCopyError as error:
            down = None if change.down is None else change.down.digest
            proof = Proof.unproven(error.what, digest=change.digest, up=change.up.digest, down=down)
            return Outcome(
                name="unproven",
                summary=f"Not rehearsed: {error.what}",
                outputs={"change": replace(change, proof=proof).to_json(), "proof": proof.to_json()},
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
        self.say(f"[{unit}] {in_one_line(text)}\n")

    def note(self, text: str) -> None:
        self.remark(text)

    def warn(self, text: str) -> None:
        self.remark(text)

    def checkpoint(self) -> None:
        self.look_up()


def rehearse(services: Services, change: Change, listener: Listener, environment: str | None = None) -> Proof:
    """The proof of a change, on a copy of the schema of `environment` (default: the first) where that can be read.

    The copy's tables get a few made-up rows where the environment has rows; when those break the upgrade, it is
    rehearsed again without. Raises NoScratchCopyError, LostScratchError, UsageError.
    """
    where = environment or services.project.environments[0].name
    irreversible = _irreversible(services, change)
    proof, rehearsal = _once(services, change, listener, where, irreversible, rows=True)
    if proof.value is Value.FAILED and rehearsal.rows_refused and rehearsal.first_leg_failed:
        listener.warn("Made-up rows break the upgrade; once more without rows.")
        reason = f"made-up rows break the upgrade ({'; '.join(proof.reasons)}): rehearsed without rows"
        proof, _ = _once(services, change, listener, where, irreversible, rows=False)
        proof = replace(proof, notes=(*proof.notes, reason))
    return proof


def _once(
    services: Services, change: Change, listener: Listener, environment: str, irreversible: str, *, rows: bool
) -> tuple[Proof, Rehearsal]:
    table = version_table(settings(services))

    def online(url: Secret, revision: str) -> None:
        services.migrations().upgrade(url, revision)

    inside = False
    try:
        with standing(services, change.base, environment, checkpoint=listener.checkpoint) as copy:
            inside = True
            listener.note(f"Rehearsed on {copy.words}.")
            seeded = _seeded(copy, table) if rows else Seeded()
            rehearsal = Rehearsal(
                copy.url, table, listener, online, seeded=frozenset(seeded.tables), irreversible=irreversible
            )
            proof = rehearsal.prove(change)
    except (MigrationError, ScratchError, EmbeddedServerError, UnreachableError) as error:
        if inside or isinstance(error, WorkerCancelledError | LostScratchError):
            raise
        raise NoScratchCopyError(
            f"A scratch copy at {shown(change.base)} cannot be made: {error.what}",
            means="Whether the way down leads back is not known. No environment was touched.",
            remedy=error.remedy,
            where=error.where,
        ) from error
    notes = (*proof.notes, *(each.rstrip(".") for each in copy.notes), *seeded.notes)
    return replace(proof, ground=copy.words, notes=notes), rehearsal


def _seeded(copy: Standing, table: VersionTable) -> Seeded:
    """Made-up rows in the tables that have rows; in a replay nobody knows which those are, so in all."""
    only = None if copy.sizes is None else [name for name, (count, _) in copy.sizes.items() if count]
    with session.connect(copy.url, application_name="sensei seed", statement_timeout_ms=_SEED_MS) as connection:
        return seed(connection, only=only, skip=[f"{table.schema or 'public'}.{table.name}"])


def _irreversible(services: Services, change: Change) -> str:
    """Why the change has no way back, when one of its files declares it."""
    known = history(services)
    for revision in change.revisions:
        written = known.get(revision)
        if written is not None:
            source = written.path.read_text("utf-8", "replace")
            if reason := declared(source, where=str(written.path)).irreversible:
                return reason
    return ""


def blocks(proof: Proof) -> tuple[Block, ...]:
    """The verdict for people: what went wrong first, then what is lost, then what every way down takes along."""
    shown_blocks: list[Block] = [Prose(proof.value.words, _TONES[proof.value])]
    if proof.irreversible:
        shown_blocks.append(Prose(proof.irreversible, "warning"))
    if proof.ground:
        shown_blocks.append(Prose(f"On {proof.ground}.", "quiet"))
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


_SEED_MS = 30_000
_TONES: Mapping[Value, Tone] = {
    Value.PROVEN: "good",
    Value.LOSSY: "warning",
    Value.ONE_WAY: "warning",
    Value.UNPROVEN: "warning",
    Value.FAILED: "danger",
}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
