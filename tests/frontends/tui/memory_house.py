"""A house in memory: a small tree, scripted actions, the real engine on the memory journal."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schema_sensei.definitions.library import Library
from schema_sensei.definitions.signature import Signature
from schema_sensei.definitions.tree import Choice, Question, Source, ToQuestion, ToWorkflow, Tree
from schema_sensei.definitions.workflow import End, Input, Risk, Step, ToStep, Workflow
from schema_sensei.engine import executor
from schema_sensei.engine.cancel import CancelToken
from schema_sensei.engine.events import Event
from schema_sensei.engine.memory import MemoryJournal
from schema_sensei.engine.ports import Action, Context, Finding, Intent, Outcome, Preview
from schema_sensei.engine.prompts import Choose, Code, Option, Prose, Stakes, Table
from schema_sensei.engine.replay import told
from schema_sensei.frontends.entries import Remedy, RunSummary
from schema_sensei.frontends.operator import Operator
from schema_sensei.frontends.requests import EnvironmentState
from schema_sensei.terms.errors import UsageError
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.json import JsonValue
from schema_sensei.terms.targets import TargetLabel

DEV = TargetLabel("dev", "localhost", "app")
PROD = TargetLabel("prod", "db.example", "app", protected=True)
SQL = """ALTER TABLE assessments
  ALTER COLUMN due_on SET NOT NULL;"""
RISK = Risk(backup="none", review="medium", testing="standard")
Perform = Callable[[Context, Intent], Outcome]


@dataclass
class Scripted:
    """An action that shows and does what it is given."""

    signature: Signature
    shown: Preview
    does: Perform = lambda _context, _intent: Outcome(summary="as planned")
    finding: Finding = field(default_factory=lambda: Finding(ground="unknown"))

    def preview(self, context: Context) -> Preview:
        return self.shown

    def perform(self, context: Context, intent: Intent) -> Outcome:
        return self.does(context, intent)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        return self.finding

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        raise NotImplementedError


def approve(context: Context, intent: Intent) -> Outcome:
    """What a review makes of its answer."""
    if intent.answer == "approve":
        return Outcome(summary="approved", outputs={"approved": True})
    return Outcome(name="rejected", summary="not yet right")


REVIEW = Preview(
    summary="One unit, one statement.",
    target=DEV,
    effect=False,
    blocks=(
        Code(SQL, "sql", "Up"),
        Prose("blocks: full scan under ACCESS EXCLUSIVE", "warning"),
        Table(("table", "rows", "size"), (("assessments", "41 200", "9 MB"),), "At stake"),
    ),
    prompt=Choose(
        key="review",
        question="Is this the SQL you want?",
        why="What you approve is exactly what will be deployed: its digest is bound to your answer.",
        stakes=Stakes(
            "this text is approved for every environment", "41 200 rows, about 0.3 s on dev", "edit and generate again"
        ),
        target=DEV,
        options=(
            Option("approve", "Approve this text", "nothing is changed yet"),
            Option("edit", "Edit again"),
            Option("drop", "Drop the change", "the revision file is removed", "danger"),
        ),
        default="approve",
    ),
)
ACTIONS = {
    "edit": Scripted(
        Signature("edit", "Edit the models", stage="edited"),
        Preview(summary="Open the models in your editor.", effect=False),
        lambda _context, _intent: Outcome(summary="2 files changed"),
    ),
    "review": Scripted(
        Signature("review", "Review the SQL", outcomes={"rejected": "not right"}, stage="reviewed"), REVIEW, approve
    ),
    "deploy": Scripted(
        Signature("deploy", "Deploy", stage="deployed"),
        Preview(summary="Run 1 statement.", target=PROD),
        lambda _context, _intent: Outcome(summary="1 statement in 0.3 s"),
    ),
}


def source(name: str) -> Source:
    """A source no file stands behind."""
    return Source(f"{name}.yaml", name)


MODIFY = Workflow(
    id="modify-table",
    title="Change existing tables",
    when="You change columns, types or constraints of tables that exist.",
    risk=Risk(backup="needed", review="high", testing="thorough"),
    inputs=(
        Input(name="message", ask="Say in one line what this change is for", pattern=r"\S.{2,70}", hint="3-70 letters"),
    ),
    steps=(
        Step(id="edit", title="Edit the models", why="The database follows the models.", action="edit"),
        Step(id="review", title="Review the SQL", action="review", on={"rejected": ToStep("edit")}),
        Step(id="deploy", title="Deploy to prod", action="deploy"),
    ),
    source=source("modify-table"),
)
CHECK = Workflow(
    id="check",
    title="Just look",
    when="You want to know where things stand.",
    risk=RISK,
    steps=(Step(id="edit", title="Look", action="edit", on={"ok": End("done")}),),
    source=source("check"),
)
TREE = Tree(
    root="start",
    questions=(
        Question(
            id="start",
            ask="What are you trying to do?",
            why="Table changes and sign-in changes take different routes.",
            choices=(
                Choice(
                    key="tables",
                    label="Change tables",
                    note="add, modify or remove tables",
                    because="the database shall follow the models",
                    to=ToQuestion("tables"),
                ),
                Choice(key="look", label="Just look", note="is everything as the code says?", to=ToWorkflow("check")),
                Choice(
                    key="broke",
                    label="Something broke",
                    note="go back to safety, step by step",
                    to=ToWorkflow("check"),
                    emergency=True,
                ),
            ),
        ),
        Question(
            id="tables",
            ask="What kind of change is it?",
            choices=(
                Choice(key="modify", label="Modify tables", note="columns, types", to=ToWorkflow("modify-table")),
                Choice(key="look", label="I am not sure", to=ToWorkflow("check")),
            ),
        ),
    ),
)
LIBRARY = Library(TREE, {"modify-table": MODIFY, "check": CHECK}, (), {"modify-table": "text", "check": "text"})


class MemoryHouse:
    """A `House` whose parts a test can replace before the visit."""

    def __init__(self, library: Library = LIBRARY, actions: Mapping[str, Action] | None = None) -> None:
        self.title = "practice project"
        self.books = library
        self.actions: dict[str, Action] = dict(ACTIONS if actions is None else actions)
        self.journal = MemoryJournal()
        self.known: tuple[EnvironmentState, ...] = (
            EnvironmentState(name="dev", standing="current"),
            EnvironmentState(name="prod", standing="current", protected=True),
        )
        self.open_runs: tuple[RunSummary, ...] = ()
        self.remedies: tuple[Remedy, ...] = ()
        self.cancelled = threading.Event()
        self._token = CancelToken()

    def library(self) -> Library:
        return self.books

    def known_environments(self) -> tuple[EnvironmentState, ...]:
        return self.known

    def environments(self) -> tuple[EnvironmentState, ...]:
        return self.known

    def unfinished(self) -> tuple[RunSummary, ...]:
        return self.open_runs

    def runs(self, limit: int = 200) -> tuple[RunSummary, ...]:
        return tuple(
            RunSummary(
                run=record.header.id,
                workflow=record.header.workflow,
                title=record.header.title,
                status=record.status,
                started_at=record.header.started_at,
                updated_at=time.time(),
            )
            for record in self.journal.records(limit)
        )

    def record(self, run: str) -> tuple[Event, ...]:
        return told(self.journal.record(run).header, self.journal.entries(run))

    def transcript(self, run: str) -> str:
        return f"# {self.journal.record(run).header.title}\n"

    def typical_seconds(self, workflow: str) -> float | None:
        return 95.0

    def start(
        self,
        workflow: str,
        operator: Operator,
        *,
        inputs: Mapping[str, JsonValue] | None = None,
        answers: tuple[str, ...] = (),
        dry: bool = False,
    ) -> executor.RunResult:
        if workflow not in self.books.workflows:
            raise UsageError(f"There is no workflow {workflow}.", remedy="Look at the list.")
        self._token = CancelToken()
        return executor.run(
            self.books.workflows[workflow],
            "text",
            self.actions,
            self.journal,
            operator.sink,
            operator.asker,
            inputs=inputs,
            options=executor.Options(dry=dry, cancel=self._token, walk=answers, protected=frozenset({"deployed"})),
        )

    def resume(self, run: str, operator: Operator, *, take_over: bool = False) -> executor.RunResult:
        self._token = CancelToken()
        return executor.resume(
            run,
            lambda _text, _digest: MODIFY,
            self.actions,
            self.journal,
            operator.sink,
            operator.asker,
            options=executor.Options(take_over=take_over, cancel=self._token),
        )

    def cancel(self, exit_code: ExitCode = ExitCode.INTERRUPTED) -> None:
        self.cancelled.set()
        self._token.cancel(exit_code)

    def troubleshoot(self, text: str) -> tuple[Remedy, ...]:
        return self.remedies
