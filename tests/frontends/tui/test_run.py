"""A run on the screen: steps, decisions of every kind, and every way to end or leave it."""

import threading
from dataclasses import replace

import pytest
from tests.frontends.tui.driving import Driver, drive
from tests.frontends.tui.memory_house import ACTIONS, DEV, PROD, SQL, MemoryHouse, Scripted

from schema_sensei.engine.ports import Context, Finding, Intent, Outcome, Preview
from schema_sensei.engine.prompts import (
    Checklist,
    Choose,
    Confirm,
    EnterText,
    Option,
    Prompt,
    Resolve,
    Stakes,
    Table,
    TypedConfirm,
)
from schema_sensei.frontends.entries import Remedy
from schema_sensei.frontends.operator import TerminalBusy
from schema_sensei.frontends.requests import StartRun
from schema_sensei.frontends.tui.lending import lent_terminal
from schema_sensei.terms.errors import UnreachableError
from schema_sensei.terms.json import JsonValue

MODIFY = StartRun(workflow="modify-table", inputs={"message": "due dates are required"})
LOOK = StartRun(workflow="check")


def asking(prompt: Prompt) -> tuple[MemoryHouse, list[JsonValue]]:
    """A house whose check workflow asks one thing, and where its answer goes."""
    answers: list[JsonValue] = []

    def perform(_context: Context, intent: Intent) -> Outcome:
        answers.append(intent.answer)
        return Outcome(summary="answered")

    shown = Preview(summary="", prompt=prompt, effect=False)
    return MemoryHouse(actions={"edit": Scripted(ACTIONS["edit"].signature, shown, perform)}), answers


def test_a_run_goes_from_its_input_to_its_end() -> None:
    house = MemoryHouse()

    async def script(it: Driver) -> None:
        await it.asked("Say in one line what this change is for")
        await it.type("due dates")
        await it.press("enter")
        await it.asked("Is this the SQL you want?")
        await it.see('modify-table · "due dates"')
        await it.press("enter")
        await it.see("1 statement in 0.3 s")
        await it.see("sensei show")
        await it.press("enter")
        await it.see("What are you trying to do?")

    app = drive(house, script, StartRun(workflow="modify-table"))
    assert app.exit_code == 0
    assert house.journal.record(app.last_run).status == "done"


def test_the_four_stakes_and_the_options_are_on_an_80_by_24_screen_at_once() -> None:
    async def script(it: Driver) -> None:
        await it.asked("Is this the SQL you want?")
        await it.see("Drop the change")
        text = it.text()
        for part in ("Does   this text", "Where  dev  localhost/app", "Costs  41 200 rows", "Back   edit and generate"):
            assert part in text
        assert "3  Drop the change" in text
        assert "target  dev  localhost/app" in text

    drive(MemoryHouse(), script, MODIFY)


def test_rejecting_goes_back_to_the_step_the_workflow_names() -> None:
    async def script(it: Driver) -> None:
        await it.asked("Is this the SQL you want?")
        await it.press("2")
        await it.asked("Is this the SQL you want?")
        await it.press("1")
        await it.see("1 statement in 0.3 s")

    drive(MemoryHouse(), script, MODIFY)


def test_a_dangerous_option_is_not_taken_by_its_digit_alone() -> None:
    async def script(it: Driver) -> None:
        await it.asked("Is this the SQL you want?")
        await it.press("3")
        await it.see("▸ 3  Drop the change")
        await it.asked("Is this the SQL you want?")

    drive(MemoryHouse(), script, MODIFY)


def test_copy_gives_the_sql_to_the_letter() -> None:
    async def script(it: Driver) -> None:
        await it.asked("Is this the SQL you want?")
        await it.press("y")
        assert it.app.clipboard == SQL

    drive(MemoryHouse(), script, MODIFY)


def test_read_all_gives_the_text_the_room_and_takes_it_back() -> None:
    async def script(it: Driver) -> None:
        await it.asked("Is this the SQL you want?")
        assert "41 200  9 MB" not in it.text()
        await it.press("o")
        await it.see("41 200  9 MB")
        await it.press("escape")
        await it.see("Costs  41 200 rows")

    drive(MemoryHouse(), script, MODIFY)


