"""Brings one sheet to its databases: plan, checks, issue, approval, tasks; each step finds what an earlier try did."""

from collections.abc import Sequence
from dataclasses import dataclass

from .approving import Approving
from .client import Client
from .delivery import Delivery, Pace, Watcher
from .errors import BytebaseError
from .finding import find
from .plans import Approval, CheckResult, CheckStatus, Issue, IssueStatus, Plan, PlanCheck
from .polling import Poll
from .refused import ChecksBrokenError, ChecksRefusedError, OtherPlanError, Trouble
from .running import Running
from .tasks import Task, TaskStatus

_OVER = (TaskStatus.DONE, TaskStatus.SKIPPED)


@dataclass(frozen=True, slots=True)
class Delivered:
    """All tasks are DONE. `earlier` means that they were when this try began: nothing was run now."""

    plan: str
    issue: str
    tasks: tuple[Task, ...]
    earlier: bool = False


class Rollout:
    """The way of one delivery. Nothing is remembered here: where it stands is read from the server each time."""

    def __init__(self, client: Client, delivery: Delivery, watch: Watcher, pace: Pace | None = None) -> None:
        self._client = client
        self._delivery = delivery
        self._watch = watch
        self._pace = pace or Pace()
        self._approving = Approving(client, delivery, watch, self._pace)
        self._running = Running(client, delivery, watch, self._pace)

    def run(self, *, renew: bool = False) -> Delivered:
        """Go on from wherever it stands until every task is DONE.

        Calling it is the decision to go on: tasks that failed or were cancelled run once more, a cancelled issue gets
        a new plan. `renew` passes over a plan of ours that is finished already.

        Raises AwaitingApproval, OtherPlanError, ChecksRefusedError, RejectedError, WithdrawnError, TasksFailedError and
        whatever the client and the watcher raise; after each of them it may be run again.
        """
        plan, earlier = self._plan(renew=renew)
        if not plan.has_rollout:
            self._check(plan, earlier=earlier)
            rollout = self._approving.rollout(plan, self._approving.issue(plan))
        else:
            if plan.issue:
                self._approving.tell(self._client.issue(plan.issue))
            found = self._client.rollout(plan.name)
            rollout = found if found is not None else self._client.create_rollout(plan.name)
        ours = self._running.ours(rollout)
        if earlier and ours and all(task.status in _OVER for task in ours):
            if any(task.status is TaskStatus.SKIPPED for task in ours):
                raise self._running.failed(plan, ours)
            return Delivered(plan.name, plan.issue, ours, earlier=True)
        return Delivered(plan.name, plan.issue, self._running.run(plan, rollout))

    def standing(self) -> "Standing":
        """Look, without touching anything, what there is of this delivery."""
        found = find(self._client, self._delivery)
        plan = _preferred(found.own)
        if plan is None:
            return Standing()
        issue = self._client.issue(plan.issue) if plan.issue else None
        rollout = self._client.rollout(plan.name) if plan.has_rollout else None
        tasks = self._running.ours(rollout) if rollout is not None else ()
        troubles = self._running.troubles(
            plan, [t for t in tasks if t.status.settled and t.status is not TaskStatus.DONE]
        )
        return Standing(plan, issue, tasks, troubles)

    # the plan -------------------------------------------------------------------------------------------------------

    def _plan(self, *, renew: bool) -> tuple[Plan, bool]:
        """The plan, and whether an earlier try had made it."""
        found = find(self._client, self._delivery)
        if found.others:
            other = found.others[0]
            shared = next(t for spec in other.specs for t in spec.targets if t in self._delivery.targets)
            raise OtherPlanError(other, shared, self._client.page(other.name))
        usable = tuple(plan for plan in found.own if not _spent(plan, renew=renew))
        plan = _preferred(usable)
        if plan is not None:
            self._tidy(usable, plan)
            self._watch.note(f"Going on with the plan that is there: {self._client.page(plan.name)}")
            return plan, True
        made = self._make_plan(frozenset(each.name for each in found.own))
        self._watch.note(f"Plan: {self._client.page(made.name)}")
        return made, False

    def _make_plan(self, spent: frozenset[str]) -> Plan:
        delivery = self._delivery
        if len(delivery.targets) > 1:
            self._client.sync_all(delivery.targets)
        elif not _is_group(delivery.targets[0]):
            self._client.sync(delivery.targets[0])
        stored = self._client.create_sheet(delivery.project, delivery.sql)
        if stored != delivery.sheet:
            raise BytebaseError(
                "Bytebase stored another text than the one that was sent.",
                means=f"Sent: {delivery.sheet}. Stored: {stored}. Nothing was run.",
                remedy="Something between here and the server changes what is sent; find it before you deploy.",
            )
        try:
            return self._client.create_plan(delivery.project, delivery.title, delivery.description, [delivery.spec])
        except BytebaseError as error:
            if not error.ambiguous:
                raise
            return self._lost_plan(error, spent)

    def _lost_plan(self, error: BytebaseError, spent: frozenset[str]) -> Plan:
        """The plan of a call whose answer was lost, once it turns up; the error when it does not."""
        self._watch.warn(f"{error.what} Looking whether the plan was made.")
        poll = Poll(self._pace, self._watch, most=self._pace.most, limit=self._pace.settle)
        while True:
            own = tuple(p for p in poll.ask(lambda: find(self._client, self._delivery)).own if p.name not in spent)
            if plan := _preferred(own):
                return plan
            if poll.over:
                raise error
            poll.pause()

    def _tidy(self, own: tuple[Plan, ...], kept: Plan) -> None:
        """Close what a late answer doubled: a plan without an issue never runs by itself."""
        for plan in own:
            if plan.name != kept.name and not plan.issue and not plan.has_rollout:
                self._watch.warn(f"Closing {plan.name}: a lost answer had made it twice.")
                self._client.close_plan(plan.name)

    # checks ---------------------------------------------------------------------------------------------------------

    def _check(self, plan: Plan, *, earlier: bool) -> None:
        checked = self._checked(plan)
        again = earlier or (checked is not None and checked.status is not CheckStatus.DONE)
        if checked is not None and again and (checked.status is not CheckStatus.DONE or _stopping(checked)):
            self._client.run_plan_checks(plan.name)
            checked = self._checked(plan)
        if checked is not None and (unread := _unread(checked)):
            # Reading many schemas anew is not waited for: those that were never read before are read one by one.
            for target in unread:
                self._client.sync(target)
            self._client.run_plan_checks(plan.name)
            checked = self._checked(plan)
        if checked is None:
            return
        if checked.status is not CheckStatus.DONE:
            raise ChecksBrokenError(
                f"Bytebase could not check the plan: {checked.error or checked.status.value}.",
                means="Nothing was run.",
                remedy=f"Try again; the server's log says more. {self._client.page(plan.name)}",
            )
        if stopping := _stopping(checked):
            raise ChecksRefusedError(stopping, self._client.page(plan.name))
        for result in checked.results:
            if result.status == "WARNING":
                self._watch.warn(f"Bytebase's checks warn: {result}")

    def _checked(self, plan: Plan) -> PlanCheck | None:
        poll = Poll(self._pace, self._watch, most=self._pace.most, limit=self._pace.checks)
        while True:
            check = poll.ask(lambda: self._client.plan_check(plan.name))
            if check is None or check.status in (CheckStatus.DONE, CheckStatus.FAILED, CheckStatus.CANCELED):
                return check
            if poll.over:
                return check
            poll.pause()


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a delivery on the server; all empty when nothing is."""

    plan: Plan | None = None
    issue: Issue | None = None
    tasks: tuple[Task, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    @property
    def done(self) -> bool:
        """Whether every task is DONE."""
        return bool(self.tasks) and all(task.status is TaskStatus.DONE for task in self.tasks)

    @property
    def at_work(self) -> bool:
        """Whether a task runs, or is about to."""
        return any(task.status.at_work for task in self.tasks)

    @property
    def unsettled(self) -> tuple[str, ...]:
        """What a person should know before it is tried again; empty where going on is plain."""
        said = [f"{each.task.target}: {each.words}" for each in self.troubles]
        if self.issue is not None and self.issue.status is IssueStatus.CANCELED:
            said.append("Somebody cancelled its issue in Bytebase.")
        if self.issue is not None and self.issue.approval is Approval.REJECTED:
            said.append("A reviewer rejected it in Bytebase.")
        return tuple(said)


def _preferred(plans: Sequence[Plan]) -> Plan | None:
    """Of several plans of one delivery the one that got furthest; the newest of those with an issue."""
    with_issue = [plan for plan in plans if plan.issue or plan.has_rollout]
    if with_issue:
        return with_issue[-1]
    return plans[0] if plans else None


def _spent(plan: Plan, *, renew: bool) -> bool:
    if plan.issue_status is IssueStatus.CANCELED:
        return True
    counts = [(status, count) for stage in (plan.stages or {}).values() for status, count in stage.items() if count]
    return renew and bool(counts) and all(status in _OVER for status, _ in counts)


def _stopping(check: PlanCheck) -> list[CheckResult]:
    return [result for result in check.results if result.stops]


def _unread(check: PlanCheck) -> tuple[str, ...]:
    """The databases that could not be checked, most often because the server has not read their schema yet."""
    return tuple(dict.fromkeys(each.target for each in check.results if each.title == "Check failed" and each.target))


def _is_group(target: str) -> bool:
    return "/databaseGroups/" in target
