"""After an interruption: reconcile, Resolve, undo; and going back over answers and effects."""

from typing import cast

import pytest
from tests.engine.world import Bench, Deed, Given, Killed, Script, World, bench, nothing, step

from schema_sensei.definitions.workflow import Input
from schema_sensei.engine.errors import UnfitAnswer
from schema_sensei.engine.events import RunEnded, RunStarted, StepFinished
from schema_sensei.engine.ports import Context, Finding, Ground, Intent, Outcome
from schema_sensei.engine.prompts import Back, Confirm, EnterText, Paused, Resolve
from schema_sensei.terms.errors import UnreachableError, UsageError
from schema_sensei.terms.exit_codes import ExitCode


def _die(context: Context) -> None:
    raise Killed


def _killed_in_a(world: World, *, after: bool, sees: Ground | None = None, undoable: bool = False) -> Bench:
    """A run of a and b whose process died in a, before or after its effect."""
    hooks = (nothing, _die) if after else (_die, nothing)
    made = bench(step("a"), step("b"), world=world, before=hooks[0], after=hooks[1], sees=sees, undoable=undoable)
    with pytest.raises(Killed):
        made.start()
    action = cast("Deed", made.actions["deed"])
    action.before = action.after = nothing
    return made


def test_an_effect_that_happened_is_not_repeated() -> None:
    world = World()
    made = _killed_in_a(world, after=True)
    assert made.resume(made.newest()).status == "done"
    assert world.log == ["a", "b"]


def test_an_effect_that_did_not_happen_runs_again_with_the_same_handle() -> None:
    world = World()
    made = _killed_in_a(world, after=False)
    assert made.resume(made.newest()).status == "done"
    assert world.log == ["a", "b"]
    assert world.handles[1] == world.handles[0] == {"number": 0}


@pytest.mark.parametrize("ground", ["partial", "unknown"])
def test_an_effect_that_may_have_happened_asks_and_is_never_silently_repeated(ground: Ground) -> None:
    world = World()
    made = _killed_in_a(world, after=True, sees=ground)
    asker = Script()
    result = made.resume(made.newest(), asker)
    assert (result.status, result.exit_code, world.log) == ("interrupted", ExitCode.RESOLVE, ["a"])
    prompt = asker.asked[0]
    assert isinstance(prompt, Resolve)
    assert prompt.key == "a.resolve"
    assert prompt.seen == ("half a table",)
    assert prompt.default == "stop"


def test_resolve_again_runs_it_again() -> None:
    world = World()
    made = _killed_in_a(world, after=False, sees="unknown")
    assert made.resume(made.newest(), Script({"a.resolve": ["again"]})).status == "done"
    assert world.log == ["a", "b"]


def test_resolve_done_elsewhere_records_the_reason_and_goes_on() -> None:
    world = World()
    made = _killed_in_a(world, after=False, sees="partial")
    asker = Script({"a.resolve": ["done_elsewhere"], "a.reason": ["Ada did it in psql"]})
    result = made.resume(made.newest(), asker)
    assert (result.status, world.log) == ("done", ["b"])
    assert "Ada did it in psql" in made.screen.finished()[0].summary


def test_resolve_undo_undoes_and_starts_the_step_over() -> None:
    world = World()
    made = _killed_in_a(world, after=True, sees="partial", undoable=True)
    assert made.resume(made.newest(), Script({"a.resolve": ["undo"]})).status == "done"
    assert world.log == ["a", "undo a", "a", "b"]


def test_resolve_cannot_be_left_backwards() -> None:
    world = World()
    made = _killed_in_a(world, after=True, sees="unknown")
    result = made.resume(made.newest(), Script({"a.resolve": [Back(), Paused()]}))
    assert (result.status, result.exit_code) == ("interrupted", ExitCode.RESOLVE)


def test_a_resolve_answer_is_never_used_twice() -> None:
    world = World()
    made = _killed_in_a(world, after=False, sees="unknown")
    action = cast("Deed", made.actions["deed"])
    action.before = _die
    with pytest.raises(Killed):
        made.resume(made.newest(), Script({"a.resolve": ["again"]}))
    asker = Script({"a.resolve": ["stop"]})
    made.resume(made.newest(), asker)
    assert asker.keys == ["a.resolve"]


def test_a_world_that_cannot_be_looked_at_is_unknown() -> None:
    class Blind(Deed):
        def reconcile(self, context: Context, intent: Intent) -> Finding:
            raise UnreachableError("No server.", remedy="Start it.")

    world = World()
    made = bench(step("a"), world=world)
    made.actions = {"deed": Blind(world, before=_die)}
    with pytest.raises(Killed):
        made.start()
    asker = Script()
    assert made.resume(made.newest(), asker).exit_code == ExitCode.RESOLVE
    prompt = asker.asked[0]
    assert isinstance(prompt, Resolve)
    assert "No server." in prompt.seen


