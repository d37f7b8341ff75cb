"""Random workflows, random operators, random deaths: what must hold whatever happens."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.world import Bench, Deed, Killed, World, step, workflow

from schema_sensei.definitions.workflow import Destination, End, Input, ToStep, Workflow
from schema_sensei.engine.errors import MissingAnswer, RunOver
from schema_sensei.engine.memory import MemoryJournal
from schema_sensei.engine.ports import Context, Finding, Intent, Outcome, Reply
from schema_sensei.engine.prompts import (
    Back,
    Cancelled,
    Choose,
    Confirm,
    EnterText,
    Paused,
    Prompt,
    Resolve,
    Skipped,
)  # fmt: skip
from schema_sensei.engine.records import Entry, Lease
from schema_sensei.engine.replay import told
from schema_sensei.terms.errors import SenseiError
from schema_sensei.terms.json import JsonValue

NAMES = ("a", "b", "c", "d")
BUDGET = 60
"""Questions after which a random operator pauses: some random workflows are circles."""


@st.composite
def flows(draw: st.DrawFn) -> Workflow:
    """One to four steps with random branches, skips, retries and conditions."""
    names = NAMES[: draw(st.integers(1, 4))]
    places: list[Destination] = [*map(ToStep, names), End("done"), End("stop")]
    steps = [
        step(
            name,
            draw(st.sampled_from(["deed", "look", "undoable"])),
            on={"again": draw(st.sampled_from(places))} if draw(st.booleans()) else {},
            when=draw(st.sampled_from(["", "", "true", "false", "a.value == 1", "unknown.name"])),
            skippable=draw(st.booleans()),
            retries=draw(st.integers(0, 1)),
            confirm=draw(st.sampled_from(["", "Really?"])),
        )
        for name in names
    ]
    inputs = (Input(name="name", ask="Name?"),) if draw(st.booleans()) else ()
    return workflow(*steps, inputs=inputs)


class Whim:
    """Draws one number after the other from a list; 0 when it is used up: the dull way."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = list(numbers)

    def __call__(self, limit: int) -> int:
        return self.numbers.pop(0) % limit if self.numbers else 0


class Fickle:
    """An operator of moods: mostly answers, sometimes goes back, skips, leaves or is not there."""

    def __init__(self, whim: Whim) -> None:
        self.whim = whim
        self.left = BUDGET

    def ask(self, prompt: Prompt) -> Reply:
        self.left -= 1
        if self.left < 0:
            raise Paused
        mood = self.whim(20)
        ways: dict[int, BaseException] = {
            11: Paused(), 12: Cancelled(), 13: MissingAnswer(prompt.key), 14: Back(), 15: Back(), 16: Skipped("a whim"),
        }  # fmt: skip
        if mood in ways:
            raise ways[mood]
        return Reply(self._answer(prompt))

    def _answer(self, prompt: Prompt) -> JsonValue:
        match prompt:
            case Choose(options=options) | Resolve(options=options):
                return options[self.whim(len(options))].key
            case Confirm():
                return self.whim(6) != 5
            case EnterText():
                return "a text"
            case _:
                return True


class Moody(Deed):
    """A deed that sometimes fails before or after its effect, or ends with another outcome; notes what is repeated."""

    whim: Whim
    flow: Workflow
    repeated: list[str]

    def perform(self, context: Context, intent: Intent) -> Outcome:
        if self.whim(8) == 7:
            raise SenseiError("It failed before.", remedy="Again.")
        name = f"{context.step}.{context.visit}"
        if self.effect and self.world.present(name):
            self.repeated.append(name)
        self.world.log.append(name)
        if self.whim(8) == 7:
            raise SenseiError("It failed after.", remedy="Again.")
        again = "again" in self.flow.step(context.step).on and self.whim(5) == 4
        return Outcome(name="again" if again else "ok", outputs={"value": self.whim(2)})

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        if self.world.present(f"{context.step}.{context.visit}"):
            return Finding(ground="applied", outcome=Outcome())
        return Finding(ground="absent")

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        self.world.log.append(f"undo {context.step}.{context.visit}")
        if self.whim(8) == 7:
            raise SenseiError("Undoing failed, after the effect.", remedy="Again.")
        return Outcome(summary="gone again")


