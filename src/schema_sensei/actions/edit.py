"""edit: the person changes the models, in their editor, elsewhere while the files are watched, or has done so."""

import hashlib
import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..changes.draft import file_digest, relative
from ..definitions.signature import Signature
from ..engine.ports import Context, Finding, Intent, Outcome, Preview
from ..engine.prompts import Choose, Option, Table
from ..terms.errors import SenseiError, UsageError
from . import editor, parameters, uncommitted
from .services import Services
from .signatures import EDIT

WATCH_SECONDS = 0.25
SETTLED_LOOKS = 3
"""A change counts once this many looks in a row found the same files: editors write in several steps."""
QUIET_SECONDS = 600.0
"""After so long without a change the person is asked, so that watching never waits for ever."""

Snapshot = Mapping[str, str]


class ModelsBrokenError(SenseiError):
    """A models file is not Python."""


NAMED = 2
"""More files than this are not named one by one: they are listed below."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The world changes by the person's own hand; this step only helps, watches, and reads the result."""

    services: Services
    signature: ClassVar[Signature] = EDIT

    def preview(self, context: Context) -> Preview:
        now = self._snapshot(context)
        options = [Option("ready", "The models are ready", "nothing more to edit")]
        if self.services.terminal is not None:
            program = editor.name(self.services.environ)
            options = [
                Option("editor", f"Open them in {program}", "comes back here when you close it"),
                Option("elsewhere", "I edit them elsewhere", "the files are watched; a save is noticed"),
                *options,
            ]
        prompt = Choose(
            key=context.step,
            question="How do you want to edit the models?",
            blocks=(Table(("models",), tuple((path,) for path in now)),),
            options=tuple(options),
            default=options[0].key,
        )
        return Preview(
            summary=f"Edit {', '.join(now)}" if 0 < len(now) <= NAMED else "Edit the models",
            prompt=prompt,
            effect=False,
            handle={"files": dict(now)},
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        recorded = intent.handle.get("files")
        before = {str(path): str(digest) for path, digest in recorded.items()} if isinstance(recorded, Mapping) else {}
        match intent.answer:
            case "editor":
                self._open_editor(context)
            case "elsewhere":
                self._watch(context, before)
            case _:
                pass
        after = self._snapshot(context)
        self._check_syntax(after)
        changed = _changed(before, after)
        summary = f"Changed: {', '.join(changed)}" if changed else self._unchanged()
        return Outcome(summary=summary, outputs={"files": changed})

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="absent", seen=("The models are as the person left them.",))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError

    def _unchanged(self) -> str:
        """What to say when nothing changed here: often that is because it was done before the run began."""
        edited = uncommitted.models(self.services.project, self.services.environ)
        if not edited:
            return "The models are as they were"
        return f"Changed before: {', '.join(edited) if len(edited) <= NAMED else f'{len(edited)} files'}"

    def _open_editor(self, context: Context) -> None:
        files = self._files(context)
        if not files:
            raise UsageError(
                "Nobody says where the models are.",
                remedy="Name them in sensei.yaml, for example models: [app/models.py]. Or edit elsewhere.",
                where=context.step,
            )
        editor.open_files(self.services, context, files)

    def _watch(self, context: Context, before: Snapshot) -> None:
        context.note(f"Watching {', '.join(before) or 'the models'}; save when you are done.")
        seen = before
        while True:
            seen = self._next_change(context, seen)
            changed = _changed(before, seen)
            prompt = Choose(
                key=f"{context.step}.done",
                question=f"Changed: {', '.join(changed)}. Ready?" if changed else "Nothing has changed yet. Go on?",
                options=(Option("ready", "Ready, go on"), Option("watch", "Not yet, watch on")),
                default="ready" if changed else "watch",
                digest=hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest(),
            )
            if context.ask(prompt) == "ready":
                return

    def _next_change(self, context: Context, seen: Snapshot) -> Snapshot:
        """The files once they differ from `seen` and have settled; `seen` itself after a long quiet time."""
        until = time.monotonic() + QUIET_SECONDS
        latest, looks = seen, 0
        while time.monotonic() < until:
            context.checkpoint()
            time.sleep(WATCH_SECONDS)
            now = self._snapshot(context)
            looks = looks + 1 if now == latest else 0
            latest = now
            if latest != seen and looks >= SETTLED_LOOKS:
                return latest
        return latest

    def _files(self, context: Context) -> list[Path]:
        """The files to open: as the step names them, or the models; a package stands for its modules."""
        project = self.services.project
        named = [project.root / name for name in parameters.texts(context, "files")]
        found: list[Path] = []
        for path in named or project.model_files:
            if not path.exists():
                raise UsageError(
                    f"There is no file {relative(path, project.root)}.",
                    remedy="Correct `models` in sensei.yaml, or `files` of this step.",
                    where=context.step,
                )
            folder = path if path.is_dir() else path.parent if path.name == "__init__.py" else None
            found += [path] if folder is None else sorted(folder.rglob("*.py"))
        return list(dict.fromkeys(found))

    def _snapshot(self, context: Context) -> Snapshot:
        root = self.services.project.root
        return {relative(path, root): file_digest(path) for path in self._files(context)}

    def _check_syntax(self, files: Snapshot) -> None:
        for name in files:
            path = self.services.project.root / name
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # a SyntaxWarning is for the project's own linter
                    compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            except (SyntaxError, ValueError) as wrong:
                line = getattr(wrong, "lineno", None) or 1
                text = (getattr(wrong, "text", None) or "").strip()
                raise ModelsBrokenError(
                    f"{getattr(wrong, 'msg', None) or wrong}" + (f": {text}" if text else ""),
                    means="The models are not valid Python yet; nothing can be compared.",
                    remedy=f"Correct line {line}, then try again.",
                    where=f"{name}:{line}",
                ) from wrong


def _changed(before: Snapshot, after: Snapshot) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
