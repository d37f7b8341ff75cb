"""generate: compares the models with the migrations and writes an Alembic revision, as a Change with its SQL."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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
from ..migrations.history import History
from ..postgres.errors import EmbeddedServerError, ScratchError
from ..terms.errors import SenseiError, UnreachableError
from ..terms.exit_codes import ExitCode
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
        base = _base(history, parameters.text(context, "head"))
        rows = tuple(self._standing(history))
        return Preview(
            summary=f"Compare the models with the migrations at {shown(base)} and write a revision",
            blocks=(Table(("environment", "where it stands"), rows),) if rows else (),
            handle={"revision": secrets.token_hex(6), "base": list(history.heads)},
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        history = self._history()
        revision = str(intent.handle["revision"])
        message = parameters.text(context, "message")
        migrations = self.services.migrations()
        context.checkpoint()
        with self._source(context, history) as url:
            generated = migrations.autogenerate(
                url, message=message, revision=revision, head=parameters.text(context, "head") or None
            )
        if generated.empty or generated.path is None:
            return Outcome(
                name="unchanged",
                summary="No schema changes: the models and the migrations agree",
                blocks=tuple(_cautions(generated)),
            )
        context.keep({
            "nature": Nature.of(generated.operations).to_json(),
            "file": file_digest(generated.path),
        })  # fmt: skip
        change = self._change(context, intent, Nature.of(generated.operations))
        blocks = (*_operations(generated), *_cautions(generated), *self._git(change))
        return self._outcome(change, revision, blocks)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        revision = str(intent.handle["revision"])
        history = self.services.migrations().history()
        known = history.get(revision)
        if known is None:
            broken = [problem.message for problem in history.problems if problem.fatal]
            return Finding(ground="unknown" if broken else "absent", seen=(f"No revision {revision}.", *broken))
        path = relative(known.path, self.services.project.root)
        change = self._change(context, intent, _kept_nature(context, known.sha256))
        return Finding(ground="applied", seen=(f"{path} is there.",), outcome=self._outcome(change, revision, ()))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        if outcome.name == "unchanged":
            return Outcome(summary="Nothing had been written")
        change = Change.from_json(outcome.outputs["change"])
        history = self.services.migrations().history()
        for path, digest in change.sources.items():
            if file_digest(self.services.project.root / path) not in {digest, ""}:
                raise KeptFileError(
                    f"{path} was edited since it was generated; it is kept.",
                    remedy="Delete it yourself if its content is not needed.",
                    where=path,
                )
        self._refuse_deployed(context, history, change)
        for path in change.sources:
            (self.services.project.root / path).unlink(missing_ok=True)
        return Outcome(summary=f"Deleted {', '.join(change.sources)}")

    def _refuse_deployed(self, context: Context, history: History, change: Change) -> None:
        later = [each.revision for each in history.revisions if set(each.down_revisions) & set(change.revisions)]
        if set(later) - set(change.revisions):
            raise KeptFileError(
                f"Revision {later[0]} builds on it; it is kept.", remedy="Undo the later revision first."
            )
        settings = self.services.migrations().settings()
        for environment in self.services.project.environments:
            try:
                heads = heads_of(self.services.project.target(environment.name, self.services.environ), settings)
            except SenseiError as error:
                context.note(f"{environment.name} cannot be asked: {error.what}", "warning")
                continue
            if history.ancestors(heads) & set(change.revisions):
                raise KeptFileError(
                    f"{environment.name} has it already; the file is kept.",
                    means="Without the file nobody could bring that database forward or back.",
                    remedy=f"Undo the deploy to {environment.name} first.",
                    where=environment.name,
                )

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

    def _change(self, context: Context, intent: Intent, nature: Nature) -> Change:
        revision = str(intent.handle["revision"])
        history = self.services.migrations().history()
        recorded = intent.handle["base"]
        base = tuple(str(head) for head in recorded) if isinstance(recorded, list | tuple) else ()
        written = history.get(revision)
        parents = set(written.down_revisions) if written else set()
        heads = tuple(sorted({*(head for head in base if head not in parents), revision}))
        return draft(
            self.services.migrations(),
            root=self.services.project.root,
            base=base,
            heads=heads,
            message=parameters.text(context, "message"),
            nature=nature,
        )

    def _outcome(self, change: Change, revision: str, blocks: tuple[Block, ...]) -> Outcome:
        path = next(iter(change.sources), "")
        count = len(change.nature.operations)
        what = f": {count} operation{'' if count == 1 else 's'}" if count else ""
        return Outcome(
            summary=f"Wrote {path}{what}",
            outputs={"change": change.to_json(), "revision": revision, "path": path},
            blocks=blocks,
        )

    def _standing(self, history: History) -> Iterator[tuple[str, str]]:
        """Where the first environment stands; not being able to look is no reason to stop here."""
        for environment in self.services.project.environments[:1]:
            try:
                target = self.services.project.target(environment.name, self.services.environ)
                yield str(target.label), words(history, heads_of(target, self.services.migrations().settings()))
            except SenseiError as error:
                yield environment.name, f"cannot be reached: {error.what}"

    def _git(self, change: Change) -> Iterator[Block]:
        root = self.services.project.root
        name = branch.current(root)
        if name is None:
            return
        if branch.is_default(root, name):
            yield Prose(f"You are on {name}. Put the change on a branch of its own: git switch -c BRANCH", "warning")
        models = [relative(path, root) for path in self.services.project.model_files]
        yield Prose(f"Commit together: {', '.join([*models, *change.sources])}", "quiet")


def _base(history: History, head: str) -> tuple[str, ...]:
    if len(history.heads) > 1 and not head:
        branches = ", ".join(f"{label}@head" for label, _ in history.branches)
        raise SeveralHeadsError(
            f"The history has {len(history.heads)} heads: {', '.join(history.heads)}.",
            means="Two revisions follow the same one; Alembic cannot know which of them the new one continues.",
            remedy="Join them (alembic merge heads -m 'join'), or name one: head: REVISION"
            + (f" or one of {branches}" if branches else ""),
        )
    return history.heads


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