def test_resume_replays_the_past_as_events_and_ends_once() -> None:
    made = bench(step("a"), step("b"), asks=True)
    result = made.start(Script({"a": [True]}))
    made.resume(result.run, Script({"b": [True]}))
    events = made.screen.events
    assert isinstance(events[0], RunStarted)
    assert events[0].resumed
    assert [(event.step, event.replayed) for event in events if isinstance(event, StepFinished)] == [
        ("a", True),
        ("b", False),
    ]
    assert [event.status for event in events if isinstance(event, RunEnded)] == ["done"]


def test_back_returns_to_the_earlier_answer_and_drops_what_followed() -> None:
    made = bench(step("a"), step("b"), asks=True, effect=False, inputs=(Input(name="name", ask="Name?"),))
    asker = Script({"inputs.name": ["one", "two"], "a": [True, Back(), True], "b": [Back(), True]})
    result = made.start(asker)
    assert result.status == "done"
    assert asker.keys == ["inputs.name", "a", "b", "a", "inputs.name", "a", "b"]


def test_there_is_nothing_before_the_first_answer() -> None:
    made = bench(step("a"), asks=True)
    assert made.start(Script({"a": [Back(), True]})).status == "done"
    assert "There is no earlier answer to go back to." in made.screen.notes()


def test_back_past_an_effect_that_cannot_be_undone_is_refused_with_the_reason() -> None:
    world = World()
    made = bench(step("a"), step("b"), asks=True, world=world)
    asker = Script({"a": [True], "b": [Back(), True]})
    assert made.start(asker).status == "done"
    assert (asker.keys, world.log) == (["a", "b", "b"], ["a", "b"])
    assert "A has acted since then and cannot be undone." in made.screen.notes()


def test_back_past_an_undoable_effect_undoes_it_after_asking() -> None:
    world = World()
    made = bench(step("a"), step("b"), asks=True, undoable=True, world=world)
    asker = Script({"a": [True, True], "b": [Back(), Back(), True], "a.undo": [False, True]})
    assert made.start(asker).status == "done"
    assert asker.keys == ["a", "b", "a.undo", "b", "a.undo", "a", "b"]
    assert world.log == ["a", "undo a", "a", "b"]
    assert [event.state for event in made.screen.finished()] == ["done", "undone", "done", "done"]


def test_back_undoes_several_effects_latest_first() -> None:
    world = World()
    steps = (step("a"), step("b"), step("c", confirm="Sure?"))
    made = bench(*steps, undoable=True, world=world, inputs=(Input(name="n", ask="N?"),))
    asker = Script({
        "inputs.n": ["1", "2"], "c.confirm": [Back(), True], "b.undo": [True], "a.undo": [True],
    })  # fmt: skip
    assert made.start(asker).status == "done"
    assert world.log == ["a", "b", "undo b", "undo a", "a", "b", "c"]


def test_a_crash_between_two_undos_goes_on_from_what_is_undone() -> None:
    world = World()
    steps = (step("a"), step("b"), step("c", confirm="Sure?"))
    made = bench(*steps, world=world, inputs=(Input(name="n", ask="N?"),))

    class Dying(Deed):
        def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
            if context.step == "a":
                raise Killed
            return Deed.undo(self, context, intent, outcome)

    made.actions = {"deed": Dying(world, undoable=True)}
    replies: dict[str, list[Given]] = {"inputs.n": ["1"], "c.confirm": [Back()], "b.undo": [True], "a.undo": [True]}
    with pytest.raises(Killed):
        made.start(Script(replies))
    assert world.log == ["a", "b", "undo b"]
    made.actions = {"deed": Deed(world, undoable=True)}
    asker = Script({"a.resolve": ["again"], "c.confirm": [True]})
    assert made.resume(made.newest(), asker).status == "done"
    assert world.log == ["a", "b", "undo b", "undo a", "a", "b", "c"]


def _stuck(world: World, *, sees: Ground | None = None) -> Bench:
    """A run in which a has acted, and its undo says that there is no server."""

    class Stuck(Deed):
        def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
            raise UnreachableError("No server.", remedy="Start it.")

    made = bench(step("a"), step("b"), world=world)
    made.actions = {"deed": Stuck(world, asks=True, undoable=True, sees=sees)}
    return made


def test_an_undo_that_fails_half_way_leaves_the_run_interrupted_with_its_error() -> None:
    made = _stuck(World(), sees="partial")
    result = made.start(Script({"a": [True], "b": [Back()], "a.undo": [True]}))
    assert (result.status, result.exit_code) == ("interrupted", ExitCode.UNREACHABLE)
    assert result.summary.startswith("No server.")


