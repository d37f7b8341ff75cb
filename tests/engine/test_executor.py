"""The loop: order, branches, loops, answers, failures, skips, timeouts, cancelling, dry runs, linked runs."""

import threading
from typing import cast

import pytest
from tests.engine.world import Bench, Deed, FakeClock, Script, World, agree, bench, nothing, step, workflow

from schema_sensei.definitions.tree import ToWorkflow
from schema_sensei.definitions.workflow import End, Input, ToStep
from schema_sensei.engine.cancel import CancelToken
from schema_sensei.engine.errors import MissingAnswer, RunHeld, RunOver, UnfitAnswer
from schema_sensei.engine.events import Answered, LifeChanged, OutputLine, Previewed, RunStarted, StepFailed
from schema_sensei.engine.executor import Options
from schema_sensei.engine.ports import Context, Outcome
from schema_sensei.engine.prompts import Cancelled, Choose, Confirm, EnterText, Paused, Skipped
from schema_sensei.engine.records import RunHeader
from schema_sensei.engine.replay import told
from schema_sensei.terms.errors import SenseiError, UnreachableError, UsageError
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Redactor
from schema_sensei.terms.targets import TargetLabel


def _boom(context: Context) -> None:
    raise SenseiError("It broke.", means="That is bad.", remedy="Mend it.")


def _boom_in_b(context: Context) -> None:
    if context.step == "b":
        _boom(context)


def _leave(context: Context) -> None:
    raise Paused


def test_steps_run_in_order_and_the_run_is_done() -> None:
    world = World()
    made = bench(step("a"), step("b", text="{a.value}!"), world=world)
    result = made.start()
    assert (result.status, result.exit_code, world.log) == ("done", 0, ["a", "b"])
    assert made.kinds(result.run) == [
        "claimed", "entered", "previewed", "intended", "finished",
        "entered", "previewed", "intended", "finished", "ended",
    ]  # fmt: skip


def test_what_the_journal_replays_is_what_was_shown_live() -> None:
    made = bench(step("a"), step("b"), asks=True, stage="made", after=lambda context: context.note("here"))
    result = made.start(Script(otherwise=agree))
    assert list(told(made.journal.record(result.run).header, made.journal.entries(result.run))) == made.screen.told()


def test_an_intent_is_journaled_before_its_effect_and_none_for_a_step_without_effect() -> None:
    seen: list[list[str]] = []
    made = bench(step("a"))
    deed = cast("Deed", made.actions["deed"])
    deed.before = lambda context: seen.append(made.kinds(context.run))
    made.start()
    deed.effect = False
    made.start()
    assert seen[0][-1] == "intended"
    assert seen[1] == ["claimed", "entered", "previewed"]


def test_outcomes_lead_where_the_workflow_says_and_loops_count_their_visits() -> None:
    world = World()
    outcomes = iter(["again", "again", "ok"])
    made = bench(
        step("a"),
        step("b", on={"again": ToStep("a")}),
        world=world,
        outcomes=("again",),
        outcome=lambda context: Outcome(name=next(outcomes)) if context.step == "b" else Outcome(),
    )
    result = made.start()
    assert result.status == "done"
    assert world.log == ["a", "b", "a", "b", "a", "b"]
    entered = [(entry.step, entry.visit) for entry in made.journal.entries(result.run) if entry.kind == "entered"]
    assert entered == [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3), ("b", 3)]


def test_stop_ends_the_run_for_good_with_exit_code_three() -> None:
    made = bench(step("a", on={"no": End("stop")}), step("b"), outcomes=("no",), outcome=lambda _: Outcome(name="no"))
    result = made.start()
    assert (result.status, result.exit_code) == ("stopped", ExitCode.DECLINED)
    with pytest.raises(RunOver):
        made.resume(result.run)


def test_a_circle_without_questions_ends_in_an_error() -> None:
    made = bench(step("a", on={"ok": ToStep("a")}))
    result = made.start()
    assert (result.status, result.exit_code) == ("failed", ExitCode.FAILED)
    assert "circles" in (result.error.means if result.error else "")


def test_inputs_are_asked_before_the_first_step_and_validated() -> None:
    world = World()
    message = Input(name="message", ask="What for?", pattern=r"\S.{2,}", hint="Three characters at least.")
    made = bench(step("a", text="{inputs.message}"), world=world, inputs=(message,))
    asker = Script({"inputs.message": ["x", "long enough"]})
    result = made.start(asker)
    assert result.status == "done"
    assert asker.keys == ["inputs.message", "inputs.message"]
    assert "Three characters at least." in made.screen.notes()
    assert made.journal.record(result.run).subject == "long enough"


