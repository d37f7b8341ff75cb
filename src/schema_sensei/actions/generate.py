"""generate: compares the models with the migrations and writes an Alembic revision, as a Change with its SQL."""

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from ..changes.change import Change
from ..changes.draft import draft, file_digest, relative
from ..changes.nature import Nature
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Block, Code, Prose, Table
from ..gates.position import shown
from ..migrations.errors import BrokenHistoryError, RevisionFailedError, SeveralHeadsError
from ..migrations.generated import Generated
from ..migrations.history import History, Revision
from ..postgres.errors import EmbeddedServerError, ScratchError
from ..terms.errors import SenseiError, UnreachableError, UsageError
from ..terms.exit_codes import ExitCode
from ..terms.json import JsonValue
from ..terms.secrets import Secret
from . import branch, parameters
from .replayed import replayed
from .services import Services
from .signatures import GENERATE
from .whereabouts import heads_of, refuse_behind, refuse_unknown, words


class KeptFileError(SenseiError):
    """A revision file may not be deleted."""

    exit_code = ExitCode.DECLINED


@dataclass(frozen=True, slots=True)
class Generate:
    """Writes one file, named by a revision id that is chosen before."""

    services: Services
    signature: ClassVar[Signature] = GENERATE

    def preview(self, context: Context) -> Preview:
        history = self._history()
        draft_of_this_run = self._rejected_draft(context, history)
        parents = _without(history, draft_of_this_run)
        if draft_of_this_run is None:
            _refuse_several(history, parameters.text(context, "head"))
        place, heads = self._first_environment_stands(history)
        revision = secrets.token_hex(6)
        blocks: list[Block] = [Table(("environment", "where it stands"), (place,))]
        if draft_of_this_run:
            blocks.append(Prose(f"Revision {draft_of_this_run}, generated before in this run, is replaced.", "warning"))
        return Preview(
            summary=f"Compare the models with the migrations at {shown(parents)}; write revision {revision}",
            blocks=tuple(blocks),
            handle={
                "revision": revision,
                "file": f"*{revision}*.py",
                "parents": list(parents),
                # Revisions that wait for the first environment travel along: a change starts where it stands.
                "base": list(heads if heads is not None and not history.unknown(heads) else parents),
                "replaces": draft_of_this_run,
            },
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        revision = str(intent.handle["revision"])
        self._delete_draft(context, intent)
        history = self._history()
        migrations = self.services.migrations()
        context.checkpoint()
        with self._source(context, history) as url:
            generated = migrations.autogenerate(
                url,
                message=parameters.text(context, "message"),
                revision=revision,
                head=parameters.text(context, "head") or None,
            )
        if generated.empty or generated.path is None:
            return self._nothing_new(context, intent, history, generated)
        nature, digest = Nature.of(generated.operations), file_digest(generated.path)
        context.keep({"nature": nature.to_json(), "file": digest})
        self._remember_draft(context, revision, generated.path, digest)
        change = self._change(context, intent, nature, (*history.heads, revision))
        blocks = (*_operations(generated), *_cautions(generated), *self._notes(change, revision))
        return self._outcome(change, revision, blocks)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        revision = str(intent.handle["revision"])
        history = self.services.migrations().history()
        known = history.get(revision)
        if known is None:
            broken = [problem.message for problem in history.problems if problem.fatal]
            return Finding(ground="unknown" if broken else "absent", seen=(f"No revision {revision}.", *broken))
        path = relative(known.path, self.services.project.root)
        change = self._change(context, intent, _kept_nature(context, known.sha256), history.heads)
        self._remember_draft(context, revision, known.path, known.sha256)
        return Finding(ground="applied", seen=(f"{path} is there.",), outcome=self._outcome(change, revision, ()))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        revision = str(intent.handle["revision"])
        history = self.services.migrations().history()
        known = history.get(revision)
        if known is None:
            return Outcome(summary="Nothing is there to delete")
        path = relative(known.path, self.services.project.root)
        self._refuse_needed(context, outcome, history, known, path)
        known.path.unlink()
        self._draft_note(context).unlink(missing_ok=True)
        return Outcome(summary=f"Deleted {path}")

    def _refuse_needed(self, context: Context, outcome: Outcome, history: History, known: Revision, path: str) -> None:
        generated = Change.from_json(outcome.outputs["change"]).sources.get(path)
        if known.sha256 != generated:
            raise KeptFileError(
                f"{path} was edited since it was generated; it is kept.",
                remedy="Delete it yourself if its content is not needed.",
                where=path,
            )
        if not known.is_head:
            raise KeptFileError(
                f"A later revision builds on {known.revision}; {path} is kept.",
                remedy="Undo the later revision first.",
                where=path,
            )
        for name in self._deployed(context, history, {known.revision}).values():
            raise KeptFileError(
                f"{name} has {known.revision} already; {path} is kept.",
                means="Without the file nobody could bring that database forward or back.",
                remedy=f"Undo the deploy to {name} first.",
                where=name,
            )

    def _deployed(self, context: Context, history: History, revisions: set[str]) -> dict[str, str]:
        """Which of the revisions some environment has, and the environment; what cannot be asked is left out."""
        settings = self.services.migrations().settings()
        found: dict[str, str] = {}
        for environment in self.services.project.environments:
            try:
                heads = heads_of(self.services.project.target(environment.name, self.services.environ), settings)
            except (UnreachableError, UsageError) as error:
                context.note(f"{environment.name} cannot be asked: {error.what}", "warning")
                continue
            found |= dict.fromkeys(history.ancestors(heads) & revisions, environment.name)
        return found

    def _history(self) -> History:
        history = self.services.migrations().history()
        fatal = [problem for problem in history.problems if problem.fatal]
        if fatal:
            raise BrokenHistoryError(
                fatal[0].message,
                means="\n".join(problem.message for problem in fatal[1:]),
                remedy=fatal[0].remedy,
                where=relative(fatal[0].path, self.services.project.root) if fatal[0].path else "",
                revision=fatal[0].revision,
            )
        return history

    @contextmanager
    def _source(self, context: Context, history: History) -> Iterator[Secret]:
        """A database at the heads: a scratch copy, or the first environment when the history cannot be replayed."""
        with ExitStack() as stack:
            try:
                url = stack.enter_context(replayed(self.services, history, history.heads))
            except (RevisionFailedError, ScratchError, EmbeddedServerError, UnreachableError) as error:
                url = self._first_environment(context, history, error)
            yield url

    def _first_environment(self, context: Context, history: History, error: SenseiError) -> Secret:
        first = self.services.project.environments[0]
        context.note(
            f"The migrations cannot be replayed on a scratch database ({error.what}). "
            f"The models are compared with {first.name} instead.",
            "warning",
        )
        target = self.services.project.target(first.name, self.services.environ)
        heads = heads_of(target, self.services.migrations().settings())
        refuse_unknown(history, heads, target)
        refuse_behind(history, heads, history.heads, target)
        return target.url

    def _nothing_new(self, context: Context, intent: Intent, history: History, generated: Generated) -> Outcome:
        """Unchanged; or, when revisions still wait for the first environment, the change that they are."""
        base = _texts(intent.handle["base"])
        waiting = [each.revision for each in history.pending(base)]
        cautions = tuple(_cautions(generated))
        if not waiting:
            return Outcome(
                name="unchanged", summary="No schema changes: the models and the migrations agree", blocks=cautions
            )
        change = self._change(context, intent, Nature(), history.heads)
        note = Prose(f"Nothing new to generate. Waiting to be deployed, and now on its way: {', '.join(waiting)}.")
        return self._outcome(change, waiting[-1], (note, *cautions), wrote=False)

    def _change(self, context: Context, intent: Intent, nature: Nature, heads: tuple[str, ...]) -> Change:
        history = self.services.migrations().history()
        parents = {parent for head in heads if (each := history.get(head)) for parent in each.down_revisions}
        base = _texts(intent.handle["base"])
        change = draft(
            self.services.migrations(),
            root=self.services.project.root,
            base=base,
            heads=tuple(sorted({head for head in heads if head not in parents})),
            message=parameters.text(context, "message"),
            nature=nature,
        )
        alone = change.revisions == (intent.handle["revision"],)
        return change if alone else replace(change, nature=Nature())

    def _outcome(self, change: Change, revision: str, blocks: tuple[Block, ...], *, wrote: bool = True) -> Outcome:
        history = self.services.migrations().history()
        known = history.get(revision)
        path = relative(known.path, self.services.project.root) if known else ""
        count = len(change.nature.operations)
        what = f": {count} operation{'' if count == 1 else 's'}" if count else ""
        return Outcome(
            summary=f"Wrote {path}{what}" if wrote else f"No schema changes; {shown(change.revisions)} to be deployed",
            outputs={"change": change.to_json(), "revision": revision, "path": path},
            blocks=blocks,
        )

    def _first_environment_stands(self, history: History) -> tuple[tuple[str, str], tuple[str, ...] | None]:
        """Where the first environment stands; not being able to look is no reason to stop here."""
        first = self.services.project.environments[0]
        try:
            target = self.services.project.target(first.name, self.services.environ)
            heads = heads_of(target, self.services.migrations().settings())
        except (UnreachableError, UsageError) as error:
            return (first.name, f"cannot be reached: {error.what}"), None
        return (str(target.label), words(history, heads)), heads

    def _draft_note(self, context: Context) -> Path:
        return self.services.project.directory / "drafts" / f"{context.run}.json"

    def _remember_draft(self, context: Context, revision: str, path: Path, digest: str) -> None:
        note = self._draft_note(context)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"revision": revision, "path": str(path), "sha256": digest}), encoding="utf-8")

    def _rejected_draft(self, context: Context, history: History) -> str | None:
        """The revision this run generated before, if nobody edited it, built on it, or deployed it: it is replaced."""
        try:
            noted = json.loads(self._draft_note(context).read_text(encoding="utf-8"))
            revision, digest = str(noted["revision"]), str(noted["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        known = history.get(revision)
        if context.visit == 1 or known is None or known.sha256 != digest or not known.is_head:
            return None
        return None if revision in self._deployed(context, history, {revision}) else revision

    def _delete_draft(self, context: Context, intent: Intent) -> None:
        replaced = intent.handle.get("replaces")
        if replaced is None:
            return
        history = self._history()
        known = history.get(str(replaced))
        if known is not None and self._rejected_draft(context, history) == replaced:
            known.path.unlink(missing_ok=True)
            context.note(f"Deleted {relative(known.path, self.services.project.root)}, which was not approved.")

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
        models = [relative(path, root) for path in self.services.project.model_files]
        yield Prose(f"Commit together: {', '.join([*models, *change.sources])}", "quiet")


def _refuse_several(history: History, head: str) -> None:
    if len(history.heads) > 1 and not head:
        branches = ", ".join(f"{label}@head" for label, _ in history.branches)
        raise SeveralHeadsError(
            f"The history has {len(history.heads)} heads: {', '.join(history.heads)}.",
            means="Two revisions follow the same one; Alembic cannot know which of them the new one continues.",
            remedy="Join them (alembic merge heads -m 'join'), or name one: head: REVISION"
            + (f" or one of {branches}" if branches else ""),
        )


def _without(history: History, revision: str | None) -> tuple[str, ...]:
    """The heads of the history if one of its head revisions were not there."""
    gone = history.get(revision) if revision else None
    if gone is None:
        return history.heads
    others = [each for each in history.revisions if each is not gone]
    followed = {parent for each in others for parent in each.down_revisions}
    return tuple(sorted(each.revision for each in others if each.revision not in followed))


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()


def _kept_nature(context: Context, digest: str) -> Nature:
    for kept in context.kept():
        if kept.get("file") == digest:
            return Nature.from_json(kept["nature"])
    return Nature()


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
