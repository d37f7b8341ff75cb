"""generate: compares the models with the migrations and writes an Alembic revision, as a Change with its SQL."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

from ..changes.change import Change
from ..changes.draft import relative
from ..changes.nature import Nature
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Code, Prose, Table
from ..gates.position import shown
from ..migrations import Generated, History, Revision, new_revision_id
from ..migrations.errors import BrokenHistoryError, RevisionFailedError, SeveralHeadsError
from ..postgres.errors import EmbeddedServerError, ScratchError
from ..terms.counting import counted
from ..terms.errors import SenseiError, UnreachableError, UsageError
from ..terms.json import JsonValue
from ..terms.secrets import Secret
from . import branch, parameters, revisions, uncommitted
from .comparing import look_ahead
from .drafts import Drafts
from .drawing import Drawing
from .replayed import replayed
from .services import Services
from .signatures import GENERATE
from .whereabouts import heads_of, refuse_behind, refuse_unknown, words

MOST_NAMED = 3
"""More changed models files than this are not named one by one."""


@dataclass(frozen=True, slots=True)
class Generate:
    """Writes one file, named by a revision id that is chosen before.

    The change begins where the first environment stands: revisions that wait for it travel along.
    """

    services: Services
    signature: ClassVar[Signature] = GENERATE

    def preview(self, context: Context) -> Preview:
        known = self._history()
        rejected = Drafts(self.services).rejected(context, known)
        parents = _heads_without(known, rejected)
        if len(parents) > 1 and not parameters.text(context, "head"):
            raise _several(known, parents)
        place, heads = self._first_environment_stands(known)
        revision = new_revision_id()
        blocks: list[Block] = [Table(("environment", "where it stands"), (place,))]
        if rejected:
            text = f"Revision {rejected.revision}, generated before in this run and not approved, is replaced."
            blocks.append(Prose(text, "warning"))
        reachable = heads is not None and not known.unknown(heads)
        return Preview(
            summary=f"Compare the models with the migrations at {shown(parents)}; write what differs as a new revision",
            blocks=tuple(blocks),
            handle={
                "revision": revision,
                "base": list(heads if heads is not None and reachable else parents),
                "replaces": [rejected.revision, rejected.sha256] if rejected else [],
            },
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        revision = str(intent.handle["revision"])
        self._delete_rejected(context, intent)
        before = self._history()
        context.checkpoint()
        with self._source(context, before) as (url, ours):
            generated = Drawing(self.services, context, url, revision, ours).write()
        if generated is None:
            return Outcome(name="in_steps", summary="To be done in steps; nothing was written")
        written = self._history().get(revision)
        if generated.empty or written is None:
            return self._nothing_new(context, intent, before, generated)
        nature = Nature.of(generated.operations)
        columns = [asdict(each) for each in generated.waiting]
        context.keep({"nature": nature.to_json(), "file": written.sha256, "waiting": columns})
        Drafts(self.services).remember(context, written)
        change = self._change(context, intent, nature)
        look_ahead(self.services)
        blocks = (*_operations(generated), *_cautions(generated), *self._notes(change, revision))
        return self._outcome(change, written, blocks, columns)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        revision = str(intent.handle["revision"])
        known = revisions.history(self.services)
        written = known.get(revision)
        if written is None:
            broken = [problem.message for problem in known.problems if problem.fatal]
            return Finding(ground="unknown" if broken else "absent", seen=(f"No revision {revision}.", *broken))
        Drafts(self.services).remember(context, written)
        kept = next((kept for kept in context.kept() if kept.get("file") == written.sha256), {})
        nature = Nature.from_json(kept["nature"]) if kept else Nature()
        outcome = self._outcome(self._change(context, intent, nature), written, (), kept.get("waiting") or [])
        return Finding(ground="applied", seen=(f"{outcome.outputs['path']} is there.",), outcome=outcome)

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        known = revisions.history(self.services)
        written = known.get(str(intent.handle["revision"]))
        if written is None:
            return Outcome(summary="Nothing is there to delete")
        path = relative(written.path, self.services.project.root)
        generated = Change.from_json(outcome.outputs["change"]).sources.get(path, "")
        Drafts(self.services).delete(context, known, written, generated=generated)
        return Outcome(summary=f"Deleted {path}")

    def _history(self) -> History:
        known = revisions.surveyed(self.services)
        fatal = [problem for problem in known.problems if problem.fatal]
        if fatal:
            raise BrokenHistoryError(
                fatal[0].message,
                means="\n".join(problem.message for problem in fatal[1:]),
                remedy=fatal[0].remedy,
                where=relative(fatal[0].path, self.services.project.root) if fatal[0].path else "",
                revision=fatal[0].revision,
            )
        return known

    def _delete_rejected(self, context: Context, intent: Intent) -> None:
        match _texts(intent.handle["replaces"]):
            case [revision, generated]:
                known = self._history()
                written = known.get(revision)
                if written is not None:
                    Drafts(self.services).delete(context, known, written, generated=generated)
                    path = relative(written.path, self.services.project.root)
                    context.note(f"Deleted {path}, which was not approved.")
            case _:
                pass

    @contextmanager
    def _source(self, context: Context, known: History) -> Iterator[tuple[Secret, bool]]:
        """A database at the heads and whether it is ours: a scratch copy, or the first environment without one."""
        with ExitStack() as stack:
            ours = True
            try:
                url = stack.enter_context(replayed(self.services, known, known.heads))
            except (RevisionFailedError, ScratchError, EmbeddedServerError, UnreachableError) as error:
                url, ours = self._first_environment(context, known, error), False
            yield url, ours

    def _first_environment(self, context: Context, known: History, error: SenseiError) -> Secret:
        first = self.services.project.environments[0]
        context.note(
            f"The migrations cannot be replayed on a scratch database ({error.what}). "
            f"The models are compared with {first.name} instead.",
            "warning",
        )
        target = self.services.project.target(first.name, self.services.environ)
        heads = heads_of(target, revisions.settings(self.services))
        refuse_unknown(known, heads, target)
        refuse_behind(known, heads, known.heads, target)
        return target.url

    def _first_environment_stands(self, known: History) -> tuple[tuple[str, str], tuple[str, ...] | None]:
        """Where the first environment stands; not being able to look is no reason to stop here."""
        first = self.services.project.environments[0]
        try:
            target = self.services.project.target(first.name, self.services.environ)
            heads = heads_of(target, revisions.settings(self.services))
        except (UnreachableError, UsageError) as error:
            return (first.name, f"cannot be reached: {error.what}"), None
        return (str(target.label), words(known, heads)), heads

    def _nothing_new(self, context: Context, intent: Intent, known: History, generated: Generated) -> Outcome:
        """Unchanged; or, when revisions still wait for the first environment, the change that they are."""
        waiting = known.pending(_texts(intent.handle["base"]))
        cautions = tuple(_cautions(generated))
        if not waiting:
            what = "No schema changes: the models and the migrations agree"
            if generated.waiting:
                what = "Nothing that only adds is left to write"
            columns = [asdict(each) for each in generated.waiting]
            return Outcome(
                name="unchanged", summary=what, outputs={"change": None, "waiting": columns}, blocks=cautions
            )
        names = ", ".join(each.revision for each in waiting)
        note = Prose(f"Nothing new to generate. Waiting to be deployed, and now on its way: {names}.")
        outcome = self._outcome(self._change(context, intent, Nature()), waiting[-1], (note, *cautions))
        return replace(outcome, summary=f"No schema changes; {names} to be deployed")

    def _change(self, context: Context, intent: Intent, nature: Nature) -> Change:
        """Everything from the base to the heads; what was generated speaks only for a change that is nothing else."""
        change = revisions.drawn(
            self.services,
            base=_texts(intent.handle["base"]),
            heads=self._history().heads,
            message=parameters.text(context, "message"),
            nature=nature,
        )
        before = context.parameters.get("after")
        earlier = Change.from_json(before) if before is not None else None
        if earlier is not None and change.revisions == (*earlier.revisions, intent.handle["revision"]):
            return replace(change, nature=earlier.nature.then(nature))
        return change if change.revisions == (intent.handle["revision"],) else replace(change, nature=Nature())

    def _outcome(
        self, change: Change, written: Revision, blocks: tuple[Block, ...], waiting: JsonValue = ()
    ) -> Outcome:
        path = relative(written.path, self.services.project.root)
        count = len(change.nature.operations)
        what = f": {counted(count, 'operation')}" if count else ""
        return Outcome(
            summary=f"Wrote {path}{what}",
            outputs={"change": change.to_json(), "revision": written.revision, "path": path, "waiting": waiting},
            blocks=blocks,
        )

    def _notes(self, change: Change, revision: str) -> Iterator[Block]:
        waiting = [each for each in change.revisions if each != revision]
        if waiting:
            first = self.services.project.environments[0].name
            yield Prose(f"{first} does not have {', '.join(waiting)} yet: part of this change as well.", "warning")
        root = self.services.project.root
        name = branch.current(root)
        if name is None:
            return
        if branch.is_default(root, name):
            yield Prose(f"You are on {name}. Put the change on a branch of its own: git switch -c BRANCH", "warning")
        edited = uncommitted.models(self.services.project, self.services.environ)
        if edited is None or len(edited) > MOST_NAMED:
            edited = ("the models you changed",)
        yield Prose(f"Commit together: {', '.join([*edited, *change.sources])}", "quiet")


def _heads_without(known: History, revision: Revision | None) -> tuple[str, ...]:
    """The heads of the history if one of its head revisions were not there."""
    others = [each for each in known.revisions if each is not revision]
    followed = {parent for each in others for parent in each.down_revisions}
    return tuple(sorted(each.revision for each in others if each.revision not in followed))


def _several(known: History, heads: tuple[str, ...]) -> SeveralHeadsError:
    branches = ", ".join(f"{label}@head" for label, _ in known.branches)
    return SeveralHeadsError(
        f"The history has {len(heads)} heads: {', '.join(heads)}.",
        means="Two revisions follow the same one; Alembic cannot know which of them the new one continues.",
        remedy="Join them (alembic merge heads -m 'join'), or name one: head: REVISION"
        + (f" or one of {branches}" if branches else ""),
    )


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()


def _operations(generated: Generated) -> Iterator[Block]:
    rows = tuple(
        (each.summary, "can lose data" if each.destructive else "adds" if each.additive else "changes")
        for each in generated.operations
    )
    yield Table(("operation", "effect"), rows, title="What it does")
    yield Code(generated.upgrade_source, language="python", title="upgrade()")


def _cautions(generated: Generated) -> Iterator[Block]:
    for caution in generated.warnings:
        yield Prose(f"{caution.message} {caution.remedy}", "warning")
    for caution in generated.blind_spots:
        yield Prose(f"Not seen by autogenerate: {caution.message} {caution.remedy}", "quiet")
