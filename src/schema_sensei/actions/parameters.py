"""Reads a step's parameters as the things they stand for."""

from collections.abc import Sequence

from ..changes.change import Change
from ..engine.ports import Context
from ..terms.errors import UsageError


def change(context: Context) -> Change:
    """The step's `change`. Raises UsageError when it is none."""
    try:
        return Change.from_json(context.parameters["change"])
    except ValueError as wrong:
        raise UsageError(
            f"The `change` of step {context.step} is not a change.",
            means=str(wrong),
            remedy='Give it the output of generate or review: change: "{review.change}"',
            where=context.step,
        ) from wrong


def text(context: Context, name: str) -> str:
    """A text; empty when it is not given."""
    value = context.parameters.get(name)
    return "" if value is None else str(value)


def texts(context: Context, name: str) -> tuple[str, ...]:
    """A list of texts; empty when it is not given. Raises UsageError when it is something else."""
    value = context.parameters.get(name)
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise UsageError(
            f"`{name}` of step {context.step} is not a list.", remedy="Write one item per line.", where=context.step
        )
    return tuple(str(each) for each in value)
