"""A step through engine and journal, against the 3 ms that it may take and the least that is as safe: two commits."""

import sqlite3
import tempfile
from pathlib import Path

from schema_sensei.definitions.signature import Signature
from schema_sensei.definitions.tree import Source
from schema_sensei.definitions.workflow import Risk, Step, Workflow
from schema_sensei.engine.events import Event
from schema_sensei.engine.executor import run
from schema_sensei.engine.ports import Context, Finding, Intent, Outcome, Preview, Reply
from schema_sensei.engine.prompts import Prompt
from schema_sensei.journal.store import open_journal

from .measure import Measure, alternate, seconds

STEPS = 50
ALLOWED = 0.003
"""Seconds a step may take, with its syncs."""
OWN = 0.0015
"""Of these, what the engine itself may take beside the syncs: chained, masked entries, written through SQLAlchemy."""


class Act:
    """A step with an effect that takes no time."""

    signature = Signature(name="act", summary="")

    def preview(self, context: Context) -> Preview:
        return Preview(summary=f"does {context.step}", handle={"id": context.step})

    def perform(self, context: Context, intent: Intent) -> Outcome:
        return Outcome(summary=context.step, outputs={"id": intent.handle["id"]})

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return Finding(ground="unknown", seen=(context.step, str(intent.handle)))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError


class Nobody:
    """A front end that shows nothing and is asked nothing."""

    def emit(self, event: Event) -> None:
        pass

    def ask(self, prompt: Prompt) -> Reply:
        raise AssertionError(prompt.key)


FLOW = Workflow(
    id="bench",
    title="Bench",
    when="in a benchmark",
    risk=Risk(backup="none", review="low", testing="standard"),
    steps=tuple(Step(id=f"s{number}", title=f"Step {number}", action="act") for number in range(STEPS)),
    source=Source(file="bench.yaml", digest=""),
)


def measure() -> list[Measure]:
    """Seconds per step. A ratio to the raw commits alone would say more of the disk than of us, since a sync takes from
    0.1 ms to several; so what is ours beside the commits is measured, too.
    """
    with tempfile.TemporaryDirectory() as directory:
        journal = open_journal(Path(directory) / "journal.sqlite")
        plain = sqlite3.connect(Path(directory) / "plain.sqlite", isolation_level=None)
        plain.execute("PRAGMA journal_mode=WAL")
        plain.execute("PRAGMA synchronous=FULL")
        plain.execute("CREATE TABLE entry (run TEXT, number INTEGER, body TEXT, PRIMARY KEY (run, number))")

        def ours() -> float:
            nobody = Nobody()
            spent = seconds(lambda: run(FLOW, "", {"act": Act()}, journal, nobody, nobody))
            return spent / STEPS

        def raw() -> float:
            plain.execute("DELETE FROM entry")

            def write() -> None:
                for number in range(STEPS * 2):
                    plain.execute("INSERT INTO entry VALUES ('r', ?, ?)", (number, "x" * 300))

            return seconds(write) / STEPS

        ours()
        found = alternate("engine and journal, one step / 2 commits", ours, raw, limit=ALLOWED / OWN)
        journal.close()
        plain.close()
    step, commits = found.ours_seconds, found.raw_seconds
    return [
        Measure("engine and journal, one step / 3 ms", step, ALLOWED, 1.0),
        Measure("engine and journal beside 2 commits / 1.5 ms", step - commits, OWN, 1.0),
    ]