def test_a_protected_target_wears_the_word() -> None:
    house, answers = asking(Confirm(key="edit", question="Deploy?", target=PROD))

    async def script(it: Driver) -> None:
        await it.asked("Deploy?")
        await it.until(lambda: it.text().count("PROTECTED") == 2, "the word in the top line and in the question")
        await it.press("enter")
        assert not answers
        await it.press("1")
        await it.see("answered")

    drive(house, script, LOOK)
    assert answers == [True]


@pytest.mark.parametrize(("keys", "answer"), [(["enter"], "b"), (["1"], "a"), (["up", "enter"], "a")])
def test_choosing(keys: list[str], answer: str) -> None:
    prompt = Choose(key="edit", question="Which?", options=(Option("a", "A"), Option("b", "B")), default="b")
    house, answers = asking(prompt)

    async def script(it: Driver) -> None:
        await it.asked("Which?")
        await it.press(*keys)
        await it.see("answered")

    drive(house, script, LOOK)
    assert answers == [answer]


def test_what_destroys_is_typed_letter_by_letter() -> None:
    house, answers = asking(TypedConfirm(key="edit", question="Drop it?", expected="drop accounts"))

    async def script(it: Driver) -> None:
        await it.asked("Drop it?")
        await it.type("drop account")
        await it.press("enter")
        await it.see("Not the same.")
        assert not answers
        await it.press("s", "enter")
        await it.see("answered")

    drive(house, script, LOOK)
    assert answers == ["drop accounts"]


def test_a_text_that_does_not_fit_is_told_why_and_kept() -> None:
    house, answers = asking(EnterText(key="edit", question="Name?", pattern="[a-z]+", pattern_hint="small letters"))

    async def script(it: Driver) -> None:
        await it.asked("Name?")
        await it.type("a1")
        await it.press("enter")
        await it.see("That does not fit. small letters")
        await it.press("backspace", "enter")
        await it.see("answered")

    drive(house, script, LOOK)
    assert answers == ["a"]


def test_what_was_typed_survives_going_back() -> None:
    async def script(it: Driver) -> None:
        await it.asked("Say in one line")
        await it.type("half a sen")
        await it.press("escape")
        await it.see("no earlier answer")
        await it.asked("Say in one line")
        await it.see("half a sen")

    drive(MemoryHouse(), script, StartRun(workflow="modify-table"))


def test_a_warning_about_an_answer_is_in_sight_when_it_is_asked_for_again() -> None:
    long = Table(("column", "type"), tuple((f"column_{number}", "text") for number in range(40)))
    prompt = EnterText(
        key="formula", question="What shall it hold?", blocks=(long,), stakes=Stakes("tries it", "reads", "nothing")
    )

    def perform(context: Context, _intent: Intent) -> Outcome:
        while (text := context.ask(prompt)) != "42":
            context.note(f"{text} cannot be the value: {'the server refuses it, ' * 9}says {text}.", "warning")
        return Outcome(summary="answered")

    edit = Scripted(ACTIONS["edit"].signature, Preview(summary="", effect=False), perform)

    async def script(it: Driver) -> None:
        for text in ("abc", "def", "ghi"):
            await it.asked("What shall it hold?")
            await it.type(text)
            await it.press("enter")
            await it.see(f"says {text}.")
            await it.asked("What shall it hold?")
            await it.settled()
            assert f"says {text}." in it.text()
        await it.asked("What shall it hold?")
        await it.type("42")
        await it.press("enter")
        await it.see("answered")

    drive(MemoryHouse(actions={"edit": edit}), script, LOOK)


def test_a_checklist_answers_what_is_ticked() -> None:
    prompt = Checklist(
        key="edit", question="Done?", items=(Option("x", "Call"), Option("y", "Write"), Option("z", "Go"))
    )
    house, answers = asking(prompt)

    async def script(it: Driver) -> None:
        await it.asked("Done?")
        await it.press("space", "down", "down", "enter", "down")
        await it.see("Go on, 2 of 3 ticked")
        await it.press("enter")
        await it.see("answered")

    drive(house, script, LOOK)
    assert answers == [["x", "z"]]


