"""A run of the journal as one line for people."""

from typing import TYPE_CHECKING

from ..frontends.entries import RunSummary

if TYPE_CHECKING:
    from ..engine.events import RunStatus
    from ..engine.records import RunRecord


def summary(record: "RunRecord") -> RunSummary:
    """What a list of runs says of it."""
    titles = {step.id: step.title for step in record.header.outline}
    at = titles.get(record.step, record.step)
    position = record.summary if record.kind == "ended" and (record.final or not at) else at
    return RunSummary(
        run=record.header.id,
        workflow=record.header.workflow,
        title=record.header.title,
        subject=record.subject or str(record.header.given.get("message", "")),
        status=_status_now(record),
        position=position,
        started_at=record.header.started_at,
        updated_at=record.updated_at,
        owner=str(record.owner or ""),
    )


def _status_now(record: "RunRecord") -> "RunStatus":
    """The status as of now: a run whose owner died while it ran was interrupted, although nobody wrote that down."""
    from ..engine.owner import alive, this_process

    dead = record.owner is None or alive(record.owner, this_process()) is False
    return "interrupted" if record.status == "running" and dead else record.status