def test_an_undo_that_is_refused_with_all_in_place_leaves_the_run_where_it_is() -> None:
    world = World()
    made = _stuck(world)
    asker = Script({"a": [True], "b": [Back(), True], "a.undo": [True]})
    assert made.start(asker).status == "done"
    assert world.log == ["a", "b"]
    assert "A was not undone. No server. Start it." in made.screen.notes()
    assert [event.state for event in made.screen.finished()] == ["done", "done"]


def test_an_undo_that_the_person_does_not_want_after_all_is_none() -> None:
    class Asking(Deed):
        def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
            return Outcome(name="declined", summary="Not undone: a was not touched")

    world = World()
    made = bench(step("a"), step("b"), world=world)
    made.actions = {"deed": Asking(world, asks=True, undoable=True)}
    asker = Script({"a": [True], "b": [Back(), True], "a.undo": [True]})
    assert made.start(asker).status == "done"
    assert (world.log, asker.keys) == (["a", "b"], ["a", "b", "a.undo", "b"])
    assert "Not undone: a was not touched" in made.screen.notes()


def test_of_several_undos_the_one_that_is_refused_ends_the_way_back_there() -> None:
    class Refusing(Deed):
        def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
            if context.step == "a":
                raise UsageError("a is kept.", remedy="Delete it yourself.")
            return Deed.undo(self, context, intent, outcome)

    world = World()
    steps = (step("a"), step("b"), step("c", confirm="Sure?"))
    made = bench(*steps, world=world, inputs=(Input(name="n", ask="N?"),))
    made.actions = {"deed": Refusing(world, undoable=True)}
    asker = Script({"inputs.n": ["1"], "c.confirm": [Back(), True], "b.undo": [True], "a.undo": [True]})
    assert made.start(asker).status == "done"
    assert world.log == ["a", "b", "undo b", "b", "c"]


def test_an_undo_that_was_interrupted_before_it_began_may_be_left() -> None:
    class Dying(Deed):
        def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
            raise Killed

    world = World()
    made = bench(step("a"), step("b"), world=world)
    made.actions = {"deed": Dying(world, asks=True, undoable=True)}
    with pytest.raises(Killed):
        made.start(Script({"a": [True], "b": [Back()], "a.undo": [True]}))
    assert made.resume(made.newest(), Script({"a.resolve": ["leave"], "b": [True]})).status == "done"
    assert world.log == ["a", "b"]


def test_back_from_a_failure_is_free_when_nothing_happened() -> None:
    world = World()
    made = bench(step("a"), asks=True, world=world)
    action = cast("Deed", made.actions["deed"])
    action.before = lambda _: None if world.handles[1:] else _unreachable()
    asker = Script({"a": [True, True], "a.failed": ["back"]})
    assert made.start(asker).status == "done"
    assert (asker.keys, world.log) == (["a", "a.failed", "a"], ["a"])


def test_back_from_a_failure_is_refused_while_the_effect_is_unsettled() -> None:
    world = World()
    made = bench(step("a"), asks=True, world=world, before=lambda _: _unreachable(), sees="partial")
    asker = Script({"a": [True], "a.failed": ["back", Back(), "stop"]})
    result = made.start(asker)
    assert (result.status, asker.keys) == ("failed", ["a", "a.failed", "a.failed", "a.failed"])


def test_once_an_effect_has_begun_its_questions_cannot_be_left_backwards() -> None:
    def asks(context: Context) -> None:
        context.ask(EnterText(key="a.name", question="Name?"))

    made = bench(step("a"), before=asks, inputs=(Input(name="n", ask="N?"),))
    asker = Script({"inputs.n": ["1"], "a.name": [Back(), "two"]})
    assert made.start(asker).status == "done"
    assert asker.keys == ["inputs.n", "a.name", "a.name"]


def test_back_inside_a_step_without_effect_asks_its_earlier_question_again() -> None:
    def asks(context: Context) -> None:
        context.ask(EnterText(key="a.one", question="One?"))
        context.ask(Confirm(key="a.two", question="Two?"))

    made = bench(step("a"), before=asks, effect=False)
    asker = Script({"a.one": ["x", "y"], "a.two": [Back(), True]})
    assert made.start(asker).status == "done"
    assert asker.keys == ["a.one", "a.two", "a.one", "a.two"]


def test_an_unfit_answer_while_acting_leaves_the_effect_to_be_looked_into() -> None:
    def asks(context: Context) -> None:
        context.ask(Confirm(key="a.two", question="Two?"))

    world = World()
    made = bench(step("a"), before=asks, world=world)
    result = made.start(Script({"a.two": ["maybe"]}, by="answers"))
    assert isinstance(result.error, UnfitAnswer)
    assert result.status == "interrupted"
    assert made.resume(result.run, Script({"a.two": [True]})).status == "done"
    assert world.log == ["a"]


def _unreachable() -> None:
    raise UnreachableError("No server.", remedy="Start it.")