@pytest.mark.parametrize("given", [{"message": "x"}, {"message": 3}, {"other": "text"}])
def test_given_inputs_that_do_not_fit_are_refused_before_anything_starts(given: dict[str, str]) -> None:
    made = bench(step("a"), inputs=(Input(name="message", ask="What for?", pattern=r".{3,}"),))
    with pytest.raises(UsageError):
        made.start(inputs=given)
    assert made.journal.records() == ()


def test_given_inputs_are_not_asked_for() -> None:
    made = bench(step("a"), inputs=(Input(name="message", ask="What for?"),))
    assert made.start(inputs={"message": "known"}).status == "done"


def test_a_missing_answer_keeps_the_run_and_names_the_key() -> None:
    world = World()
    made = bench(step("a"), step("b"), asks=True, world=world)
    result = made.start(Script({"a": [True]}))
    assert (result.status, result.exit_code) == ("paused", ExitCode.ANSWER_MISSING)
    assert isinstance(result.error, MissingAnswer)
    assert result.error.key == "b"
    assert world.log == ["a"]
    again = Script({"b": [True]})
    assert made.resume(result.run, again).status == "done"
    assert (again.keys, world.log) == (["b"], ["a", "b"])


def test_an_answer_from_a_file_that_does_not_fit_is_an_error_and_nothing_is_done() -> None:
    world = World()
    made = bench(step("a"), asks=True, world=world)
    result = made.start(Script({"a": ["maybe"]}, by="answers"))
    assert isinstance(result.error, UnfitAnswer)
    assert (result.exit_code, world.log) == (ExitCode.USAGE, [])


def test_a_no_declines_and_a_resumed_run_asks_again() -> None:
    world = World()
    made = bench(step("a"), asks=True, world=world)
    result = made.start(Script({"a": [False]}))
    assert (result.status, result.exit_code, world.log) == ("paused", ExitCode.DECLINED, [])
    assert made.resume(result.run, Script({"a": [True]})).status == "done"
    assert world.log == ["a"]


def test_a_no_takes_the_declined_branch_where_the_workflow_has_one() -> None:
    world = World()
    made = bench(step("a", on={"declined": ToStep("b")}), step("x"), step("b"), asks=True, world=world)
    result = made.start(Script({"a": [False], "b": [True]}))
    assert (result.status, world.log) == ("done", ["b"])


def test_confirm_of_the_workflow_is_asked_before_the_action_acts() -> None:
    world = World()
    made = bench(step("a", confirm="Really?"), world=world)
    asker = Script({"a.confirm": [False, True]})
    result = made.start(asker)
    assert (result.exit_code, world.log) == (ExitCode.DECLINED, [])
    assert made.resume(result.run, asker).status == "done"


def test_a_recorded_answer_serves_again_only_while_its_digest_is_the_same() -> None:
    made = bench(step("a"), asks=True, before=_leave)
    deed = cast("Deed", made.actions["deed"])
    result = made.start(Script({"a": [True]}))
    same = Script()
    made.resume(result.run, same)
    assert same.keys == []
    deed.digest = "another text"
    changed = Script({"a": [True]})
    made.resume(result.run, changed)
    assert changed.keys == ["a"]
    assert any("no longer fits" in note for note in made.screen.notes())


def test_a_failure_is_told_and_asks_and_a_retry_runs_the_step_again_with_its_handle() -> None:
    world = World()
    made = bench(
        step("a"), world=world, before=lambda context: nothing(context) if world.handles[1:] else _boom(context)
    )
    asker = Script({"a.failed": ["retry"]})
    result = made.start(asker)
    assert (result.status, world.log) == ("done", ["a"])
    failed = [event for event in made.screen.events if isinstance(event, StepFailed)]
    assert [(event.what, event.means, event.remedy) for event in failed] == [("It broke.", "That is bad.", "Mend it.")]
    assert world.handles[0] == world.handles[1]


def test_without_anybody_to_ask_a_failure_ends_the_run_with_its_own_exit_code() -> None:
    def unreachable(context: Context) -> None:
        raise UnreachableError("No server.", remedy="Start it.")

    made = bench(step("a"), before=unreachable)
    result = made.start(Script(by="answers"))
    assert (result.status, result.exit_code) == ("failed", ExitCode.UNREACHABLE)


