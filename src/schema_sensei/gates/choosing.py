"""Chooses the gate of an environment, as sensei.yaml says."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, assert_never

from ..postgres.version_table import VersionTable
from ..project.environment import Environment, Target
from ..terms.json import JsonValue
from ..terms.secrets import Secret
from .direct import Direct
from .errors import RefusedError
from .protocol import Gate

if TYPE_CHECKING:  # an HTTP client is needed only where a server stands in between
    from ..bytebase.client import Client


def gate_of(
    target: Target,
    *,
    run: str,
    step: str,
    visit: int,
    title: str,
    version_table: VersionTable,
    online: Callable[[Secret, str], None] | None,
    client: "Callable[[Environment], Client]",
    handle: Mapping[str, JsonValue] | None = None,
) -> Gate:
    """The gate that leads to a target, for one visit of one step of a run.

    `handle` is what an earlier `check` of this step answered. Raises RefusedError where nothing leads there.
    """
    environment = target.environment
    match environment.gate:
        case "direct":
            return Direct(session_name=f"sensei {run} {step}", version_table=version_table, online=online)
        case "bytebase":
            from .bytebase import Bytebase

            if environment.bytebase is None:
                raise RefusedError(
                    f"{environment.name} has no databases in Bytebase.",
                    remedy="Name them in sensei.yaml: bytebase: {databases: instances/prod-pg/databases/app}",
                    where=str(target.label),
                )
            return Bytebase(
                client=client(environment),
                route=environment.bytebase,
                operation=f"{run}-{step}-{visit}",
                title=title,
                handle=handle or {},
                version_table=version_table,
            )
        case "none":
            return Direct(
                session_name=f"sensei {run} {step}", version_table=version_table
            )  # which refuses, and says why
        case _:
            assert_never(environment.gate)
