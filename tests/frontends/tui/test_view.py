"""What the list of steps says while a run goes forth and back."""

from functools import reduce

from schema_sensei.engine.events import Event, RunStarted, StepFailed, StepFinished, StepOutline, StepStarted, StepState
from schema_sensei.frontends.tui.run.view import RunView, fold


def states(*events: Event) -> list[StepState]:
    steps = tuple(StepOutline(name, name.title(), "", name) for name in ("edit", "review", "deploy", "test"))
    begun = RunStarted("ab12", "modify-table", "Change", steps, ())
    view: RunView = reduce(lambda so_far, event: fold(so_far, event, 0.0), events, fold(RunView(), begun, 0.0))
    return [step.state for step in view.steps]


def done(step: str, state: StepState = "done") -> StepFinished:
    return StepFinished(step, state, "ok", "", 0.1, {})


def through(*steps: str) -> list[Event]:
    return [event for step in steps for event in (StepStarted(step, 1), done(step))]


def test_a_run_that_goes_back_has_what_follows_ahead_of_it_again() -> None:
    failed = StepFailed("test", "exit code 1", "", "", 0.1)

    forth = states(*through("edit", "review", "deploy"), StepStarted("test", 1), failed)
    back = states(*through("edit", "review", "deploy"), StepStarted("test", 1), failed, StepStarted("review", 2))

    assert forth == ["done", "done", "done", "failed"]
    assert back == ["done", "running", "waiting", "waiting"]


def test_what_was_undone_on_the_way_back_says_so() -> None:
    undone = done("deploy", "undone")

    assert states(*through("edit", "review", "deploy"), undone, StepStarted("review", 2)) == [
        "done", "running", "undone", "waiting",
    ]  # fmt: skip