class Mortal(MemoryJournal):
    """A journal whose process dies before or after its n-th write, for n in `deaths`; counted over all lives."""

    deaths: frozenset[int] = frozenset()
    writes = 0

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        self._point()
        super().append(lease, entries)
        self._point()

    def _point(self) -> None:
        self.writes += 1
        if self.writes in self.deaths:
            raise Killed


def _bench(
    flow: Workflow, numbers: Sequence[int], deaths: frozenset[int] = frozenset()
) -> tuple[Bench, Fickle, list[str]]:
    whim, world = Whim(numbers), World()
    journal = Mortal()
    journal.deaths = deaths
    actions: dict[str, Any] = {
        "deed": Moody(world, asks=True, outcomes=("again",)),
        "look": Moody(world, asks=True, effect=False, outcomes=("again",)),
        "undoable": Moody(world, undoable=True, outcomes=("again",)),
    }
    repeated: list[str] = []
    for action in actions.values():
        action.whim, action.flow, action.repeated = whim, flow, repeated
    return Bench(flow, actions, journal=journal), Fickle(whim), repeated


def _live_on(made: Bench, fickle: Fickle, lives: int) -> str:
    """Start, then resume until the run is over or the lives are used up; the run's id."""
    for _ in range(lives):
        fickle.left = BUDGET
        try:
            known = made.journal.records()
            if known:
                made.resume(known[0].header.id, fickle)
            else:
                made.start(fickle)
        except Killed:
            continue
        except RunOver:
            break
    return made.newest()


def _intents_are_fair(entries: Sequence[Entry]) -> None:
    """In one visit no second intent without a retry, an undo or a way back in between."""
    allowed: Counter[tuple[str, int]] = Counter()
    for entry in entries:
        match entry.kind:
            case "entered" | "retried" | "undone":
                allowed[entry.step, entry.visit] = 1
            case "back":
                allowed = Counter(dict.fromkeys(allowed, 1))
            case "intended":
                allowed[entry.step, entry.visit] -= 1
                assert allowed[entry.step, entry.visit] >= 0, f"{entry.step} acted twice in one go"
            case _:
                pass


def _skips_are_allowed(flow: Workflow, entries: Sequence[Entry]) -> None:
    for entry in entries:
        if entry.kind == "skipped" and entry.body["by"] != "when":
            assert flow.step(entry.step).skippable
            assert entry.body["reason"]


NUMBERS = st.lists(st.integers(0, 19), max_size=60)
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(flow=flows(), numbers=NUMBERS)
def test_whatever_a_person_does_steps_run_once_skips_are_allowed_and_replay_is_what_was_shown(
    flow: Workflow, numbers: list[int]
) -> None:
    made, fickle, repeated = _bench(flow, numbers)
    result = made.start(fickle)
    assert repeated == []
    entries = made.journal.entries(result.run)
    _intents_are_fair(entries)
    _skips_are_allowed(flow, entries)
    assert list(told(made.journal.record(result.run).header, entries)) == made.screen.told()
    assert made.journal.verify(result.run) == ()
    assert made.journal.record(result.run).owner is None


@QUICK
@given(flow=flows(), numbers=NUMBERS, deaths=st.frozensets(st.integers(1, 40), min_size=1, max_size=4))
def test_whenever_the_process_dies_the_run_goes_on_and_no_effect_is_repeated(
    flow: Workflow, numbers: list[int], deaths: frozenset[int]
) -> None:
    made, fickle, repeated = _bench(flow, numbers, deaths)
    run = _live_on(made, fickle, lives=len(deaths) + 3)
    entries = made.journal.entries(run)
    _intents_are_fair(entries)
    _skips_are_allowed(flow, entries)
    assert made.journal.verify(run) == ()
    assert repeated == []


@QUICK
@given(flow=flows(), numbers=NUMBERS)
def test_a_run_told_from_its_journal_stands_where_the_live_one_stood(flow: Workflow, numbers: list[int]) -> None:
    made, fickle, _ = _bench(flow, numbers)
    first = made.start(fickle)
    if made.journal.record(first.run).final:
        return
    fickle.whim.numbers = []
    made.resume(first.run, fickle)
    assert made.screen.endings()[-1:] != []
    assert made.journal.record(first.run).kind == "ended"
