"""History: the revisions a project's files describe, and what is wrong with them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision file. `sha256` is of the file's bytes; `is_head` when no other revision follows it.

    `irreversible` when its downgrade is missing, or does nothing but raise.
    """

    revision: str
    down_revisions: tuple[str, ...]
    branch_labels: tuple[str, ...]
    dependencies: tuple[str, ...]
    doc: str
    path: Path
    sha256: str
    is_head: bool
    irreversible: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the revision files: a stable code, a sentence, and the way out; `path` where it is known.

    Codes: no-configuration, no-script-location, no-env, import-failed, duplicate-revision, dangling-parent,
    dangling-dependency, cycle, several-heads (a warning: `fatal` is False), unreadable.
    """

    code: str
    message: str
    remedy: str
    path: Path | None = None
    revision: str | None = None
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class History:
    """All revisions, parents before children; `heads` sorted; `branches` maps each branch label to its head revisions.

    With a fatal problem, `revisions` holds what could be read all the same and `heads` may be empty.
    """

    revisions: tuple[Revision, ...]
    heads: tuple[str, ...]
    branches: tuple[tuple[str, tuple[str, ...]], ...]
    problems: tuple[Problem, ...] = ()

    @property
    def broken(self) -> bool:
        """True when Alembic cannot work with these files."""
        return any(problem.fatal for problem in self.problems)

    def get(self, revision: str) -> Revision | None:
        """The revision of exactly this id."""
        return next((each for each in self.revisions if each.revision == revision), None)

    def unknown(self, heads: tuple[str, ...]) -> tuple[str, ...]:
        """Those of a database's heads that no file describes: it was stamped by other, newer or lost files."""
        known = {each.revision for each in self.revisions}
        return tuple(head for head in heads if head not in known)

    def ancestors(self, heads: tuple[str, ...]) -> frozenset[str]:
        """These revisions and everything they rest on, dependencies included."""
        parents = {each.revision: (*each.down_revisions, *each.dependencies) for each in self.revisions}
        seen: set[str] = set()
        pending = list(heads)
        while pending:
            revision = pending.pop()
            if revision in parents and revision not in seen:
                seen.add(revision)
                pending.extend(parents[revision])
        return frozenset(seen)

    def pending(self, heads: tuple[str, ...]) -> tuple[Revision, ...]:
        """The revisions that a database at these heads does not have yet, in the order in which they would run."""
        applied = self.ancestors(heads)
        return tuple(each for each in self.revisions if each.revision not in applied)
