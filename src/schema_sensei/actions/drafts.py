"""Revision files that a run has generated: which may be deleted again, and which must stay."""

import json
from dataclasses import dataclass
from pathlib import Path

from ..changes.draft import relative
from ..engine.ports import Context
from ..migrations.history import History, Revision
from ..terms.errors import SenseiError, UnreachableError, UsageError
from ..terms.exit_codes import ExitCode
from . import revisions
from .services import Services
from .whereabouts import heads_of


class KeptFileError(SenseiError):
    """A revision file may not be deleted."""

    exit_code = ExitCode.DECLINED


@dataclass(frozen=True, slots=True)
class Drafts:
    """The note of the latest file that a run generated, so that a rejected one can be replaced in the next round."""

    services: Services

    def remember(self, context: Context, written: Revision) -> None:
        """Note the file as it was generated."""
        note = self._note(context)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"revision": written.revision, "sha256": written.sha256}), encoding="utf-8")

    def follow(self, context: Context, known: History, revision: str, *, before: str) -> None:
        """Note the file anew after the run itself has rewritten it; `before` is what it was (sha256)."""
        written = known.get(revision)
        if written is not None and self._noted(context) == (revision, before):
            self.remember(context, written)

    def rejected(self, context: Context, known: History) -> Revision | None:
        """What this run generated in an earlier round, if nobody edited it, built on it, or deployed it."""
        if context.visit == 1:
            return None
        revision, digest = self._noted(context)
        written = known.get(revision)
        if written is None or written.sha256 != digest or not written.is_head:
            return None
        return None if self.who_has(context, known, written) else written

    def delete(self, context: Context, known: History, written: Revision, *, generated: str) -> None:
        """Delete a file whose content was `generated` (sha256), or is what the run itself has made of it since.

        Raises KeptFileError when it is needed or edited.
        """
        path = relative(written.path, self.services.project.root)
        if written.sha256 != generated and self._noted(context) != (written.revision, written.sha256):
            raise KeptFileError(
                f"{path} was edited since it was generated; it is kept.",
                remedy="Delete it yourself if its content is not needed.",
                where=path,
            )
        if not written.is_head:
            raise KeptFileError(
                f"A later revision builds on {written.revision}; {path} is kept.",
                remedy="Undo the later revision first.",
                where=path,
            )
        if name := self.who_has(context, known, written):
            raise KeptFileError(
                f"{name} has {written.revision} already; {path} is kept.",
                means="Without the file nobody could bring that database forward or back.",
                remedy=f"Undo the deploy to {name} first.",
                where=name,
            )
        written.path.unlink(missing_ok=True)
        self._note(context).unlink(missing_ok=True)

    def who_has(self, context: Context, known: History, written: Revision) -> str:
        """The first environment that has the revision; empty when none does that can be asked."""
        options = revisions.settings(self.services)
        for environment in self.services.project.environments:
            try:
                heads = heads_of(self.services.project.target(environment.name, self.services.environ), options)
            except (UnreachableError, UsageError) as error:
                context.note(f"{environment.name} cannot be asked: {error.what}", "warning")
                continue
            if written.revision in known.ancestors(heads):
                return environment.name
        return ""

    def _noted(self, context: Context) -> tuple[str, str]:
        """The noted revision and its file's sha256; empty texts where nothing is noted."""
        try:
            noted = json.loads(self._note(context).read_text(encoding="utf-8"))
            return str(noted["revision"]), str(noted["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            return "", ""

    def _note(self, context: Context) -> Path:
        return self.services.project.directory / "drafts" / f"{context.run}.json"