def test_an_interrupted_effect_shows_what_was_seen() -> None:
    prompt = Resolve(
        key="edit",
        question="An effect was interrupted. What now?",
        what="Deploy revision 3f2a91",
        when="started 14:02:11",
        seen=("version table: 8c01d2", "certificates: not there"),
        options=(Option("again", "Run it again"), Option("stop", "Stop here")),
        target=DEV,
    )
    house, answers = asking(prompt)

    async def script(it: Driver) -> None:
        await it.asked("An effect was interrupted.")
        for part in ("What   Deploy revision 3f2a91", "When   started", "Seen   version table", "certificates: not"):
            assert part in it.text()
        await it.press("2")
        await it.see("answered")

    drive(house, script, LOOK)
    assert answers == ["stop"]


def test_a_dry_run_is_marked_and_changes_nothing() -> None:
    performed = threading.Event()

    def perform(_context: Context, _intent: Intent) -> Outcome:
        performed.set()
        return Outcome()

    house = MemoryHouse(actions={**ACTIONS, "deploy": replace(ACTIONS["deploy"], does=perform)})

    async def script(it: Driver) -> None:
        await it.see("DRY RUN")
        await it.see("nothing was changed")

    drive(house, script, replace(MODIFY, dry=True))
    assert not performed.is_set()


def test_a_failed_step_says_what_happened_what_it_means_and_what_to_do() -> None:
    def perform(_context: Context, _intent: Intent) -> Outcome:
        raise UnreachableError("No answer from db:5432.", means="Nothing was done.", remedy="Start the server.")

    house = MemoryHouse(actions={**ACTIONS, "edit": replace(ACTIONS["edit"], does=perform)})
    house.remedies = (
        Remedy(
            id="down", title="connection refused", means="Nobody listens.", dangerous=False, remedy="Look at the port."
        ),
    )

    async def script(it: Driver) -> None:
        await it.asked("")
        await it.see("Start the server.")
        text = it.text()
        assert text.index("No answer from db:5432.") < text.index("Nothing was done.") < text.index("Start the server.")
        screen = it.app.screen
        options = [row.key for row in screen.query_one("#answers").rows]  # type: ignore[attr-defined]  # it is Choices
        await it.press(str(options.index("stop") + 1))
        await it.see("Known trouble")
        await it.see("sensei resume")

    app = drive(house, script, LOOK, size=(120, 40))
    assert app.exit_code == 7


def test_a_run_that_cannot_begin_says_why() -> None:
    async def script(it: Driver) -> None:
        await it.see("There is no workflow nowhere.")
        await it.see("Look at the list.")

    app = drive(MemoryHouse(), script, StartRun(workflow="nowhere"))
    assert app.exit_code == 2


def test_output_is_shown_as_it_comes_without_its_terminal_codes() -> None:
    go_on = threading.Event()

    def perform(context: Context, _intent: Intent) -> Outcome:
        context.output("\x1b[31mred\x1b[0m [/x] \x1b]52;c;aGk=\x07end\n")
        go_on.wait(20)
        return Outcome()

    house = MemoryHouse(actions={**ACTIONS, "edit": replace(ACTIONS["edit"], does=perform)})

    async def script(it: Driver) -> None:
        await it.see("red [/x] end")
        go_on.set()
        await it.see("Done")

    drive(house, script, LOOK)


def waiting_step() -> tuple[MemoryHouse, threading.Event]:
    """A house whose step runs until it is cancelled."""
    entered = threading.Event()

    def perform(context: Context, _intent: Intent) -> Outcome:
        entered.set()
        pause = threading.Event()
        while not pause.wait(0.01):
            context.checkpoint()
        return Outcome()

    return MemoryHouse(actions={**ACTIONS, "edit": replace(ACTIONS["edit"], does=perform)}), entered


