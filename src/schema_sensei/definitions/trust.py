"""Which team workflows may run commands: asked once per content, remembered by its digest."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..terms.errors import SenseiError
from .signature import Signature
from .workflow import Workflow

FILE = "trusted-workflows.json"


def commands(workflow: Workflow, signatures: Mapping[str, Signature]) -> tuple[str, ...]:
    """The ids of the steps that run commands of the workflow's author; an unknown action counts as one that does."""
    return tuple(
        step.id for step in workflow.steps if step.action not in signatures or signatures[step.action].runs_commands
    )


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Digests a person has trusted, in a file (mode 0600) of a state directory; an unreadable one holds none."""

    directory: Path

    def trusts(self, workflow: Workflow) -> bool:
        """Whether this very text may run: bundled, or trusted before."""
        return workflow.source.bundled or workflow.source.digest in self._digests()

    def needed(self, workflows: Iterable[Workflow], signatures: Mapping[str, Signature]) -> tuple[Workflow, ...]:
        """The workflows a person must be asked about first: they run commands and are not trusted yet."""
        return tuple(one for one in workflows if commands(one, signatures) and not self.trusts(one))

    def trust(self, workflow: Workflow) -> None:
        """Remember the workflow's text as trusted. Raises SenseiError when it cannot be written."""
        digests = {**self._digests(), workflow.source.digest: workflow.source.file}
        written = self.directory / f".{FILE}.{os.getpid()}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(digests, file, indent=2)
            written.replace(self.directory / FILE)
        except OSError as error:
            raise SenseiError(
                f"The decision to trust {workflow.source.file} cannot be kept: {error.strerror or error}.",
                means="You would be asked again next time; nothing was run.",
                remedy=f"Make {self.directory} writable and try again.",
            ) from None

    def _digests(self) -> dict[str, str]:
        try:
            kept = json.loads((self.directory / FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(kept, dict):
            return {}
        return {str(digest): str(file) for digest, file in kept.items()}
