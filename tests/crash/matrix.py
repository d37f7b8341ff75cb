"""Kills a run at every point of its life and resumes it: matrix.py DIRECTORY; prints what happened as JSON.

A warm parent forks one child per life of a run. A point is the moment before or after a journal write or an effect;
the child that is told to die at point n kills itself with SIGKILL there. The outside world is a file that effects
append to, and a SQLite database: running an effect twice shows.
"""

import itertools
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.world import step, workflow

from schema_sensei.definitions.signature import Signature
from schema_sensei.definitions.tree import ToWorkflow
from schema_sensei.definitions.workflow import Input, ToStep, Workflow
from schema_sensei.engine.errors import RunOver
from schema_sensei.engine.executor import RunResult, resume, run
from schema_sensei.engine.ports import Action, Context, Finding, Intent, Outcome, Preview, Reply
from schema_sensei.engine.prompts import Confirm, EnterText, Prompt, Resolve
from schema_sensei.engine.records import Entry, Lease, Owner, RunHeader
from schema_sensei.journal.store import StoredJournal, open_journal
from schema_sensei.terms.json import JsonValue

FLOW = workflow(
    step("write", "append"),
    step("table", "insert"),
    step("check", "check", on={"again": ToStep("write")}),
    step("pair", "pair", on={"ok": ToWorkflow("after")}),
    inputs=(Input(name="name", ask="Name?"),),
)
AFTER = workflow(step("last", "append"), name="after")
FLOWS: Mapping[str, Workflow] = {flow.id: flow for flow in (FLOW, AFTER)}
EXPECTED = ["last.1", "pair.1 first", "pair.1 second", "table.1", "table.2", "write.1", "write.2"]


@dataclass
class Fate:
    """Counts points and dies at the chosen one."""

    die_at: int | None
    passed: int = 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalJournal(StoredJournal):
    """The real journal with a point before and after every write."""

    fate: Fate

    def create(self, header: RunHeader, owner: Owner) -> Lease | None:
        self.fate.point()
        lease = super().create(header, owner)
        self.fate.point()
        return lease

    def claim(self, run: str, owner: Owner, *, take_over: bool = False) -> Lease:
        self.fate.point()
        lease = super().claim(run, owner, take_over=take_over)
        self.fate.point()
        return lease

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        self.fate.point()
        super().append(lease, entries)
        self.fate.point()

    def release(self, lease: Lease) -> None:
        self.fate.point()
        super().release(lease)
        self.fate.point()


@dataclass
class Outside:
    """The outside world: a file with a line per effect, and a table with a row per effect."""

    directory: Path
    fate: Fate

    def lines(self) -> list[str]:
        try:
            return (self.directory / "world.txt").read_text(encoding="utf-8").split("\n")[:-1]
        except FileNotFoundError:
            return []

    def rows(self) -> list[str]:
        with closing(sqlite3.connect(self.directory / "world.sqlite")) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS effect (name TEXT)")
            return [str(name) for (name,) in connection.execute("SELECT name FROM effect")]

    def append(self, name: str) -> None:
        self.fate.point()
        with (self.directory / "world.txt").open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
        self.fate.point()

    def insert(self, name: str) -> None:
        self.rows()
        self.fate.point()
        with closing(sqlite3.connect(self.directory / "world.sqlite")) as connection, connection:
            connection.execute("INSERT INTO effect VALUES (?)", (name,))
        self.fate.point()

    def everything(self) -> list[str]:
        return sorted(self.lines() + self.rows())


@dataclass
class Deed:
    """An action whose effects are named after its step visit; `parts` of them make it whole."""

    name: str
    act: Callable[[str], None]
    present: Callable[[], list[str]]
    parts: tuple[str, ...] = ("",)
    effect: bool = True
    outcome: Callable[[Context], str] = lambda _: "ok"
    asks: bool = True

    @property
    def signature(self) -> Signature:
        return Signature(name=self.name, summary="", outcomes={"again": ""}, effect=self.effect)

    def names(self, context: Context) -> list[str]:
        return [f"{context.step}.{context.visit}{part}" for part in self.parts]

    def preview(self, context: Context) -> Preview:
        prompt = Confirm(key=context.step, question="Do it?", digest="same") if self.asks else None
        return Preview(summary="acts", prompt=prompt, effect=self.effect, handle={"names": self.names(context)})

    def perform(self, context: Context, intent: Intent) -> Outcome:
        context.keep({"begun": True})
        context.output("working\n")
        for name in self.names(context) if self.effect else ():
            self.act(name)
        return Outcome(name=self.outcome(context))

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        there = [name for name in self.names(context) if name in self.present()]
        if not there:
            return Finding(ground="absent")
        if len(there) < len(self.parts):
            return Finding(ground="partial", seen=tuple(there))
        return Finding(ground="applied", outcome=Outcome(name=self.outcome(context)))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError


