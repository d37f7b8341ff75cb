"""The target on the top line: where the step in work points, or where the change goes next."""

from collections.abc import Sequence

from textual.content import Content

from ....terms.targets import TargetLabel
from ...requests import EnvironmentState
from ..literal import one_line
from ..marks import QUIET
from .decision import where
from .view import RunView


def target_line(target: TargetLabel | None, view: RunView, environments: Sequence[EnvironmentState]) -> Content:
    """The target; for a step that has none, dim, where the change was last or goes next: no screen is without one."""
    name = Content.styled("target  ", QUIET)
    if target is not None:
        return name + where(target)
    last = next((step.target for step in reversed(view.steps[: (view.current or 0) + 1]) if step.target), None)
    if last is not None:
        return Content.assemble(name, (f"{one_line(last.environment)} (last)", QUIET))
    done = view.ended is not None and view.ended.status == "done"
    going = None if done else next_environment(view, environments)
    if going is None:
        return Content.assemble(name, ("none", QUIET))
    protected = Content.styled(" PROTECTED", "$warning") if going.protected else Content("")
    return Content.assemble(name, (f"{one_line(going.name)} (next)", QUIET), protected)


def next_environment(view: RunView, environments: Sequence[EnvironmentState]) -> EnvironmentState | None:
    """The first environment that the change has still to reach; the first of all for a run that reaches none."""
    by_name = {each.name: each for each in environments}
    ahead = (by_name[stage.name] for stage in view.stages if stage.name in by_name and stage.state != "reached")
    return next(ahead, environments[0] if environments else None)
