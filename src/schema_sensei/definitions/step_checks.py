"""What must hold of one step: its action, parameters, outcomes and every name it mentions."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from ..terms.json import JsonValue
from . import expressions, references
from .problems import Problem, did_you_mean
from .signature import Parameter, Signature
from .spreading import THIS, blocks
from .tree import ToWorkflow
from .workflow import Step, ToStep, Workflow
from .yaml_source import Document, Path

RESERVED: Final = frozenset({"done", "stop", "inputs", "environment", "project", "workflow"})
PROJECT_NAMES: Final = frozenset({"name", "environments"})


_ONLY_EACH: Final = "It has a meaning in steps with `each: later`; elsewhere write environment.first, or one by name."


def mentions(step: Step, path: Path) -> Iterator[tuple[Path, int, str]]:
    """Every dotted name in a step: its path, column and text; what cannot be parsed is told elsewhere."""
    for at, text in _texts(step.with_, (*path, "with")):
        try:
            for piece in references.references(text):
                yield at, piece.column, piece.dotted
        except references.ReferenceSyntaxError:
            continue
    try:
        for name in expressions.names(expressions.parse(step.when)) if step.when else ():
            yield (*path, "when"), name.column, name.dotted
    except expressions.ExpressionError:
        return


def _texts(value: JsonValue, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


class StepChecks:
    """The checks of one step."""

    def __init__(
        self,
        workflow: Workflow,
        document: Document,
        workflows: Collection[str],
        signatures: Mapping[str, Signature] | None,
        step: Step,
        path: Path,
    ) -> None:
        self.workflow = workflow
        self.document = document
        self.workflows = workflows
        self.signatures = signatures
        self.step = step
        self.path = path

    def every(self) -> Iterator[Problem]:
        yield from self.destinations()
        yield from self.syntax()
        for at, column, dotted in mentions(self.step, self.path):
            yield from self.name(at, column, dotted)
        if self.signatures is None:
            return
        signature = self.signatures.get(self.step.action)
        if signature is None:
            hint = did_you_mean(self.step.action, self.signatures)
            message = f"there is no action `{self.step.action}`"
            yield self.document.problem("unknown-action", message, (*self.path, "action"), hint)
            return
        yield from self.outcomes(signature)
        yield from self.parameters(signature)
        if signature.dangerous and not signature.undoable and not self.step.confirm:
            message = f"`{signature.name}` may lose data, cannot be undone, and is not asked about"
            hint = "Give the step a `confirm:` question that says what is lost."
            yield self.document.problem("danger-without-undo", message, self.path, hint)

    def destinations(self) -> Iterator[Problem]:
        steps = {step.id for step in self.workflow.steps}
        closed = self.inside_other_blocks()
        for outcome, destination in self.step.on.items():
            path: Path = (*self.path, "on", outcome)
            match destination:
                case ToStep(id=target) if target not in steps:
                    hint = did_you_mean(target, {*steps, "done", "stop"})
                    yield self.document.problem("unknown-step", f"there is no step `{target}`", path, hint)
                case ToStep(id=target) if target in closed:
                    hint = f"Lead to `{closed[target]}`, with which each environment begins."
                    message = f"`{target}` is there once for each environment; from here nobody knows which is meant"
                    yield self.document.problem("into-each", message, path, hint)
                case ToWorkflow(id=target) if target not in self.workflows:
                    hint = did_you_mean(target, self.workflows, "workflow")
                    yield self.document.problem("unknown-workflow", f"there is no workflow `{target}`", path, hint)
                case _:
                    pass

    def inside_other_blocks(self) -> Mapping[str, str]:
        """The steps in the middle of blocks with `each:` other than this step's own, and how these blocks begin."""
        others = (block for block in blocks(self.workflow) if block[0].each and self.step not in block)
        return {step.id: block[0].id for block in others for step in block[1:]}

    def syntax(self) -> Iterator[Problem]:
        for key, text in (("title", self.step.title), ("why", self.step.why), ("confirm", self.step.confirm)):
            if f"{{{THIS}}}" in text and not self.step.each:
                yield self.document.problem(
                    "unknown-name", "no environment is `this` here", (*self.path, key), _ONLY_EACH
                )
        if self.step.when:
            yield from expression_problems(self.step.when, self.document, (*self.path, "when"))
        for at, text in _texts(self.step.with_, (*self.path, "with")):
            try:
                references.parse(text)
            except references.ReferenceSyntaxError as error:
                line, column = self.document.mark_within(at, error.column)
                yield Problem(self.document.file, line, column, "bad-reference", error.message, error.hint)

    def name(self, at: Path, column: int, dotted: str) -> Iterator[Problem]:
        owner, _, rest = dotted.partition(".")
        first = rest.partition(".")[0]
        problem = self.unknown_name(owner, first)
        if problem:
            code, message, hint = problem
            line, place = self.document.mark_within(at, column)
            yield Problem(self.document.file, line, place, code, f"{message} (`{dotted}`)", hint)

    def unknown_name(self, owner: str, name: str) -> tuple[str, str, str] | None:
        """The code, message and hint when `owner.name` does not exist."""
        inputs = {one.name for one in self.workflow.inputs}
        steps = {step.id: step for step in self.workflow.steps}
        match owner:
            case "inputs":
                if name not in inputs:
                    return "unknown-input", f"there is no input `{name}`", did_you_mean(name, inputs, "input")
            case "project":
                if name not in PROJECT_NAMES:
                    return "unknown-name", f"a project has no `{name}`", did_you_mean(name, PROJECT_NAMES)
            case "environment":
                if not name:
                    return "unknown-name", "which environment is meant?", "Write environment.first, or one by name."
                if f"{owner}.{name}" == THIS and not self.step.each:
                    return "unknown-name", "no environment is `this` here", _ONLY_EACH
            case _ if owner not in steps:
                known = {*steps, "inputs", "environment", "project"}
                return "unknown-reference", f"there is no step `{owner}`", did_you_mean(owner, known)
            case _:
                signature = (self.signatures or {}).get(steps[owner].action)
                if signature and name not in signature.outputs:
                    message = f"step `{owner}` ({signature.name}) gives no `{name}`"
                    return "unknown-output", message, did_you_mean(name, signature.outputs, "output")
        return None

    def outcomes(self, signature: Signature) -> Iterator[Problem]:
        known = {"ok", *signature.outcomes}
        for outcome in self.step.on:
            if outcome not in known:
                message = f"`{signature.name}` has no outcome `{outcome}`"
                hint = did_you_mean(outcome, known)
                yield self.document.problem("unknown-outcome", message, (*self.path, "on", outcome), hint, key=True)
        for outcome, meaning in signature.outcomes.items():
            if outcome not in self.step.on and outcome != "failed":  # a failure may end the run where it happens
                message = f"step `{self.step.id}` does not say where `{outcome}` leads"
                hint = f"Add `{outcome}` to its `on:`. It means: {meaning}"
                yield self.document.problem("unhandled-outcome", message, self.path, hint)

    def parameters(self, signature: Signature) -> Iterator[Problem]:
        given, path = self.step.with_, (*self.path, "with")
        for name, parameter in signature.parameters.items():
            if parameter.required and name not in given:
                message = f"step `{self.step.id}` does not say `{name}`"
                hint = f"Add `{name}` to its `with:`. {parameter.doc}"
                yield self.document.problem("missing-parameter", message, self.path, hint)
        for name, value in given.items():
            known = signature.parameters.get(name)
            if known is None:
                message = f"`{signature.name}` takes no `{name}`"
                hint = did_you_mean(name, signature.parameters, "parameter")
                yield self.document.problem("unknown-parameter", message, (*path, name), hint, key=True)
            else:
                yield from self.fit(name, value, known)

    def fit(self, name: str, value: JsonValue, parameter: Parameter) -> Iterator[Problem]:
        path: Path = (*self.path, "with", name)
        try:
            if references.whole(value):
                return
            mixed = bool(references.references(value))
        except references.ReferenceSyntaxError:
            return
        expected = _misfit(value, parameter)
        if expected:
            yield self.document.problem("wrong-type", f"`{name}` must be {expected}", path, parameter.doc)
        elif parameter.choices and not mixed and value not in parameter.choices:
            hint = did_you_mean(str(value), parameter.choices)
            yield self.document.problem("bad-value", f"`{name}` cannot be {value!r}", path, hint)


def _misfit(value: JsonValue, parameter: Parameter) -> str:
    """What the parameter takes, when this literal value is something else; else empty."""
    match parameter.type:
        case "text" | "environment":
            return "" if isinstance(value, str) and value else "a text"
        case "integer":
            return "" if isinstance(value, int) and not isinstance(value, bool) else "a whole number"
        case "boolean":
            return "" if isinstance(value, bool) else "true or false"
        case "list":
            return "" if isinstance(value, list | tuple) else "a list"
        case "change":
            return "the output of an earlier step, such as {generate.change}"


def expression_problems(text: str, document: Document, path: Path) -> Iterator[Problem]:
    """The problem of a text that should be an expression."""
    try:
        expressions.parse(text)
    except expressions.ExpressionError as error:
        line, column = document.mark_within(path, error.column)
        yield Problem(document.file, line, column, "bad-expression", error.message, error.hint)
