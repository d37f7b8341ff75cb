"""What earlier runs teach: how long a workflow usually takes."""

from statistics import median

from ..engine.journal import Journal

_ENOUGH = 20


def typical_seconds(journal: Journal, workflow: str) -> float | None:
    """The median working time of the latest finished runs of a workflow, without waiting for answers; None before one.

    At most the 20 latest count.
    """
    done = [record for record in journal.records() if record.header.workflow == workflow and record.status == "done"]
    totals = [
        sum(
            float(seconds)
            for entry in journal.entries(record.header.id)
            if entry.kind == "finished" and isinstance(seconds := entry.body["seconds"], int | float)
        )
        for record in done[:_ENOUGH]
    ]
    return median(totals) if totals else None
