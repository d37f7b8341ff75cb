"""Doubles for engine tests: an outside world that counts effects, actions on it, operators who follow a script."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from schema_sensei.definitions.signature import Parameter, Signature
from schema_sensei.definitions.tree import Source
from schema_sensei.definitions.workflow import Destination, Input, Risk, Step, Workflow
from schema_sensei.engine.errors import MissingAnswer
from schema_sensei.engine.events import Event, Noted, OutputLine, RunEnded, StepFinished
from schema_sensei.engine.executor import Options, RunResult, resume, run
from schema_sensei.engine.journal import Journal
from schema_sensei.engine.memory import MemoryJournal
from schema_sensei.engine.ports import Action, Asker, Clock, Context, Finding, Ground, Intent, Outcome, Preview, Reply
from schema_sensei.engine.prompts import Block, Confirm, EnterText, Prompt
from schema_sensei.terms.json import JsonObject, JsonValue
from schema_sensei.terms.secrets import Redactor


class Killed(BaseException):
    """The process is gone: nothing between here and the test may catch it."""


@dataclass
class World:
    """What effects change; `log` holds what was done and undone, in order. Survives any kill."""

    log: list[str] = field(default_factory=list)
    handles: list[JsonObject] = field(default_factory=list)

    def present(self, name: str) -> bool:
        return self.log.count(name) > self.log.count(f"undo {name}")


def nothing(_: Context) -> None:
    """Does nothing."""


@dataclass
class Deed:
    """An action with an effect; every behaviour can be replaced by a test.

    `before` and `after` are called around the effect; `sees` overrules what reconcile sees.
    """

    world: World
    name: str = "deed"
    asks: bool = False
    effect: bool = True
    undoable: bool = False
    outcomes: tuple[str, ...] = ()
    stage: str | None = None
    sees: Ground | None = None
    digest: str = "d1"
    before: Callable[[Context], None] = nothing
    after: Callable[[Context], None] = nothing
    outcome: Callable[[Context], Outcome] = lambda context: Outcome(outputs={"value": context.step})
    blocks: tuple[Block, ...] = ()

    @property
    def signature(self) -> Signature:
        return Signature(
            name=self.name,
            summary="",
            parameters={
                "text": Parameter("text", ""),
                "need": Parameter("text", ""),
                "environment": Parameter("environment", ""),
            },
            outcomes=dict.fromkeys(self.outcomes, "an outcome"),
            outputs={"value": ""},
            stage=self.stage,
            effect=self.effect,
            undoable=self.undoable,
        )

    def preview(self, context: Context) -> Preview:
        prompt = Confirm(key=context.step, question=f"Do {context.step}?", digest=self.digest) if self.asks else None
        number = len(self.world.handles)
        return Preview(
            summary=f"does {context.step}",
            prompt=prompt,
            effect=self.effect,
            handle={"number": number},
            blocks=self.blocks,
        )

    def perform(self, context: Context, intent: Intent) -> Outcome:
        context.checkpoint()
        self.world.handles.append(intent.handle)
        self.before(context)
        self.world.log.append(context.step)
        self.after(context)
        return self.outcome(context)

    def reconcile(self, context: Context, intent: Intent) -> Finding:
        if self.sees is not None:
            return Finding(ground=self.sees, seen=("half a table",))
        if not self.world.present(context.step):
            return Finding(ground="absent", seen=("nothing is there",))
        return Finding(ground="applied", outcome=self.outcome(context))

    def undo(self, context: Context, intent: Intent, outcome: Outcome) -> Outcome:
        if not self.undoable:
            raise NotImplementedError
        self.world.log.append(f"undo {context.step}")
        return Outcome(summary="gone again")


@dataclass
class Screen:
    """A sink that remembers."""

    events: list[Event] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def told(self) -> list[Event]:
        """Everything but live output, which the journal keeps in a file."""
        return [event for event in self.events if not isinstance(event, OutputLine)]

    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]

    def finished(self) -> list[StepFinished]:
        return [event for event in self.events if isinstance(event, StepFinished)]

    def endings(self) -> list[RunEnded]:
        return [event for event in self.events if isinstance(event, RunEnded)]


Given: TypeAlias = "JsonValue | BaseException"


class Script:
    """An operator: per prompt key a list of replies, one for each time it is asked; an exception is raised.

    A key that is not in the script, or used up, gets `otherwise` (None: MissingAnswer, as from an answers file).
    """

    def __init__(
        self,
        replies: Mapping[str, Iterable[Given]] | None = None,
        *,
        otherwise: Callable[[Prompt], JsonValue] | None = None,
        by: str = "person",
    ) -> None:
        self.replies = {key: list(given) for key, given in (replies or {}).items()}
        self.otherwise = otherwise
        self.by = by
        self.asked: list[Prompt] = []

    @property
    def keys(self) -> list[str]:
        return [prompt.key for prompt in self.asked]

    def ask(self, prompt: Prompt) -> Reply:
        self.asked.append(prompt)
        left = self.replies.get(prompt.key)
        if left:
            reply = left.pop(0)
            if isinstance(reply, BaseException):
                raise reply
            return Reply(reply, self.by)
        if self.otherwise is None:
            raise MissingAnswer(prompt.key)
        return Reply(self.otherwise(prompt), self.by)


def agree(prompt: Prompt) -> JsonValue:
    """Yes to everything; texts get a text."""
    return "a text" if isinstance(prompt, EnterText) else True


@dataclass
class FakeClock:
    """Time that passes only when a test says so."""

    at: float = 1_000_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


def step(
    step_id: str,
    action: str = "deed",
    *,
    on: Mapping[str, Destination] | None = None,
    when: str = "",
    skippable: bool = False,
    timeout: float | None = None,
    retries: int = 0,
    confirm: str = "",
    **parameters: JsonValue,
) -> Step:
    """A step; what is not said has its default."""
    return Step(
        id=step_id,
        title=step_id.capitalize(),
        action=action,
        with_=parameters,
        on=on or {},
        when=when,
        skippable=skippable,
        timeout=timeout,
        retries=retries,
        confirm=confirm,
    )


def workflow(*steps: Step, inputs: tuple[Input, ...] = (), name: str = "flow") -> Workflow:
    """A workflow of these steps."""
    return Workflow(
        id=name,
        title=f"The {name}",
        when="in a test",
        risk=Risk(backup="none", review="low", testing="standard"),
        inputs=inputs,
        steps=steps,
        source=Source(file=f"{name}.yaml", digest="0" * 64),
    )


@dataclass
class Bench:
    """One workflow on one journal: start it, resume it, as often as a test likes."""

    flow: Workflow
    actions: Mapping[str, Action]
    journal: Journal = field(default_factory=MemoryJournal)
    clock: Clock | None = None
    redactor: Redactor | None = None
    others: tuple[Workflow, ...] = ()
    screen: Screen = field(default_factory=Screen)

    def find(self, workflow_id: str) -> tuple[Workflow, str]:
        return next((flow, f"text of {flow.id}") for flow in self.others if flow.id == workflow_id)

    def parse(self, text: str, digest: str) -> Workflow:
        known = {f"text of {flow.id}": flow for flow in (self.flow, *self.others)}
        return known[text]

    def start(
        self,
        asker: Asker | None = None,
        *,
        inputs: Mapping[str, JsonValue] | None = None,
        variables: JsonObject | None = None,
        options: Options | None = None,
    ) -> RunResult:
        self.screen = Screen()
        return run(
            self.flow,
            f"text of {self.flow.id}",
            self.actions,
            self.journal,
            self.screen,
            asker or Script(),
            inputs=inputs,
            variables=variables,
            clock=self.clock,
            redactor=self.redactor,
            options=options,
            find=self.find,
        )

    def resume(self, run_id: str, asker: Asker | None = None, *, options: Options | None = None) -> RunResult:
        self.screen = Screen()
        return resume(
            run_id,
            self.parse,
            self.actions,
            self.journal,
            self.screen,
            asker or Script(),
            clock=self.clock,
            redactor=self.redactor,
            options=options,
            find=self.find,
        )

    def kinds(self, run_id: str) -> list[str]:
        return [entry.kind for entry in self.journal.entries(run_id)]

    def newest(self) -> str:
        return self.journal.records()[0].header.id


def bench(*steps: Step, world: World | None = None, inputs: tuple[Input, ...] = (), **deed: object) -> Bench:
    """A bench whose steps all do the same deed; `deed` sets its fields."""
    action = Deed(world or World())
    for key, value in deed.items():
        setattr(action, key, value)
    return Bench(workflow(*steps, inputs=inputs), {"deed": action})
