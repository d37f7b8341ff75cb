"""A step through engine and journal, against the least that is as safe: two synced SQLite commits."""

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
LIMIT_RATIO = 2.0
"""Ours writes chained, masked entries through SQLAlchemy; where a sync takes 0.75 ms this is 3 ms a step."""


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
    """Seconds per step; the limit is the ratio, 3 ms is what it comes to on a quiet disk."""
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
        found = alternate("engine and journal, one step", ours, raw, limit=LIMIT_RATIO)
        journal.close()
        plain.close()
    return [found]
