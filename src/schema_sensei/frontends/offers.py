"""The words of the guide for front ends that speak in lines: choices, a recommendation, unfinished runs."""

from typing import TYPE_CHECKING

from ..engine.prompts import Option, Tone
from ..guide.explain import because, risk_words
from ..guide.walk import Walk, offered
from .entries import RunSummary
from .house import House
from .requests import EnvironmentState
from .wording import WARNING, Line, ago, one_line, seconds

if TYPE_CHECKING:
    from ..definitions.tree import Question
    from ..definitions.workflow import Workflow


def standing_line(house: House) -> Line:
    """The top line: the project and its environments."""
    places = " · ".join(_standing(state) for state in house.known_environments())
    return Line(" · ".join(part for part in (house.title, places) if part), "good")


def choice_options(question: "Question") -> tuple[Option, ...]:
    """A question's choices as options; the urgent ones last, and marked."""
    choices = sorted(offered(question), key=lambda choice: choice.emergency)
    return tuple(
        Option(
            choice.key,
            f"{WARNING} {choice.label}" if choice.emergency else choice.label,
            choice.note,
            "danger" if choice.emergency else "plain",
        )
        for choice in choices
    )


def crumb_line(walk: Walk) -> tuple[Line, ...]:
    """The answers so far."""
    return (Line(" > ".join(crumb.choice.label for crumb in walk.crumbs), "quiet"),) if walk.crumbs else ()


def environment_lines(states: tuple[EnvironmentState, ...], depth: int = 0) -> tuple[Line, ...]:
    """Where each environment stands, once that is known, in words."""
    return tuple(
        Line(f"{_standing(state)}: {one_line(state.words)}", _TONES.get(state.standing, "warning"), depth)
        for state in states
        if state.words
    )


def recommendation(
    workflow: "Workflow", walk: Walk | None, typical: float | None, states: tuple[EnvironmentState, ...] = ()
) -> tuple[Line, ...]:
    """The workflow that fits, because of which answers, its risk, what it asks, its steps, how long it takes."""
    reasons = because(walk) if walk is not None else ()
    asks = ", ".join(one_line(given.ask) for given in workflow.inputs)
    return (
        Line(f"{workflow.title} ({workflow.id})", "good"),
        Line(one_line(workflow.when), "plain", 1),
        *(Line(f"because {one_line(reason)}", "plain", 1) for reason in reasons),
        *((Line("Now:", "plain", 1), *environment_lines(states, 2)) if states else ()),
        Line(f"Risk: {risk_words(workflow.risk)}", "plain", 1),
        *((Line(f"Asks: {asks}", "plain", 1),) if asks else ()),
        *((Line(f"Takes: about {seconds(typical)}, as before", "plain", 1),) if typical is not None else ()),
        Line("Steps:", "plain", 1),
        *(Line(f"{at} {one_line(step.title)}", "plain", 2) for at, step in enumerate(workflow.steps, 1)),
    )


def unfinished_line(summary: RunSummary, now: float) -> Line:
    """One unfinished run."""
    name = one_line(summary.subject or summary.title)
    position = f", {one_line(summary.position)}" if summary.position else ""
    return Line(f'{WARNING} Unfinished: "{name}" ({summary.run}){position}, {ago(summary.updated_at, now)}', "warning")


_TONES: dict[str, Tone] = {"current": "plain", "behind": "plain"}


def _standing(state: EnvironmentState) -> str:
    return f"{state.name} PROTECTED" if state.protected else state.name