def test_interrupting_a_running_step_asks_first_and_keeps_the_run() -> None:
    house, entered = waiting_step()

    async def script(it: Driver) -> None:
        await it.until(entered.is_set, "the step")
        await it.press("ctrl+c")
        await it.see("A step is running.")
        await it.press("escape")
        assert not house.cancelled.is_set()
        await it.press("ctrl+c", "3", "enter")
        await it.see("sensei resume")

    app = drive(house, script, LOOK)
    assert app.exit_code == 130


def test_quitting_while_a_question_is_open_pauses_the_run_and_ends() -> None:
    house = MemoryHouse()

    async def script(it: Driver) -> None:
        await it.asked("Is this the SQL you want?")
        await it.press("q")
        await it.see("A run waits for your answer.")
        await it.press("2")
        await it.until(lambda: not it.app.is_running, "the end")

    drive(house, script, MODIFY)
    (record,) = house.journal.records()
    assert record.status == "paused"
    assert record.owner is None or not threading.current_thread().name.startswith("sensei")


def test_a_second_interrupt_leaves_at_once() -> None:
    house, entered = waiting_step()

    async def script(it: Driver) -> None:
        await it.until(entered.is_set, "the step")
        await it.press("ctrl+c")
        await it.see("A step is running.")
        await it.press("ctrl+c")
        await it.until(lambda: not it.app.is_running, "the end")

    app = drive(house, script, LOOK)
    assert app.return_code == 130
    assert house.cancelled.is_set()


def test_a_paused_run_goes_on_from_the_history() -> None:
    house = MemoryHouse()

    async def script(it: Driver) -> None:
        await it.asked("Is this the SQL you want?")
        await it.press("ctrl+c", "2")
        await it.see("sensei resume")
        await it.press("enter", "h")
        await it.see("paused")
        await it.press("enter")
        await it.see("One unit, one statement.")
        await it.press("escape", "r")
        await it.asked("Is this the SQL you want?")
        await it.press("1")
        await it.see("1 statement in 0.3 s")

    app = drive(house, script, MODIFY, size=(120, 40))
    assert app.exit_code == 0


def test_a_terminal_too_small_takes_no_answer_and_recovers() -> None:
    house, answers = asking(Confirm(key="edit", question="Deploy?", default=True))

    async def script(it: Driver) -> None:
        await it.asked("Deploy?")
        await it.pilot.resize_terminal(50, 12)
        await it.see("too small")
        await it.press("enter", "1")
        assert not answers
        await it.pilot.resize_terminal(80, 24)
        await it.asked("Deploy?")
        await it.press("enter")
        await it.see("answered")

    drive(house, script, LOOK)
    assert answers == [True]


def test_the_editor_cannot_have_a_terminal_that_is_not_there() -> None:
    refused: list[Exception] = []
    house = MemoryHouse()
    start = house.start

    def perform(_context: Context, _intent: Intent) -> Outcome:
        try:
            with app_terminal[0]():
                pass
        except TerminalBusy as busy:
            refused.append(busy)
        return Outcome()

    app_terminal = []

    def started(workflow: str, operator: object, **more: object) -> object:
        app_terminal.append(operator.terminal)  # type: ignore[attr-defined]  # an Operator
        return start(workflow, operator, **more)  # type: ignore[arg-type]

    house.start = started  # type: ignore[method-assign, assignment]  # listens in
    house.actions["edit"] = replace(ACTIONS["edit"], does=perform, finding=Finding(ground="absent"))

    async def script(it: Driver) -> None:
        await it.see("Done")

    drive(house, script, LOOK)
    assert refused


def test_a_terminal_that_is_asked_for_while_the_program_ends_is_refused() -> None:
    class Ending:
        """An application that ends after it took the request, and before it came to it."""

        is_running = True

        def call_later(self, _lend: object) -> None:
            self.is_running = False

    with pytest.raises(TerminalBusy, match="ending"), lent_terminal(Ending()):  # type: ignore[arg-type]
        pass
