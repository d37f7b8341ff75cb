"""One scenario for every front end: each kind of prompt once, one loop, in memory with the real engine."""

from typing import Any

from tests.frontends.tui.memory_house import DEV, MemoryHouse, Scripted, source

from schema_sensei.definitions.library import Library
from schema_sensei.definitions.signature import Signature
from schema_sensei.definitions.tree import Choice, Question, ToWorkflow, Tree
from schema_sensei.definitions.workflow import Input, Risk, Step, ToStep, Workflow
from schema_sensei.engine.ports import Context, Intent, Outcome, Preview
from schema_sensei.engine.prompts import Checklist, Choose, Confirm, Option, Prose, TypedConfirm

FLOW = Workflow(
    id="flow",
    title="Every kind of question",
    when="You test front ends.",
    risk=Risk(backup="none", review="low", testing="standard"),
    inputs=(Input(name="message", ask="What is it for?", pattern=r"\S.{2,70}", hint="3 to 71 characters"),),
    steps=(
        Step(id="review", title="Review", action="review", on={"rejected": ToStep("review")}),
        Step(id="agree", title="Agree", action="agree"),
        Step(id="destroy", title="Destroy", action="destroy"),
        Step(id="note", title="Note", action="note"),
    ),
    source=source("flow"),
)
TREE = Tree(
    root="start",
    questions=(
        Question(
            id="start",
            ask="What are you trying to do?",
            why="There is one way only.",
            choices=(Choice(key="go", label="Go", note="the one way", to=ToWorkflow("flow")),),
        ),
    ),
)


def _review(context: Context, intent: Intent) -> Outcome:
    return Outcome(summary="approved") if intent.answer == "approve" else Outcome(name="rejected", summary="again")


ACTIONS = {
    "review": Scripted(
        Signature("review", "Review", outcomes={"rejected": "again"}, stage="reviewed"),
        Preview(
            summary="One statement.",
            effect=False,
            prompt=Choose(
                key="review",
                question="Do you approve?",
                why="Because it is yours.",
                blocks=(Prose("CREATE TABLE t ()"),),
                binding=True,
                digest="d1",
                facts={"additive": True, "opaque": False},
                options=(Option("approve", "Approve this text", "good"), Option("edit", "Edit again")),
            ),
        ),
        _review,
    ),
    "agree": Scripted(
        Signature("agree", "Agree"),
        Preview(
            summary="Deploy.",
            target=DEV,
            prompt=Confirm(key="agree", question="Deploy to dev?", binding=True, target=DEV, digest="d2"),
        ),
    ),
    "destroy": Scripted(
        Signature("destroy", "Destroy"),
        Preview(summary="Drop.", prompt=TypedConfirm(key="destroy", question="Drop it?", expected="drop t")),
    ),
    "note": Scripted(
        Signature("note", "Note"),
        Preview(
            summary="Tell.",
            effect=False,
            prompt=Checklist(
                key="note",
                question="What is done?",
                items=(Option("commit", "Committed"), Option("tell", "Told the team")),
            ),
        ),
    ),
}
ANSWERS = """\
inputs.message: add certificates
review:
  - {answer: edit, rule: additive}
  - {answer: approve, rule: additive and not opaque}
agree: {answer: yes, rule: target == 'dev'}
destroy: drop t
note: [tell]
"""


def house() -> MemoryHouse:
    """A fresh house with the scenario."""
    return MemoryHouse(Library(TREE, {"flow": FLOW}, (), {"flow": "text"}), ACTIONS)


def story(house: MemoryHouse) -> list[tuple[Any, ...]]:
    """What the journal holds of its one run, without ids, times, owners, and who answered by which rule."""
    (record,) = house.journal.records()
    told: list[tuple[Any, ...]] = [(record.header.workflow, record.status)]
    for entry in house.journal.entries(record.header.id):
        body = {
            key: value
            for key, value in entry.body.items()
            if key not in {"by", "rule", "owner", "previous", "seconds", "at", "started_at"}
        }
        told.append((entry.kind, entry.step, entry.visit, body))
    return told