def test_a_failed_run_can_be_resumed_and_goes_on_at_the_failed_step() -> None:
    world = World()
    made = bench(
        step("a"), step("b"), world=world, before=lambda context: _boom(context) if context.step == "b" else None
    )
    result = made.start(Script({"b.failed": ["stop"]}))
    assert result.status == "failed"
    cast("Deed", made.actions["deed"]).before = nothing
    assert made.resume(result.run).status == "done"
    assert world.log == ["a", "b"]


def test_automatic_retries_come_before_the_question() -> None:
    tries: list[int] = []

    def twice(context: Context) -> None:
        tries.append(1)
        if len(tries) < 3:
            _boom(context)

    made = bench(step("a", retries=2), before=twice)
    asker = Script()
    assert made.start(asker).status == "done"
    assert (len(tries), asker.keys) == (3, [])


def test_an_error_after_the_effect_is_no_failure() -> None:
    world = World()
    made = bench(step("b"), step("a"), world=world, after=_boom_in_b)
    assert made.start().status == "done"
    assert world.log == ["b", "a"]
    assert any("did happen" in note for note in made.screen.notes())


def test_an_outcome_that_leads_nowhere_is_a_failure_with_its_report() -> None:
    made = bench(step("a"), effect=False, outcome=lambda _: Outcome(name="drift", summary="2 objects differ"))
    asker = Script({"a.failed": ["stop"]})
    result = made.start(asker)
    assert (result.status, result.exit_code) == ("failed", ExitCode.FAILED)
    assert result.error is not None
    assert result.error.what == "2 objects differ"


def test_a_fault_in_an_action_becomes_words_and_its_traceback_goes_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = bench(step("a"), before=lambda _: cast("None", 1 / 0))
    result = made.start()
    assert (result.status, result.exit_code) == ("failed", ExitCode.FAILED)
    assert result.error is not None
    assert "ZeroDivisionError" in result.error.what
    assert "Traceback" not in str(result.error)
    assert any(record.exc_info and record.name.startswith("schema_sensei") for record in caplog.records)


def test_only_a_skippable_step_is_skipped_and_the_reason_is_recorded() -> None:
    world = World()
    made = bench(step("a", skippable=True), step("b"), asks=True, world=world)
    asker = Script({"a": [Skipped("tested by hand")], "b": [Skipped("no time"), True]})
    result = made.start(asker)
    assert (result.status, world.log) == ("done", ["b"])
    skipped = made.screen.finished()[0]
    assert (skipped.step, skipped.state, skipped.summary) == ("a", "skipped", "tested by hand")
    assert "B cannot be skipped." in made.screen.notes()


def test_a_failed_step_offers_skip_only_when_skippable() -> None:
    world = World()
    made = bench(step("a", skippable=True), step("b"), before=_boom, world=world)
    asker = Script({"a.failed": ["skip"], "a.skip": ["", "known to fail"], "b.failed": ["stop"]})
    made.start(asker)
    offered = [prompt for prompt in asker.asked if isinstance(prompt, Choose)]
    assert [option.key for option in offered[0].options] == ["retry", "skip", "back", "stop"]
    assert [option.key for option in offered[1].options] == ["retry", "back", "stop"]


def test_a_step_that_is_not_needed_is_passed_over_with_its_reason() -> None:
    world = World()
    made = bench(
        step("a", when='project.name == "other"'),
        step("b", when="nobody.knows"),
        step("c", text="{a.value}"),
        world=world,
    )
    result = made.start(variables={"project": {"name": "demo"}})
    assert (result.status, world.log) == ("done", ["b", "c"])
    assert made.screen.finished()[0].summary == 'not needed: project.name == "other"'


def test_a_step_whose_time_is_up_fails_with_exit_code_124() -> None:
    clock = FakeClock()

    def slow(context: Context) -> None:
        clock.at += 10
        context.checkpoint()

    made = bench(step("a", timeout=5.0), before=slow)
    made.clock = clock
    result = made.start()
    assert (result.status, result.exit_code) == ("failed", ExitCode.TIMEOUT)


