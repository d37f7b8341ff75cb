"""Foreign text is shown to the letter, wherever it comes from: no markup, no terminal command, nothing invisible."""

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

import pytest
from tests.frontends.tui.driving import Driver, drive
from tests.frontends.tui.memory_house import ACTIONS, LIBRARY, MemoryHouse, Scripted

from schema_sensei.definitions.library import Library
from schema_sensei.engine.ports import Context, Intent, Outcome, Preview
from schema_sensei.engine.prompts import (
    Checklist,
    Choose,
    Code,
    Confirm,
    EnterText,
    Option,
    Prompt,
    Prose,
    Resolve,
    Stakes,
    Table,
    TypedConfirm,
)
from schema_sensei.frontends.entries import Remedy, RunSummary
from schema_sensei.frontends.requests import EnvironmentState, StartRun
from schema_sensei.frontends.tui.literal import clean, terminal_line
from schema_sensei.terms.errors import UsageError
from schema_sensei.terms.targets import TargetLabel

EVIL = "[/x] [bold"
KEPT = {"id", "key", "root", "action", "leads_to", "when", "file", "digest", "pattern", "outcomes", "testing", "review"}
"""Fields that are names, rules or enumerations rather than text for people."""
Thing = TypeVar("Thing")
TARGET = TargetLabel(EVIL, EVIL, EVIL, protected=True)
BLOCKS = (
    Prose(EVIL, "danger"),
    Code(EVIL, "sql", EVIL),
    Code(EVIL, "text"),
    Code(EVIL, EVIL),
    Table((EVIL, EVIL), ((EVIL, EVIL),), EVIL),
)
SHARED = {"question": EVIL, "why": EVIL, "blocks": BLOCKS, "stakes": Stakes(EVIL, EVIL, EVIL), "target": TARGET}
OPTIONS = (Option("a", EVIL, EVIL, "danger"), Option("b", EVIL, EVIL))
PROMPTS: tuple[Prompt, ...] = (
    Choose(key="edit", options=OPTIONS, **SHARED),  # type: ignore[arg-type]  # one dict for all kinds
    Confirm(key="edit", yes=EVIL, no=EVIL, **SHARED),  # type: ignore[arg-type]  # the same
    TypedConfirm(key="edit", expected=EVIL, **SHARED),  # type: ignore[arg-type]  # the same
    EnterText(key="edit", pattern="x", pattern_hint=EVIL, default=EVIL, **SHARED),  # type: ignore[arg-type]  # the same
    Checklist(key="edit", items=OPTIONS, **SHARED),  # type: ignore[arg-type]  # the same
    Resolve(key="edit", what=EVIL, when=EVIL, seen=(EVIL, EVIL), options=OPTIONS, **SHARED),  # type: ignore[arg-type]
)


def hostile(thing: Thing) -> Thing:
    """The same definition with every text for people replaced."""
    changed: dict[str, object] = {}
    for field in fields(thing):  # type: ignore[arg-type]  # only dataclasses come here
        value = getattr(thing, field.name)
        if isinstance(value, str) and field.name not in KEPT:
            changed[field.name] = EVIL
        elif isinstance(value, tuple):
            changed[field.name] = tuple(hostile(each) if is_dataclass(each) else each for each in value)
    return replace(thing, **changed)  # type: ignore[type-var]  # the same


def test_every_text_of_the_guide_is_literal() -> None:
    tree = hostile(LIBRARY.tree)
    workflows = {
        name: replace(hostile(workflow), when=EVIL, source=workflow.source, risk=workflow.risk)
        for name, workflow in LIBRARY.workflows.items()
    }
    house = MemoryHouse(Library(tree, workflows))
    house.title = EVIL
    house.known = (EnvironmentState(name=EVIL, standing="behind", words=EVIL, target=TARGET),)
    house.open_runs = (RunSummary(run=EVIL, workflow=EVIL, title=EVIL, subject=EVIL, position=EVIL, owner=EVIL),) * 2

    async def script(it: Driver) -> None:
        await it.see(f'! 2 runs are unfinished, the newest: "{EVIL}"')
        assert it.text().count(EVIL) >= 6
        await it.press("ctrl+p")
        await it.see(f"Resume {EVIL}")
        await it.type("bold")
        await it.press("escape", "slash")
        await it.see(f"{EVIL}  ")
        await it.press("escape", "1", "1")
        await it.see("Because")
        await it.press("question_mark")
        assert it.text().count(EVIL) >= 8
        it.app.say(EVIL)
        await it.see(EVIL)

    drive(house, script, size=(120, 40))


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: type(prompt).__name__)
def test_every_text_of_a_prompt_is_literal(prompt: Prompt) -> None:
    shown = Preview(summary=EVIL, prompt=prompt, effect=False, target=TARGET)
    house = MemoryHouse(actions={"edit": Scripted(ACTIONS["edit"].signature, shown)})

    async def script(it: Driver) -> None:
        await it.asked(EVIL)
        await it.see(f"Where  {EVIL}  {EVIL}/{EVIL}")
        await it.press("question_mark") if not isinstance(prompt, EnterText | TypedConfirm) else None
        assert it.text().count(EVIL) >= 10

    drive(house, script, StartRun(workflow="check"), size=(160, 45))


def test_a_page_is_literal() -> None:
    page = f"# {EVIL}\n\n{EVIL}\n\n```sql\n{EVIL}\n```\n"
    prompt = replace(PROMPTS[0], page=page)
    house = MemoryHouse(
        actions={"edit": Scripted(ACTIONS["edit"].signature, Preview(summary=EVIL, prompt=prompt, effect=False))}
    )

    async def script(it: Driver) -> None:
        await it.asked(EVIL)
        await it.press("question_mark")
        await it.see("back to the question")
        assert it.text().count(EVIL) >= 5
        await it.press("y", "escape")
        await it.asked(EVIL)

    drive(house, script, StartRun(workflow="check"), size=(160, 45))


def test_what_an_action_says_and_how_it_fails_is_literal() -> None:
    def perform(context: Context, _intent: Intent) -> Outcome:
        context.output(f"{EVIL}\n")
        context.note(EVIL, "warning")
        raise UsageError(EVIL, means=EVIL, remedy=EVIL, where=EVIL)

    house = MemoryHouse(actions={"edit": replace(ACTIONS["edit"], does=perform)})
    house.remedies = (Remedy(id="x", title=EVIL, means=EVIL, dangerous=True, remedy=EVIL),)

    async def script(it: Driver) -> None:
        await it.asked("")
        await it.see(f"! {EVIL}")
        await it.press("ctrl+c", "2")
        await it.see(f"dangerous  {EVIL}")

    drive(house, script, StartRun(workflow="check"), size=(120, 40))


def test_the_history_is_literal() -> None:
    house = MemoryHouse()
    run = RunSummary(run="r", workflow=EVIL, title=EVIL, subject=EVIL, status="paused", position=EVIL, owner=EVIL)
    house.runs = lambda _limit=200: (run,)  # type: ignore[method-assign, assignment]  # what a journal might hold

    async def script(it: Driver) -> None:
        await it.press("h")
        await it.see(f"{EVIL} {EVIL}    paused · {EVIL}")

    drive(house, script, size=(120, 40))


def test_controls_and_direction_overrides_are_made_visible() -> None:
    assert clean("a\x1b[2Jb\u202ec\x07\n\td") == "a␛[2Jb‹U+202E›c␇\n\td"


def test_a_programs_colours_are_dropped_and_a_progress_bar_shows_its_last_state() -> None:
    assert terminal_line("10%\r\x1b[32m100%\x1b[0m\x1b]0;title\x07\r\n") == "100%"
