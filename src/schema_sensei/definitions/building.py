"""Turns validated wire models into the frozen definitions of `model`, with defaults filled in."""

from .tree import Choice, Question, Scenario, Source, Tree, onward
from .wire import (
    ChoiceWire,
    InputWire,
    QuestionWire,
    StepWire,
    TreeWire,
    TroubleshootingWire,
    WorkflowWire,
    seconds,
)
from .workflow import Input, Risk, Step, Trouble, Workflow, destination


def tree(wire: TreeWire, source: Source) -> Tree:
    """One tree file; root and questions' `ask` are empty where a team's file leaves them out."""
    return Tree(
        root=wire.root,
        questions=tuple(map(_question, wire.questions)),
        scenarios=tuple(
            Scenario(situation=one.situation, answers=tuple(one.answers), leads_to=one.leads_to)
            for one in wire.scenarios
        ),
        sources=(source,),
    )


def workflow(wire: WorkflowWire, source: Source) -> Workflow:
    """One workflow file."""
    return Workflow(
        id=wire.id,
        title=wire.title,
        when=wire.when,
        risk=Risk(backup=wire.risk.backup, review=wire.risk.review, testing=wire.risk.testing),
        inputs=tuple(_input(name, one) for name, one in wire.inputs.items()),
        steps=tuple(map(_step, wire.steps)),
        source=source,
    )


def troubles(wire: TroubleshootingWire) -> tuple[Trouble, ...]:
    """The entries of one troubleshooting file."""
    return tuple(
        Trouble(
            id=one.id,
            title=one.title,
            match=tuple(one.match),
            means=one.means.strip(),
            dangerous=one.dangerous,
            remedy=one.remedy.strip(),
            workflow=one.workflow or None,
        )
        for one in wire.entries
    )


def _question(wire: QuestionWire) -> Question:
    return Question(id=wire.id, ask=wire.ask, why=wire.why.strip(), choices=tuple(map(_choice, wire.choices)))


def _choice(wire: ChoiceWire) -> Choice:
    return Choice(
        key=wire.key,
        label=wire.label,
        to=onward(wire.to),
        note=wire.note,
        because=wire.because,
        when=wire.when,
        emergency=wire.emergency,
    )


def _input(name: str, wire: InputWire) -> Input:
    return Input(
        name=name,
        ask=wire.ask,
        why=wire.why.strip(),
        pattern=wire.pattern,
        hint=wire.hint,
        default=wire.default,
    )


def _step(wire: StepWire) -> Step:
    name = wire.id or wire.action
    words = name.replace("-", " ").replace("_", " ")
    return Step(
        id=name,
        title=wire.title or words[0].upper() + words[1:],
        why=wire.why.strip(),
        action=wire.action,
        with_=wire.with_,
        on={outcome: destination(text) for outcome, text in wire.on.items()},
        when=wire.when,
        skippable=wire.skippable,
        timeout=None if wire.timeout is None else seconds(wire.timeout),
        retries=wire.retries,
        confirm=wire.confirm,
        each=wire.each,
    )