def test_the_time_a_person_thinks_does_not_count() -> None:
    clock = FakeClock()

    def thoughtful(prompt: object) -> bool:
        clock.at += 1000
        return True

    def asks(context: Context) -> None:
        context.ask(Confirm(key="a.sure", question="Sure?"))
        context.checkpoint()

    made = bench(step("a", timeout=5.0), before=asks)
    made.clock = clock
    assert made.start(Script(otherwise=thoughtful)).status == "done"


def test_cancel_from_another_thread_stops_a_working_step_and_resume_looks_into_it() -> None:
    world, token, begun = World(), CancelToken(), threading.Event()

    def works(context: Context) -> None:
        begun.set()
        for _ in range(1000):
            token_wait.wait(0.01)
            context.checkpoint()

    token_wait = threading.Event()
    made = bench(step("a"), before=works, world=world)

    def cancel() -> None:
        begun.wait(5)
        token.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    result = made.start(options=Options(cancel=token))
    thread.join()
    assert (result.status, result.exit_code, world.log) == ("interrupted", ExitCode.INTERRUPTED, [])
    cast("Deed", made.actions["deed"]).before = nothing
    assert made.resume(result.run).status == "done"
    assert world.log == ["a"]


def test_cancelling_a_question_and_leaving_one_keep_the_run() -> None:
    made = bench(step("a"), asks=True)
    cancelled = made.start(Script({"a": [Cancelled()]}))
    paused = made.start(Script({"a": [Paused()]}))
    assert (cancelled.status, cancelled.exit_code) == ("paused", ExitCode.INTERRUPTED)
    assert (paused.status, paused.exit_code) == ("paused", ExitCode.ANSWER_MISSING)


def test_a_termination_signal_has_its_own_exit_code() -> None:
    token = CancelToken()
    token.cancel(ExitCode.TERMINATED)
    assert bench(step("a")).start(options=Options(cancel=token)).exit_code == ExitCode.TERMINATED


def test_questions_of_an_action_are_journaled_once_and_in_turn() -> None:
    answers: list[object] = []

    def asks(context: Context) -> None:
        answers.append([context.ask(EnterText(key="a.name", question="Name?")) for _ in range(2)])
        if len(answers) == 1:
            raise Paused

    made = bench(step("a"), before=asks, effect=False)
    result = made.start(Script({"a.name": ["one", "two"]}))
    assert made.resume(result.run).status == "done"
    assert answers == [["one", "two"], ["one", "two"]]


def test_what_an_action_keeps_is_there_after_an_interruption() -> None:
    kept: list[object] = []

    def keeps(context: Context) -> None:
        kept.append(context.kept())
        if not context.kept():
            context.keep({"unit": 1})
            raise Paused

    made = bench(step("a"), before=keeps, effect=False)
    result = made.start()
    assert made.resume(result.run).status == "done"
    assert kept == [(), ({"unit": 1},)]


def test_a_run_hands_over_to_another_workflow_as_a_linked_run() -> None:
    world = World()
    made = bench(step("a", on={"ok": ToWorkflow("other")}), world=world)
    made.others = (workflow(step("z"), name="other"),)
    result = made.start()
    assert (result.status, world.log) == ("done", ["a", "z"])
    first = next(event.run for event in made.screen.events if isinstance(event, RunStarted))
    assert result.run == f"{first}-2"
    assert made.journal.record(result.run).header.parent == first


def test_a_hand_over_cut_off_in_between_is_made_up_for_by_resume() -> None:
    world = World()
    made = bench(step("a", on={"ok": ToWorkflow("other")}), world=world)
    with pytest.raises(StopIteration):  # the other workflow cannot be found: as good as a crash in between
        made.start()
    first = made.newest()
    made.others = (workflow(step("z"), name="other"),)
    result = made.resume(first)
    assert (result.run, world.log) == (f"{first}-2", ["a", "z"])
    with pytest.raises(RunOver):
        made.resume(first)


def test_a_dry_run_previews_every_step_and_does_nothing() -> None:
    world = World()
    made = bench(
        step("a"), step("b", need="{a.value}"), step("c", when="a.value == 1"), step("d", when="false"), world=world
    )
    result = made.start(options=Options(dry=True))
    assert (result.status, result.exit_code, world.log) == ("done", 0, [])
    assert made.journal.records() == ()
    previewed = {event.step: event.summary for event in made.screen.events if isinstance(event, Previewed)}
    assert previewed["a"] == "does a"
    assert previewed["b"].startswith("Decided at run time")
    assert any("decided at run time: a.value == 1" in note for note in made.screen.notes())
    assert [event.state for event in made.screen.finished()] == ["waiting", "waiting", "waiting", "skipped"]


