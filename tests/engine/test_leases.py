"""A run that is taken over while its process still works: the old one is fenced out and stops."""

import time
from dataclasses import replace

from tests.engine.world import Deed, Screen, Script, World, step, workflow

from schema_sensei.engine.errors import LeaseLost
from schema_sensei.engine.executor import RunResult, run
from schema_sensei.engine.memory import MemoryJournal
from schema_sensei.engine.owner import alive, this_process
from schema_sensei.engine.ports import Context
from schema_sensei.terms.exit_codes import ExitCode

FOREIGN = replace(this_process(), host="elsewhere")


def _run_elsewhere(deed: Deed, journal: MemoryJournal, screen: Screen) -> RunResult:
    flow = workflow(step("a"), step("b"))
    return run(flow, "text", {"deed": deed}, journal, screen, Script(), owner=FOREIGN)


def test_a_process_that_lost_its_run_does_nothing_more_and_exits_with_six() -> None:
    journal, world, screen = MemoryJournal(), World(), Screen()

    def taken_over(context: Context) -> None:
        if context.step == "a":
            journal.claim(context.run, this_process(), take_over=True)

    result = _run_elsewhere(Deed(world, after=taken_over), journal, screen)
    assert isinstance(result.error, LeaseLost)
    assert (result.status, result.exit_code) == ("interrupted", ExitCode.HELD)
    assert world.log == ["a"]
    assert [entry.kind for entry in journal.entries(result.run)] == ["claimed", "entered", "previewed", "intended"]
    assert screen.endings()[-1].exit_code == ExitCode.HELD
    assert journal.record(result.run).owner == this_process()


def test_the_heartbeat_tells_a_working_step_that_its_run_is_lost() -> None:
    journal, world = MemoryJournal(lease_seconds=0.03), World()

    def taken_over(context: Context) -> None:
        journal.claim(context.run, this_process(), take_over=True)
        for _ in range(1000):
            context.checkpoint()
            time.sleep(0.01)

    result = _run_elsewhere(Deed(world, before=taken_over), journal, Screen())
    assert (result.exit_code, world.log) == (ExitCode.HELD, [])


def test_the_heartbeat_keeps_a_run_through_a_long_step() -> None:
    journal, world = MemoryJournal(lease_seconds=0.06), World()
    epochs: list[float] = []

    def long(context: Context) -> None:
        begun = journal.record(context.run).expires_at
        while len(epochs) < 3:
            time.sleep(0.01)
            now = journal.record(context.run).expires_at
            if now > begun:
                epochs.append(now)
                begun = now

    assert _run_elsewhere(Deed(world, before=long), journal, Screen()).status == "done"
    assert len(epochs) >= 3


def test_whether_an_owner_lives_is_told_only_where_it_can_be_seen() -> None:
    here = this_process()
    assert alive(here, here) is True
    assert alive(replace(here, started="1"), here) is False
    assert alive(replace(here, pid=2**22 + 1), here) is False
    for elsewhere in (
        replace(here, host="other"),
        replace(here, boot="earlier"),
        replace(here, namespace="container"),
    ):
        assert alive(elsewhere, here) is None