@dataclass
class Yes:
    """Agrees to everything; takes an interrupted effect for done elsewhere, and remembers which."""

    resolved: list[str] = field(default_factory=list)

    def ask(self, prompt: Prompt) -> Reply:
        answer: JsonValue = True
        if isinstance(prompt, Resolve):
            self.resolved.append(prompt.key)
            answer = "done_elsewhere"
        elif isinstance(prompt, EnterText):
            answer = "a text"
        return Reply(answer)


class Deaf:
    """A sink that forgets."""

    def emit(self, event: object) -> None:
        pass


def live(directory: Path, die_at: int | None) -> tuple[RunResult, Yes, Fate]:
    """One life of the run in this process: started, or resumed when the journal knows it."""
    fate = Fate(die_at)
    outside = Outside(directory, fate)
    actions: Mapping[str, Action] = {
        "append": Deed("append", outside.append, outside.lines),
        "insert": Deed("insert", outside.insert, outside.rows, asks=False),
        "check": Deed(
            "check", print, list, effect=False, asks=False, outcome=lambda c: "again" if c.visit == 1 else "ok"
        ),
        "pair": Deed("pair", outside.append, outside.lines, parts=(" first", " second")),
    }
    journal = open_journal(directory / "journal.sqlite")
    journal.__class__ = MortalJournal
    assert isinstance(journal, MortalJournal)
    journal.fate = fate
    yes = Yes()

    def find(workflow_id: str) -> tuple[Workflow, str]:
        return FLOWS[workflow_id], workflow_id

    known = journal.records()
    if known:
        first = min(known, key=lambda record: record.header.started_at)
        result = resume(first.header.id, lambda text, _: FLOWS[text], actions, journal, Deaf(), yes, find=find)
    else:
        result = run(FLOW, FLOW.id, actions, journal, Deaf(), yes, find=find)
    for record in journal.records():
        assert journal.verify(record.header.id) == ()
    return result, yes, fate


def in_child(directory: Path, die_at: int | None) -> dict[str, JsonValue] | None:
    """What one life came to, lived in a forked child; None when it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            report: dict[str, JsonValue] = {"status": "over", "resolved": [], "points": 0}
            with suppress(RunOver):
                result, yes, fate = live(directory, die_at)
                report = {"status": result.status, "resolved": yes.resolved, "points": fate.passed}
            os.write(writing, json.dumps(report).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    assert os.waitstatus_to_exitcode(status) == 0, f"a life failed in {directory} (killed at {die_at})"
    told = json.loads(text)
    assert isinstance(told, dict)
    return told


def examine(directory: Path, deaths: tuple[int, ...]) -> list[str]:
    """Live through these deaths, then to the end; the keys that had to be resolved. Asserts exactly-once."""
    directory.mkdir()
    report = next((told for die_at in deaths if (told := in_child(directory, die_at))), None)
    report = report or in_child(directory, None)
    assert report is not None
    assert report["status"] in {"done", "over"}, (deaths, report)
    resolved = _resolved(directory)
    world = Outside(directory, Fate(None)).everything()
    twice = [name for name, count in Counter(world).items() if count > 1]
    assert not twice, (deaths, twice)
    missing = sorted(set(EXPECTED) - set(world))
    assert missing == [] or (set(resolved) == {"pair.resolve"} and missing == ["pair.1 second"]), (
        deaths,
        missing,
        resolved,
    )
    return resolved


def _resolved(directory: Path) -> list[str]:
    """The keys that a person had to resolve, over all lives: what a killed life was told is in the journal."""
    journal = open_journal(directory / "journal.sqlite")
    keys = [
        str(entry.body["key"])
        for record in journal.records()
        for entry in journal.entries(record.header.id)
        if entry.kind == "answered" and str(entry.body["key"]).endswith(".resolve")
    ]
    journal.close()
    return keys


def main(base: Path) -> None:
    """Every single death, then pairs of deaths."""
    (base / "whole").mkdir()
    whole = in_child(base / "whole", None)
    assert whole is not None
    assert whole["resolved"] == []
    points = whole["points"]
    assert isinstance(points, int)
    resolved = 0
    for die_at in range(1, points + 1):
        resolved += len(examine(base / f"at-{die_at}", (die_at,)))
    pairs = list(itertools.product(range(2, points, 11), range(1, 24, 7)))
    for first, second in pairs:
        resolved += len(examine(base / f"at-{first}-{second}", (first, second)))
    print(json.dumps({"points": points, "pairs": len(pairs), "resolved": resolved}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