def test_a_dry_run_without_an_answer_for_an_input_takes_it_as_unknown() -> None:
    made = bench(step("a", text="{inputs.message}"), inputs=(Input(name="message", ask="What for?"),))
    assert made.start(options=Options(dry=True)).exit_code == 0


def test_the_life_of_the_change_moves_with_the_steps_and_falls_back_in_a_loop() -> None:
    outcomes = iter(["again", "ok"])
    world = World()
    actions = {
        "make": Deed(world, stage="generated"),
        "deploy": Deed(world, stage="{environment}"),
        "test": Deed(world, effect=False, outcome=lambda _: Outcome(name=next(outcomes))),
    }
    flow = workflow(
        step("a", "make"),
        step("b", "deploy", environment="{environment.first}"),
        step("t", "test", on={"again": ToStep("a")}),
    )
    made = Bench(flow, actions)
    label = TargetLabel("dev", "localhost", "app", protected=True)
    made.start(variables={"environment": {"first": "dev"}}, options=Options(targets={"dev": label}))
    lives = [event.stages for event in made.screen.events if isinstance(event, LifeChanged)]
    current = [next(stage.name for stage in stages if stage.state == "current") for stages in lives]
    assert current == ["generated", "dev", "draft", "generated", "dev", "done"]
    assert [stage.protected for stage in lives[0]] == [False, False, True, False]


def test_a_second_change_of_one_workflow_comes_by_the_same_stations_again() -> None:
    world = World()
    actions = {"make": Deed(world, stage="generated"), "deploy": Deed(world, stage="dev")}
    flow = workflow(
        step("expand", "make"), step("deploy-expand", "deploy"), step("contract", "make"), step("deploy", "deploy")
    )
    made = Bench(flow, actions)
    made.start()
    lives = [event.stages for event in made.screen.events if isinstance(event, LifeChanged)]
    current = [next(stage.name for stage in stages if stage.state == "current") for stages in lives]
    assert current == ["generated", "dev", "generated", "dev", "done"]
    header = made.journal.records()[0].header
    assert RunHeader.from_json(header.to_json()) == header


def test_secrets_reach_neither_screen_nor_journal_nor_output() -> None:
    redactor = Redactor()
    redactor.learn("hunter2-canary")

    def leaks(context: Context) -> None:
        context.output("connecting with hunter2-")
        context.output("canary\nlast line postgresql://u:hunter2-canary@h/db")
        context.note("hunter2-canary")
        context.keep({"hunter2-canary": ["hunter2-canary"]})

    made = bench(
        step("a"),
        asks=True,
        before=leaks,
        outcome=lambda _: Outcome(summary="hunter2-canary", outputs={"value": "hunter2-canary"}),
    )
    made.redactor = redactor
    asker = Script(otherwise=agree)
    result = made.start(asker)
    everything = repr((made.journal.entries(result.run), made.screen.events, asker.asked))
    everything += made.journal.read_output(result.run, "a", 1)
    assert "hunter2-canary" not in everything
    lines = [event.text for event in made.screen.events if isinstance(event, OutputLine)]
    assert lines == ["connecting with •••", "last line postgresql://u:•••@h/db"]


def test_a_front_end_that_fails_does_not_stop_the_run() -> None:
    made = bench(step("a"))
    made.screen.emit = _boom  # type: ignore[assignment,method-assign]  # the worst sink there can be
    assert made.start().status == "done"


def test_a_second_driver_of_a_held_run_is_refused() -> None:
    made = bench(step("a"))
    refused: list[Exception] = []

    def second(context: Context) -> None:
        try:
            made.resume(context.run)
        except RunHeld as error:
            refused.append(error)

    cast("Deed", made.actions["deed"]).before = second
    screen_of_first = made.start()
    assert screen_of_first.status == "done"
    assert [error.exit_code for error in refused if isinstance(error, RunHeld)] == [ExitCode.HELD]


def test_answers_say_who_gave_them() -> None:
    made = bench(step("a"), step("b"), asks=True)
    result = made.start(Script({"a": [True]}, by="answers"))
    made.resume(result.run, Script({"b": [True]}))
    answered = [(event.key, event.by) for event in made.screen.events if isinstance(event, Answered)]
    assert answered == [("a", "recorded"), ("b", "person")]
