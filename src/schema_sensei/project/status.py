"""Says per environment where it stands: each looked at in its own thread, so that a dead server delays nobody."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from ..migrations.history import History
from ..migrations.settings import Settings
from ..terms.errors import SenseiError, UnreachableError, UsageError
from ..terms.json import JsonObject
from ..terms.targets import TargetLabel
from .environment import Environment, Target
from .project import Project

Standing: TypeAlias = Literal["current", "behind", "ahead", "drifted", "unreachable", "unconfigured"]
"""behind: revisions pending; ahead: stamped with a revision this checkout does not have; drifted: the catalog differs
from the migrations; unconfigured: its URL variable is not set or cannot be read."""

CONNECT_TIMEOUT = 3
"""Seconds for one connection attempt."""
PATIENCE = 10.0
"""Seconds after which an environment that has not answered counts as unreachable."""

_MARKS: Mapping[Standing, str] = {
    "current": "✓",
    "behind": "▸",
    "ahead": "!",
    "drifted": "!",
    "unreachable": "✗",
    "unconfigured": "✗",
}


@dataclass(frozen=True, slots=True)
class Status:
    """Where one environment stands. `heads` are the database's; `pending` what it lacks, in order; `unknown` are heads
    that no revision file describes. `drift` counts differing objects, None where nobody has looked. `problem` says
    what keeps us from knowing.
    """

    environment: Environment
    standing: Standing
    words: str
    target: TargetLabel | None = None
    heads: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    drift: int | None = None
    unfinished: tuple[str, ...] = ()
    problem: SenseiError | None = field(default=None, compare=False)

    def to_json(self) -> JsonObject:
        """The same as data, for `sensei status --json`."""
        return {
            "environment": self.environment.name,
            "standing": self.standing,
            "words": self.words,
            "protected": self.environment.protected,
            "gate": self.environment.gate,
            "target": str(self.target) if self.target else None,
            "heads": list(self.heads),
            "pending": list(self.pending),
            "unknown": list(self.unknown),
            "drift": self.drift,
            "unfinished": list(self.unfinished),
            "problem": str(self.problem) if self.problem else None,
        }


def read(
    project: Project,
    history: History,
    settings: Settings,
    *,
    environ: Mapping[str, str] | None = None,
    unfinished: Mapping[str, Sequence[str]] | None = None,
    drift: Callable[[Target], int] | None = None,
    patience: float = PATIENCE,
) -> tuple[Status, ...]:
    """Every environment's status, in order; reads heads, changes nothing, and takes at most `patience` seconds.

    `unfinished` are one-line descriptions of runs by environment name. `drift(target)` counts the objects by which a
    database differs from the migrations; it is slow, so `patience` does not count for it. Raises EnvFileError.
    """
    variables = project.variables(environ)
    runs = unfinished or {}
    found: dict[str, Status] = {}

    def look(environment: Environment) -> None:
        status = _look(environment, variables, history, settings)
        found[environment.name] = status

    threads = [
        threading.Thread(target=look, args=(each,), name=f"status {each.name}", daemon=True)
        for each in project.environments
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + patience
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    statuses = []
    for environment in project.environments:
        status = found.get(environment.name) or _silent(environment, variables, patience)
        if drift is not None and status.standing == "current":
            status = _compared(status, environment.target(variables), drift)
        statuses.append(replace(status, unfinished=tuple(runs.get(environment.name, ()))))
    return tuple(statuses)


def lines(statuses: Sequence[Status], history: History) -> tuple[str, ...]:
    """The statuses as text for people, with what to do about each problem."""
    width = max((len(status.environment.name) for status in statuses), default=0)
    shown: list[str] = []
    for status in statuses:
        target = f"{status.target.host}/{status.target.database}" if status.target else status.environment.url_variable
        mark = " PROTECTED" if status.environment.protected else ""
        name = status.environment.name.ljust(width)
        shown.append(f"{_MARKS[status.standing]} {name}  {status.words}  ({target}{mark})")
        indent = " " * (width + 4)
        shown += [f"{indent}pending {_described(history, each)}" for each in status.pending[:8]]
        if len(status.pending) > 8:
            shown.append(f"{indent}... and {len(status.pending) - 8} more")
        shown += [f"{indent}unfinished: {each}" for each in status.unfinished]
        if status.problem is not None:
            parts = (status.problem.what, status.problem.means, status.problem.remedy)
            shown += [f"{indent}{line}" for part in parts for line in part.splitlines()]
        if status.unknown:
            shown.append(f"{indent}Get the revision files that it was upgraded with: check out the newer branch.")
    if len(history.heads) > 1:
        shown.append(f"! The history has {len(history.heads)} heads: {', '.join(history.heads)}. Merge them first.")
    return tuple(shown)


def _look(environment: Environment, variables: Mapping[str, str], history: History, settings: Settings) -> Status:
    try:
        target = environment.target(variables)
    except UsageError as error:
        return Status(environment, "unconfigured", "not configured", problem=error)
    try:
        heads = _heads(target, settings)
    except SenseiError as error:
        return Status(environment, "unreachable", "not reachable", target.label, problem=error)
    unknown = history.unknown(heads)
    if unknown:
        words = f"at {', '.join(unknown)}, which this checkout does not have"
        return Status(environment, "ahead", words, target.label, heads, unknown=unknown)
    pending = tuple(each.revision for each in history.pending(heads))
    if pending:
        words = f"{len(pending)} pending" if heads else f"empty, {len(pending)} pending"
        return Status(environment, "behind", words, target.label, heads, pending)
    words = f"at head {', '.join(heads)}" if heads else "empty, and there are no revisions"
    return Status(environment, "current", words, target.label, heads)


def _heads(target: Target, settings: Settings) -> tuple[str, ...]:
    import psycopg  # here, because what only lists environments must start fast

    from ..postgres import session
    from ..postgres.version_table import VersionTable

    connection = session.connect(
        target.url,
        application_name="sensei status",
        read_only=True,
        lock_timeout_ms=2000,
        statement_timeout_ms=5000,
        connect_timeout=CONNECT_TIMEOUT,
        label=target.label,
        variable=target.source or None,
    )
    try:
        return VersionTable(settings.version_table, settings.version_table_schema).heads(connection)
    except psycopg.Error as error:
        raise UnreachableError(
            f"The version table of {target.environment.name} cannot be read.",
            means=f"PostgreSQL said: {session.masked(str(error), target.url)}",
            remedy=f"Let the user of {target.source} read {settings.version_table}, or wait until its lock is free.",
            where=str(target.label),
        ) from None
    finally:
        connection.close()


def _silent(environment: Environment, variables: Mapping[str, str], patience: float) -> Status:
    target = environment.target(variables)
    problem = UnreachableError(
        f"{target.label} did not answer within {patience:g} s.",
        means="A firewall, a VPN that is off, or a machine that is down looks like this.",
        remedy="Check the network and the host, then try again.",
        where=str(target.label),
    )
    return Status(environment, "unreachable", "no answer", target.label, problem=problem)


def _compared(status: Status, target: Target, drift: Callable[[Target], int]) -> Status:
    try:
        count = drift(target)
    except SenseiError as error:
        return replace(status, words=f"{status.words}, not compared", problem=error)
    if count == 0:
        return replace(status, words=f"{status.words}, no drift", drift=0)
    objects = "1 object differs" if count == 1 else f"{count} objects differ"
    return replace(status, standing="drifted", words=f"{objects} from the migrations", drift=count)


def _described(history: History, revision: str) -> str:
    known = history.get(revision)
    return f"{revision}  {known.doc}" if known and known.doc else revision
