"""The guide leads from a question to a workflow, and back."""

from dataclasses import replace

from tests.frontends.tui.driving import Driver, drive
from tests.frontends.tui.memory_house import CHECK, LIBRARY, MemoryHouse

from schema_sensei.frontends.entries import RunSummary
from schema_sensei.frontends.requests import EnvironmentState, OpenGuide


def test_digits_walk_to_a_recommendation_that_says_why() -> None:
    async def script(it: Driver) -> None:
        await it.see("What are you trying to do?")
        await it.press("1")
        await it.see("What kind of change is it?")
        await it.see("Change tables")
        await it.press("1")
        await it.see("Change existing tables")
        await it.see("Change tables: the database shall follow the models")
        await it.see("backup of the definition · high review · thorough testing")
        await it.see("Say in one line what this change is for")
        await it.see("95 s in earlier runs")

    drive(MemoryHouse(), script)


def test_back_drops_the_last_answer_and_nothing_else() -> None:
    async def script(it: Driver) -> None:
        await it.press("1", "1")
        await it.see("Change existing tables")
        await it.press("left")
        await it.see("What kind of change is it?")
        await it.press("escape")
        await it.see("What are you trying to do?")
        await it.press("escape")
        await it.see("What are you trying to do?")

    drive(MemoryHouse(), script)


def test_arrows_and_enter_take_what_the_cursor_is_on() -> None:
    async def script(it: Driver) -> None:
        await it.press("down", "enter")
        await it.see("You want to know where things stand.")

    drive(MemoryHouse(), script)


def test_an_emergency_stands_apart_and_has_its_own_key() -> None:
    async def script(it: Driver) -> None:
        await it.see("Something broke")
        lines = it.text().splitlines()
        at = next(index for index, line in enumerate(lines) if "Something broke" in line)
        assert lines[at].lstrip().startswith("!")
        assert not lines[at - 1].strip()
        await it.press("exclamation_mark")
        await it.see("You want to know where things stand.")

    drive(MemoryHouse(), script)


def test_search_finds_a_leaf_by_its_words_and_goes_there() -> None:
    async def script(it: Driver) -> None:
        await it.press("slash")
        await it.type("colums")
        await it.see("Change tables › Modify tables")
        await it.press("enter")
        await it.see("Because")
        await it.see("sensei run modify-table")

    drive(MemoryHouse(), script)


def test_a_search_that_finds_nothing_says_so_and_takes_nothing() -> None:
    async def script(it: Driver) -> None:
        await it.press("slash")
        await it.type("zzzz")
        await it.see("Nothing fits these words")
        await it.press("enter", "escape")
        await it.see("What are you trying to do?")

    drive(MemoryHouse(), script)


def test_a_deep_link_opens_where_its_answers_lead() -> None:
    async def script(it: Driver) -> None:
        await it.see("What kind of change is it?")

    drive(MemoryHouse(), script, OpenGuide(answers=("tables",)))


def test_an_unfinished_run_is_named_and_r_goes_on_with_it() -> None:
    house = MemoryHouse()
    house.open_runs = (
        RunSummary(
            run="none", workflow="modify-table", title="t", subject="add certificates", position="waiting for approval"
        ),
    )

    async def script(it: Driver) -> None:
        await it.see('One run is unfinished: "add certificates", waiting for approval')
        await it.press("r")
        await it.see("no run `none`")

    drive(house, script, size=(120, 40))


def test_the_key_that_goes_on_with_a_run_is_never_cut_off() -> None:
    house = MemoryHouse()
    house.open_runs = (RunSummary(run="7f31", workflow="modify-table", title="Change", subject="a " * 60),)

    async def script(it: Driver) -> None:
        await it.see("unfinished")
        (line,) = [line for line in it.text().splitlines() if "unfinished" in line]
        assert line.rstrip().endswith("r resume")

    drive(house, script)


def test_a_recommendation_says_where_the_environments_stand() -> None:
    house = MemoryHouse()
    house.known = (
        EnvironmentState(name="dev", standing="current", words="at head 3f2a91"),
        EnvironmentState(name="prod", standing="behind", words="2 pending", protected=True),
    )

    async def script(it: Driver) -> None:
        await it.press("1", "1")
        await it.see("dev: at head 3f2a91")
        await it.see("prod: 2 pending")
        await it.see("dev ✓")

    drive(house, script)


def test_why_is_shown_and_hidden() -> None:
    async def script(it: Driver) -> None:
        await it.see("Table changes and sign-in changes take different routes.")
        await it.press("question_mark")
        assert "different routes" not in it.text()

    drive(MemoryHouse(), script)


def test_environments_are_marked_not_only_coloured() -> None:
    house = MemoryHouse()
    house.known = (
        EnvironmentState(name="dev", standing="behind", words="2 pending"),
        EnvironmentState(name="prod", standing="unreachable", words="no answer", protected=True),
    )

    async def script(it: Driver) -> None:
        await it.see("dev ▸ 2 pending")
        await it.see("prod ✗ no answer")

    drive(house, script, size=(120, 40))


def test_a_workflow_no_answer_leads_to_can_still_be_started() -> None:
    lonely = replace(CHECK, id="lonely", title="A lonely workflow")
    house = MemoryHouse(replace(LIBRARY, workflows={**LIBRARY.workflows, "lonely": lonely}))

    async def script(it: Driver) -> None:
        it.app.jump("lonely")
        await it.see("A lonely workflow")
        await it.press("enter")
        await it.see("2 files changed")

    drive(house, script)


def test_coming_back_to_the_guide_shows_where_things_stand_now() -> None:
    house = MemoryHouse()
    house.known = (EnvironmentState(name="prod", standing="current"),)

    async def script(it: Driver) -> None:
        await it.see("prod ✓")
        await it.press("h")
        await it.see("history")
        house.known = (EnvironmentState(name="prod", standing="behind"),)
        house.open_runs = (
            RunSummary(run="ab12", workflow="new-table", title="Add new tables", subject="add certificates"),
        )
        await it.press("escape")
        await it.see("prod ▸")
        await it.see('One run is unfinished: "add certificates"')

    drive(house, script)
