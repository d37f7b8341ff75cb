"""The YAML as people write it: every key, its type and what it is for; the JSON Schema is generated from here.

    tree.yaml             root, questions (id, ask, why, choices), scenarios
    troubleshooting.yaml  entries (id, title, match, means, dangerous, remedy, workflow)
    <any other>.yaml      a workflow: id (the file's name), title, when, risk, inputs, steps

pydantic is imported here and nowhere else; only reading YAML needs it, not the compiled library.
"""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from .workflow import Backup, Each, Review, Testing

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"([1-9]\d{0,5})([smh])", re.ASCII)
_LONGEST: Final = 7 * 24 * 3600


def seconds(value: object) -> float:
    """A duration such as 90 (seconds), "90s", "5m" or "2h" in seconds. Raises ValueError."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found:
        count = float(int(found[1]) * _SECONDS[found[2]])
    elif isinstance(value, int | float) and not isinstance(value, bool):
        count = float(value)
    else:
        raise ValueError("a duration is a number of seconds, or a text such as 90s, 5m or 2h")
    if not 0 < count <= _LONGEST:
        raise ValueError("a duration is longer than nothing and at most 7 days")
    return count


def _checked_duration(value: object) -> object:
    try:
        return seconds(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from None


_NAME = r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$"
_LINE = r"^\S(.*\S)?$"
_DESTINATION = r"^(done|stop|(workflow:)?[a-z][a-z0-9]*([_-][a-z0-9]+)*)$"
_LEAF = r"^(question|workflow):[a-z][a-z0-9]*([_-][a-z0-9]+)*$"

Id = Annotated[str, Field(pattern=_NAME, max_length=60)]
Line = Annotated[str, Field(pattern=_LINE, max_length=200)]
Prose = Annotated[str, Field(min_length=1, max_length=4000)]
Expression = Annotated[str, Field(min_length=1, max_length=1000)]
Duration = Annotated[
    Any,
    AfterValidator(_checked_duration),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": "^[1-9][0-9]*[smh]$"}]}
    ),
]


def _title(wire: type) -> str:
    return wire.__name__.removesuffix("Wire")


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True, model_title_generator=_title)


class ChoiceWire(_Wire):
    """One answer to a question."""

    key: Id
    """Names this answer in deep links, scenarios and the journal; unique within the question."""
    label: Line
    """What the person picks."""
    note: Line = ""
    """A few words beside the label."""
    to: Annotated[str, Field(pattern=_LEAF)]
    """Where it leads: `question:<id>` or `workflow:<id>`."""
    because: Line = ""
    """One line for the recommendation screen: why this answer leads where it leads."""
    when: Expression = ""
    """An expression over `project.*` and `environment.*`; the choice is not offered when it is false."""
    emergency: bool = False
    """Shown apart and marked, reachable at once."""


class QuestionWire(_Wire):
    """One question of the tree. In a team's own tree.yaml, a known id adds choices to that question."""

    id: Id
    """Names the question; choices refer to it as `question:<id>`."""
    ask: Line = ""
    """The question itself, in the person's words. Left out only when adding choices to a known question."""
    why: Prose = ""
    """Why we ask: what hangs on the answer."""
    choices: Annotated[list[ChoiceWire], Field(min_length=1)]
    """The answers, in the order they are shown."""


class ScenarioWire(_Wire):
    """A situation and the workflow it must lead to; walked by the linter."""

    situation: Line
    """What a person would say."""
    answers: Annotated[list[Id], Field(min_length=1, max_length=50)]
    """The keys of the choices that person picks, from the root on."""
    leads_to: Id
    """The workflow the answers must reach."""


class TreeWire(_Wire):
    """The decision tree: questions whose choices lead to questions or to a workflow."""

    root: Id = ""
    """The first question. A team's tree.yaml may leave it out, or put its own question first."""
    questions: Annotated[list[QuestionWire], Field(min_length=1)]
    """Every question, in any order."""
    scenarios: list[ScenarioWire] = []
    """Situations in plain words and where they must lead."""


class RiskWire(_Wire):
    """What is at stake, and what the workflow demands in return."""

    backup: Backup
    """none, needed (structure, and data where it is at risk), with-data, or of-the-present (before a rollback)."""
    review: Review
    """low, medium, or high: every hazard acknowledged one by one."""
    testing: Testing
    """standard, or thorough: tests, drift check, row counts and checksums."""


class InputWire(_Wire):
    """Something the person is asked before the first step."""

    ask: Line
    """The question."""
    why: Prose = ""
    """Why we ask."""
    pattern: Annotated[str, Field(max_length=200)] = ""
    """A regular expression that the whole answer must match."""
    hint: Line = ""
    """The pattern in words, shown when an answer does not match."""
    default: Annotated[str, Field(max_length=1000)] = ""
    """The answer that is proposed."""


class StepWire(_Wire):
    """One step: an action, its parameters, and where its outcomes lead."""

    id: Id = ""
    """Names the step; left out, it is the action's name. done, stop, inputs, environment, project are taken."""
    title: Line = ""
    """The step's line in the list of steps; left out, it is the id in words."""
    why: Prose = ""
    """Why this step is there; shown on `?`."""
    action: Id
    """What it does."""
    with_: Annotated[dict[str, Any], Field(alias="with")] = {}
    """The action's parameters; may hold `{step.output}`, `{inputs.name}`, `{environment.first}`, `{project.name}`."""
    on: dict[Id, Annotated[str, Field(pattern=_DESTINATION)]] = {}
    """Outcome to a step's id, `done`, `stop` or `workflow:<id>`. Without an entry, ok goes on to the next step."""
    when: Expression = ""
    """An expression; when it is false the step is passed over."""
    skippable: bool = False
    """A person may skip it, with a reason that is kept."""
    timeout: Duration = None
    """The longest it may take: seconds, or a text such as 90s, 5m, 2h."""
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    """How often it is repeated by itself after a failure."""
    confirm: Line = ""
    """A question put before the step acts, besides what the action itself asks."""
    each: Each = ""
    """later: the step is there once for each environment after the first, whose name is `{environment.this}`."""


class WorkflowWire(_Wire):
    """A workflow: steps in order, with `on:` for branches and loops."""

    id: Id
    """Names the workflow; the file has the same name."""
    title: Line
    """What it does, in a few words."""
    when: Prose
    """When it is the right one."""
    risk: RiskWire
    """What is at stake."""
    inputs: dict[Id, InputWire] = {}
    """What is asked first, by name."""
    steps: Annotated[list[StepWire], Field(min_length=1)]
    """The steps, in order."""


class TroubleWire(_Wire):
    """A message people meet, and the way out."""

    id: Id
    """Names the entry."""
    title: Line
    """The trouble, in a few words."""
    match: Annotated[list[Annotated[str, Field(min_length=3, max_length=200)]], Field(min_length=1)]
    """Texts found in such messages, whatever the case; `*` stands for anything in between. No regular expressions."""
    means: Prose
    """What it means."""
    dangerous: bool
    """Whether data or service may be at risk."""
    remedy: Prose
    """What to do now."""
    workflow: Id = ""
    """The workflow that helps, if there is one."""


class TroubleshootingWire(_Wire):
    """Messages, what they mean, and what to do now."""

    entries: Annotated[list[TroubleWire], Field(min_length=1)]
    """The entries; of several that fit, the one that matches most of the message comes first."""


Kind = Literal["tree", "workflow", "troubleshooting"]
WIRES: Final[dict[str, type[_Wire]]] = {
    "tree": TreeWire,
    "workflow": WorkflowWire,
    "troubleshooting": TroubleshootingWire,
}
