"""The transcript and what else is read from the journal: checklist, JSON, watching, typical times."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from tests.engine.world import Bench, Deed, FakeClock, Killed, Script, World, agree, bench, step, workflow

from schema_sensei.engine.events import Noted, OutputLine, RunEnded
from schema_sensei.engine.owner import this_process
from schema_sensei.engine.ports import Context, Outcome
from schema_sensei.engine.prompts import Code, Prose, Skipped, Table
from schema_sensei.journal.history import typical_seconds
from schema_sensei.journal.markdown import block_lines, inline
from schema_sensei.journal.store import open_journal
from schema_sensei.journal.transcript import as_json, markdown
from schema_sensei.journal.watching import watch
from schema_sensei.terms.errors import SenseiError
from schema_sensei.terms.secrets import Redactor

SQL = Code("ALTER TABLE certificates ADD COLUMN due_on date;\n-- ``` not the end", "sql", title="Up")


def _release() -> Bench:
    """A small schema change with every kind of entry."""
    world = World()
    clock = FakeClock()

    def works(context: Context) -> None:
        clock.at += 2.5
        context.output("".join(f"line {number} canary-pw\n" for number in range(30)))

    actions = {
        "edit": Deed(world, effect=False),
        "review": Deed(world, asks=True, effect=False, blocks=(SQL,)),
        "deploy": Deed(world, before=works),
        "sync": Deed(world, effect=False, outcome=lambda _: Outcome(summary="3 catalogs agree")),
        "test": Deed(world, asks=True, effect=False),
    }
    flow = workflow(
        step("edit", "edit"),
        step("review", "review"),
        step("deploy-dev", "deploy"),
        step("sync", "sync"),
        step("test", "test", skippable=True),
    )
    redactor = Redactor()
    redactor.learn("canary-pw")
    return Bench(flow, actions, clock=clock, redactor=redactor)


def test_the_transcript_tells_the_run_from_header_to_checklist() -> None:
    made = _release()
    result = made.start(Script({"review": [True], "test": [Skipped("CI runs *them*, [see](x)")]}))
    page = markdown(made.journal, result.run)
    assert page.startswith("# The flow\n")
    assert f"- **Run:** {result.run} · workflow `flow`" in page
    assert "ALTER TABLE certificates ADD COLUMN due_on date;" in page
    assert "````sql" in page
    assert "**Do review?** yes (person)" in page
    assert "**ok** after 2.5 s" in page
    assert "line 29" in page
    assert "line 9 " not in page
    assert r"skipped (person): CI runs \*them\*, \[see\](x)" in page
    assert "the chain is whole" in page
    assert "canary-pw" not in page
    assert page.split("## Checklist\n\n")[1].splitlines() == [
        "- [x] models changed",
        "- [x] SQL reviewed",
        "- [x] applied",
        "- [x] state synced",
        "- [ ] tests passing",
        "- [x] note for the team: this transcript",
    ]


def test_a_failure_and_a_retry_are_told() -> None:
    made = bench(step("a"))
    deed = cast("Deed", made.actions["deed"])

    def once(context: Context) -> None:
        if len(deed.world.handles) == 1:
            raise SenseiError("Lock timeout.", remedy="Wait.")

    deed.before = once
    result = made.start(Script({"a.failed": ["retry"]}))
    page = markdown(made.journal, result.run)
    assert "**failed**: Lock timeout. Wait." in page
    assert "again (person)" in page


def test_the_json_holds_every_entry_and_the_checks() -> None:
    made = _release()
    result = made.start(Script(otherwise=agree))
    told = json.loads(json.dumps(as_json(made.journal, result.run)))
    assert told["id"] == result.run
    assert told["status"] == "done"
    assert told["problems"] == []
    assert [entry["kind"] for entry in told["entries"]] == made.kinds(result.run)
    assert "deploy-dev.1" in told["outputs"]
    assert "canary-pw" not in json.dumps(told)


@pytest.mark.parametrize("block", [Prose("a | b"), Table(("x|y",), (("*1*",),), title="t"), SQL])
def test_foreign_text_stays_text(block: Prose | Table | Code) -> None:
    lines = list(block_lines(block))
    assert lines[-1] == ""
    assert inline("a\n# b [x](y) <br>") == r"a # b \[x\](y) \<br\>"


def test_watching_tells_what_the_driver_saw_output_included(tmp_path: Path) -> None:
    flow = workflow(step("a"), step("b"))
    halfway, go_on = threading.Event(), threading.Event()

    def works(context: Context) -> None:
        context.output(f"{context.step} one\n{context.step} two\n")
        if context.step == "b":
            halfway.set()
            go_on.wait(10)

    driver = Bench(flow, {"deed": Deed(World(), before=works)}, journal=open_journal(tmp_path / "j.sqlite"))
    thread = threading.Thread(target=driver.start)
    thread.start()
    assert halfway.wait(10)
    reader = open_journal(tmp_path / "j.sqlite")
    run = reader.records()[0].header.id

    def let_it_end(_: float) -> None:
        go_on.set()
        thread.join(10)

    seen = list(watch(reader, run, wait=let_it_end))
    assert [event for event in seen if not isinstance(event, OutputLine)] == driver.screen.told()
    lines = [event.text for event in seen if isinstance(event, OutputLine)]
    assert lines == ["a one", "a two", "b one", "b two"]
    assert isinstance(seen[-1], RunEnded)
    reader.close()
    driver.journal.close()


def test_watching_a_dead_run_ends_with_the_way_out() -> None:
    made = bench(step("a"), asks=True)
    with pytest.raises(Killed):
        made.start(Script({"a": [Killed()]}))
    result = made.newest()
    made.journal.claim(result, replace(this_process(), started="1"))
    last = list(watch(made.journal, result))[-1]
    assert isinstance(last, Noted)
    assert f"sensei resume {result}" in last.text


def test_typical_time_is_the_median_of_finished_runs_without_thinking() -> None:
    made = _release()
    assert typical_seconds(made.journal, "flow") is None
    for _ in range(3):
        made.start(Script(otherwise=agree))
    made.start(Script())
    assert typical_seconds(made.journal, "flow") == 2.5
