"""Rows of the journal's tables as records and entries, and back."""

import json
from typing import Any

from sqlalchemy import Row

from ..engine.records import Entry, Owner, RunHeader, RunRecord, canonical, run_status


def place_of(record: RunRecord) -> dict[str, Any]:
    """The columns that say where a run stands."""
    names = ("status", "final", "summary", "subject", "step", "kind", "updated_at", "entries", "chain")
    return {name: getattr(record, name) for name in names}


def record_of(row: Row[Any]) -> RunRecord:
    """The record in a row of `sensei_run`."""
    return RunRecord(
        header=RunHeader.from_json(json.loads(row.header)),
        status=run_status(row.status),
        final=row.final,
        summary=row.summary,
        subject=row.subject,
        step=row.step,
        kind=row.kind,
        updated_at=row.updated_at,
        entries=row.entries,
        chain=row.chain,
        epoch=row.epoch,
        owner=Owner(**json.loads(row.owner)) if row.owner else None,
        expires_at=row.expires_at,
    )


def entry_row(entry: Entry) -> dict[str, Any]:
    """The row of `sensei_entry` for an entry."""
    return {
        "run": entry.run,
        "number": entry.number,
        "epoch": entry.epoch,
        "kind": entry.kind,
        "at": entry.at,
        "step": entry.step,
        "visit": entry.visit,
        "body": canonical(entry.body),
        "digest": entry.digest,
    }


def entry_of(row: Row[Any]) -> Entry:
    """The entry in a row of `sensei_entry`."""
    return Entry(
        run=row.run,
        number=row.number,
        epoch=row.epoch,
        kind=row.kind,
        at=row.at,
        step=row.step,
        visit=row.visit,
        body=json.loads(row.body),
        digest=row.digest,
    )
