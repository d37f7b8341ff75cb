"""What the actions need from the rest of the house; composition fills it, and makes the costly parts when asked."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING

from ..terms.errors import UsageError
from .ahead import Ahead

if TYPE_CHECKING:  # an action's module imports what it uses; this one stays light
    from ..bytebase.client import Client
    from ..changes.change import Change
    from ..changes.deployment import Deployment
    from ..changes.hazards.model import Review
    from ..migrations import History, Migrations, Settings
    from ..postgres.scratch import Scratch
    from ..project.environment import Environment
    from ..project.project import Project


@dataclass(slots=True)
class Memory:
    """What `revisions` has read in this process, and what the files looked like then."""

    signature: tuple[tuple[str, int, int], ...] | None = None
    history: "History | None" = None
    settings: "Settings | None" = None
    emitted: "dict[tuple[tuple[str, ...], tuple[str, ...]], Change]" = field(default_factory=dict)
    judged: "dict[tuple[str, str], Review]" = field(default_factory=dict)
    """What `judged` found, by the digest of the upgrade and the name of the environment."""
    scratch_version: str = ""
    """The version of the scratch server, once it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`terminal` lends the terminal to a child process while its context is open, or is None without one.

    `deployments` gives the deploys on record that speak of these revisions or digests, oldest first.
    `operator` is who agrees to things, for the record; `environ` is what URLs are read from and children inherit.
    """

    project: "Project"
    migrations: "Callable[[], Migrations]"
    scratch: "Callable[[], Scratch]"
    environ: Mapping[str, str]
    operator: str
    terminal: Callable[[], AbstractContextManager[None]] | None = None
    now: Callable[[], float] = time
    deployments: "Callable[[Sequence[str]], tuple[Deployment, ...]]" = lambda _: ()
    bytebase: "Callable[[Environment], Client] | None" = None
    memory: Memory = field(default_factory=Memory, repr=False, compare=False)
    ahead: Ahead = field(default_factory=Ahead, repr=False, compare=False)

    def client(self, environment: "Environment") -> "Client":
        """The client of the Bytebase server behind an environment. Raises UsageError where there is none."""
        if self.bytebase is None:
            raise UsageError(
                f"{environment.name} cannot be reached through Bytebase from here.",
                remedy="Run the step with `sensei`, which logs in there.",
            )
        return self.bytebase(environment)
