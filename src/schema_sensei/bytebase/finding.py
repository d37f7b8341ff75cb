"""Finds what a delivery left on the server, and who else is about to change the same databases."""

from dataclasses import dataclass

from .client import Client
from .delivery import Delivery
from .plans import IssueStatus, Plan
from .tasks import TaskStatus

_FEW, _MANY = 100, 1000
_WAITING = (TaskStatus.NOT_STARTED, TaskStatus.PENDING, TaskStatus.AVAILABLE, TaskStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class Found:
    """The plans of a delivery, oldest first, and open plans of others on its databases."""

    own: tuple[Plan, ...]
    others: tuple[Plan, ...]


def find(client: Client, delivery: Delivery) -> Found:
    """Look at the newest plans, and behind them at the numbers of those that the list hides."""
    listed = client.newest_plans(delivery.project, _FEW)
    if len(listed) == _FEW and listed[-1].number > delivery.after + 1:
        listed = client.newest_plans(delivery.project, _MANY)
    known = {plan.number: plan for plan in listed}
    hidden = _hidden(client, delivery, known)
    own = sorted(
        (plan for plan in (*known.values(), *hidden) if delivery.owns(plan) and not plan.closed),
        key=lambda plan: plan.number,
    )
    others = open_on(listed, delivery.environment, delivery.targets)
    return Found(tuple(own), tuple(plan for plan in others if not delivery.owns(plan)))


def open_on(plans: tuple[Plan, ...], environment: str, targets: tuple[str, ...]) -> tuple[Plan, ...]:
    """Plans that may still change one of these databases: not rolled out yet, or with tasks there that are not over."""
    wanted = set(targets)

    def still_open(plan: Plan) -> bool:
        if plan.closed or not any(wanted & set(spec.targets) for spec in plan.specs):
            return False
        if plan.issue_status is IssueStatus.CANCELED:
            return False
        if not plan.has_rollout:
            return bool(plan.issue)
        counts = (plan.stages or {}).get(environment, {})
        return any(counts.get(status) for status in _WAITING)

    return tuple(plan for plan in plans if still_open(plan))


def highest(plans: tuple[Plan, ...]) -> int:
    """The highest plan number among these; 0 for none."""
    return max((plan.number for plan in plans), default=0)


def _hidden(client: Client, delivery: Delivery, known: dict[int, Plan]) -> list[Plan]:
    """Plans without an issue: in the gaps between the listed ones, and behind the last."""
    last = max(known, default=0)
    gaps = (number for number in range(delivery.after + 1, last) if number not in known)
    asked = (client.plan(f"{delivery.project}/plans/{number}") for number in gaps)
    found = [plan for plan in asked if plan is not None]
    number = max(last, delivery.after, 100) + 1  # the server's first number is 101
    while (plan := client.plan(f"{delivery.project}/plans/{number}")) is not None:
        found.append(plan)
        number += 1
    return found
