"""Why: why this question, why this workflow, why this step; in the words the definitions give."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..definitions.tree import Question
    from ..definitions.workflow import Input, Risk, Step, Workflow
    from .walk import Walk

_BACKUP = {
    "none": "no backup needed",
    "needed": "backup of the definition",
    "with-data": "backup with its data",
    "of-the-present": "backup of the present state",
}


def why_question(question: Question) -> str:
    """Why we ask; the choices' notes when the definition gives no reason."""
    if question.why:
        return question.why
    return "The answer decides which workflow fits:\n" + "\n".join(
        f"{choice.label}: {choice.note}" for choice in question.choices if choice.note
    )


def because(walk: Walk) -> tuple[str, ...]:
    """The reasons for where the walk led, one line per answer."""
    return tuple(
        f"{crumb.choice.label}: {crumb.choice.because}" if crumb.choice.because else crumb.choice.label
        for crumb in walk.crumbs
    )


def why_workflow(workflow: Workflow, walk: Walk | None = None) -> str:
    """When this workflow is right, and which answers led to it."""
    reasons = because(walk) if walk is not None and walk.workflow == workflow.id else ()
    return "\n".join([workflow.when, *(f"- {reason}" for reason in reasons)])


def why_step(step: Step) -> str:
    """Why this step is there; its title when the definition gives no reason."""
    return step.why or step.title


def why_input(given: Input) -> str:
    """Why this is asked before the first step."""
    return given.why or given.hint or "The steps of this workflow need it."


def risk_words(risk: Risk) -> str:
    """The risk in one line: "no backup needed · medium review · standard testing"."""
    return f"{_BACKUP[risk.backup]} · {risk.review} review · {risk.testing} testing"
