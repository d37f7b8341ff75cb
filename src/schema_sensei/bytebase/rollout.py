"""Brings one sheet to its databases: plan, checks, issue, approval, tasks; each step finds what an earlier try did."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ..terms.errors import SenseiError, TimedOutError
from .client import Client
from .delivery import Delivery, Pace, Watcher
from .errors import BytebaseError, ExistsError, ForbiddenError, PreconditionError
from .finding import find
from .plans import Approval, CheckResult, CheckStatus, Issue, IssueStatus, Plan, PlanCheck
from .polling import Poll
from .refused import (
    AwaitingApproval,
    ChecksBrokenError,
    ChecksRefusedError,
    OtherPlanError,
    RejectedError,
    TasksFailedError,
    Trouble,
    WithdrawnError,
)
from .tasks import Rollout as RolloutResource
from .tasks import Stage, Task, TaskRun, TaskStatus

_TRIES = 3
_SHOWN_LOGS = 3
_OVER = (TaskStatus.DONE, TaskStatus.SKIPPED)


@dataclass(frozen=True, slots=True)
class Delivered:
    """All tasks are DONE. `earlier` means that they were when this try began: nothing was run now."""

    plan: str
    issue: str
    tasks: tuple[Task, ...]
    runs: tuple[TaskRun, ...] = ()
    earlier: bool = False


class Rollout:
    """The way of one delivery. Nothing is remembered here: where it stands is read from the server each time."""

    def __init__(self, client: Client, delivery: Delivery, watch: Watcher, pace: Pace | None = None) -> None:
        self._client = client
        self._delivery = delivery
        self._watch = watch
        self._pace = pace or Pace()

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
            issue = self._issue(plan)
            rollout = self._approved_rollout(plan, issue)
        else:
            if plan.issue:
                self._tell_approval(self._client.issue(plan.issue))
            found = self._client.rollout(plan.name)
            rollout = found if found is not None else self._client.create_rollout(plan.name)
        ours = self._ours(rollout)
        if earlier and ours and all(task.status in _OVER for task in ours):
            if any(task.status is TaskStatus.SKIPPED for task in ours):
                raise self._failed(plan, ours)
            return Delivered(plan.name, plan.issue, ours, earlier=True)
        return self._run_stages(plan, rollout)

    def standing(self) -> "Standing":
        """Look, without touching anything, what there is of this delivery."""
        found = find(self._client, self._delivery)
        plan = _preferred(found.own)
        if plan is None:
            return Standing()
        issue = self._client.issue(plan.issue) if plan.issue else None
        rollout = self._client.rollout(plan.name) if plan.has_rollout else None
        tasks = self._ours(rollout) if rollout is not None else ()
        troubles = self._troubles(plan, [t for t in tasks if t.status.settled and t.status is not TaskStatus.DONE])
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
        for target in delivery.targets[:1] if len(delivery.targets) == 1 else ():
            self._client.sync(target)
        if len(delivery.targets) > 1 and not _is_group(delivery.targets[0]):
            self._client.sync_all(delivery.targets)
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
        self._watch.note(f"{error.what} Looking whether the plan was made.")
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
                self._watch.note(f"Closing {plan.name}: a lost answer had made it twice.")
                self._client.close_plan(plan.name)

    # checks ---------------------------------------------------------------------------------------------------------

    def _check(self, plan: Plan, *, earlier: bool) -> None:
        checked = self._checked(plan)
        again = earlier or (checked is not None and checked.status is not CheckStatus.DONE)
        if checked is not None and again and (checked.status is not CheckStatus.DONE or _stopping(checked)):
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
                self._watch.note(f"Bytebase's checks warn: {result}")

    def _checked(self, plan: Plan) -> PlanCheck | None:
        poll = Poll(self._pace, self._watch, most=self._pace.most, limit=self._pace.checks)
        while True:
            check = poll.ask(lambda: self._client.plan_check(plan.name))
            if check is None or check.status in (CheckStatus.DONE, CheckStatus.FAILED, CheckStatus.CANCELED):
                return check
            if poll.over:
                return check
            poll.pause()

    # issue and approval ---------------------------------------------------------------------------------------------

    def _issue(self, plan: Plan) -> Issue:
        if plan.issue:
            return self._client.issue(plan.issue)
        self._watch.before_submitting()
        delivery = self._delivery
        attempt = 1
        while True:
            try:
                issue = self._client.create_issue(
                    delivery.project, plan.name, delivery.title, delivery.description, [delivery.label]
                )
            except BytebaseError as error:
                if not (error.ambiguous or isinstance(error, ExistsError)):
                    raise
                poll = Poll(self._pace, self._watch, most=self._pace.most)
                now = poll.ask(lambda: self._client.plan(plan.name))
                if now is not None and now.issue:
                    return self._client.issue(now.issue)
                if attempt >= _TRIES:
                    raise
                attempt += 1  # a second one is refused by the server: asking again does no harm
                poll.pause()
            else:
                self._watch.note(f"Issue: {self._client.page(issue.name)}")
                return issue

    def _approved_rollout(self, plan: Plan, issue: Issue) -> RolloutResource:
        for attempt in range(1, _TRIES + 1):
            settled = self._await_approval(issue)
            self._tell_approval(settled)
            try:
                return self._client.create_rollout(plan.name)
            except PreconditionError:  # the approval went stale in between
                if attempt == _TRIES:
                    raise
                issue = self._client.issue(issue.name)
            except ForbiddenError:
                return self._made_by_the_server(plan)
        raise AssertionError("the last attempt returns or raises")

    def _tell_approval(self, issue: Issue) -> None:
        if issue.approval is Approval.SKIPPED:
            self._watch.note("The server asks for no approval.")
        elif issue.approval is Approval.APPROVED:
            who = ", ".join(principal.removeprefix("users/") for _, principal in issue.approvers)
            self._watch.note(f"Approved by {who}." if who else "Approved.")

    def _await_approval(self, issue: Issue) -> Issue:
        poll = Poll(self._pace, self._watch, most=self._pace.most)
        waiting: Poll | None = None
        nudged = False
        while True:
            if issue.status is IssueStatus.CANCELED:
                raise WithdrawnError("cancelled the issue", self._client.page(issue.name))
            if issue.status is IssueStatus.DONE or issue.approval in (Approval.APPROVED, Approval.SKIPPED):
                return issue
            if issue.approval is Approval.REJECTED:
                raise RejectedError(issue, self._client.comments(issue.name), self._client.page(issue.name))
            if issue.approval is Approval.PENDING:
                if waiting is None:
                    role = issue.awaited.removeprefix("roles/") or "a reviewer"
                    self._watch.note(f"Waiting for the approval of {role}: {self._client.page(issue.name)}")
                    waiting = Poll(self._pace, self._watch, most=self._pace.approval_most, limit=self._pace.approval)
                if waiting.over:
                    raise AwaitingApproval(issue, self._client.page(issue.name))
                waiting.pause()
            else:
                if poll.waited > self._pace.checks / 10 and not nudged:
                    self._client.retry_approval(issue.name)
                    nudged = True
                if poll.waited > self._pace.checks:
                    raise ChecksBrokenError(
                        "Bytebase does not find out who has to approve this.",
                        means="Nothing was run.",
                        remedy=f"Look at the issue there, then try again: {self._client.page(issue.name)}",
                    )
                poll.pause()
            issue = poll.ask(partial(self._client.issue, issue.name))

    def _made_by_the_server(self, plan: Plan) -> RolloutResource:
        """An account that may not make rollouts waits for the server, which makes them after an approval."""
        poll = Poll(self._pace, self._watch, most=self._pace.most, limit=10 * self._pace.settle)
        while True:
            rollout = poll.ask(lambda: self._client.rollout(plan.name))
            if rollout is not None:
                return rollout
            if poll.over:
                return self._client.create_rollout(plan.name)  # raises the refusal
            poll.pause()

    # tasks ----------------------------------------------------------------------------------------------------------

    def _run_stages(self, plan: Plan, rollout: RolloutResource) -> Delivered:
        if not self._ours(rollout):
            raise BytebaseError(
                f"The rollout has no task for {', '.join(self._delivery.targets)}.",
                means="The database has no environment on the server, or was moved. Nothing was run.",
                remedy=f"Look at it: {self._client.page(plan.name)}; sensei bytebase check names what is amiss.",
            )
        self._foreign(plan, rollout)
        tasks: tuple[Task, ...] = ()
        for stage in rollout.stages:
            tasks += self._run_stage(plan, stage)
        return Delivered(plan.name, plan.issue, tasks)

    def _run_stage(self, plan: Plan, stage: Stage) -> tuple[Task, ...]:
        start = _Start(self._client, f"{plan.name}/rollout", self._watch)
        poll = Poll(self._pace, self._watch, most=self._pace.most)
        logs = _Logs(self._client, self._watch, f"{plan.name}/rollout")
        tasks = self._ours_in(stage)
        start.again = {task.name for task in tasks if task.status in (TaskStatus.FAILED, TaskStatus.CANCELED)}
        while True:
            started = start.due(stage, tasks)
            if not started and all(task.status.settled for task in tasks):
                if any(task.status is not TaskStatus.DONE for task in tasks):
                    raise self._failed(plan, tasks)
                return tasks
            try:
                poll.pause()
            except BaseException as leaving:
                if not isinstance(leaving, SenseiError) or isinstance(leaving, TimedOutError):
                    self._cancel(plan)
                raise
            now = poll.ask(lambda: self._client.rollout(plan.name))
            found = next((each for each in now.stages if each.name == stage.name), stage) if now else stage
            tasks = self._ours_in(found)
            if poll.waited > self._pace.log_after:
                logs.show(tasks)

    def _cancel(self, plan: Plan) -> None:
        """Ask the server to stop what runs; best effort, what became of it is looked into when the run goes on."""
        until = time.monotonic() + self._pace.settle
        asked = False
        try:
            while running := [run for run in self._client.task_runs(f"{plan.name}/rollout") if run.status.at_work]:
                for task in dict.fromkeys(run.task for run in running):
                    self._client.cancel_runs(task, [run.name for run in running if run.task == task])
                if not asked:
                    self._watch.note("Asked Bytebase to cancel the running task.")
                asked = True
                if time.monotonic() > until:
                    return
                time.sleep(min(self._pace.most, 0.2))
        except BytebaseError as error:
            if not asked:
                self._watch.note(f"The running task could not be cancelled: {error.what}")

    def _foreign(self, plan: Plan, rollout: RolloutResource) -> None:
        """Say so when tasks run, or are done, that nobody started through us."""
        if not any(task.status.at_work for task in self._ours(rollout)):
            return
        for run in self._client.task_runs(rollout.name):
            if run.status.at_work:
                who = run.creator.removeprefix("users/")
                mine = run.creator == plan.creator
                words = (
                    "it was started before, or its environment runs tasks by itself" if mine else f"{who} started it"
                )
                self._watch.note(f"A task is running already: {words}.")
                return

    def _ours(self, rollout: RolloutResource) -> tuple[Task, ...]:
        return tuple(task for stage in rollout.stages for task in self._ours_in(stage))

    def _ours_in(self, stage: Stage) -> tuple[Task, ...]:
        return tuple(task for task in stage.tasks if task.spec == self._delivery.spec.id)

    def _failed(self, plan: Plan, tasks: Sequence[Task]) -> TasksFailedError:
        unhappy = [task for task in tasks if task.status is not TaskStatus.DONE]
        return TasksFailedError(
            self._troubles(plan, unhappy),
            len(tasks) - len(unhappy),
            self._delivery.sql,
            self._client.page(f"{plan.name}/rollout"),
        )

    def _troubles(self, plan: Plan, tasks: Sequence[Task]) -> tuple[Trouble, ...]:
        if not tasks:
            return ()
        last = last_runs(self._client.task_runs(f"{plan.name}/rollout"))
        troubles = []
        for number, task in enumerate(tasks):
            run = last.get(task.name)
            log = self._client.log(run.name) if run is not None and number < _SHOWN_LOGS else ()
            troubles.append(Trouble(task, run, log))
        return tuple(troubles)


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


class _Start:
    """Starts what is to be started; when an answer is lost, only what the server has not begun since."""

    def __init__(self, client: Client, rollout: str, watch: Watcher) -> None:
        self.again: set[str] = set()
        self._client = client
        self._rollout = rollout
        self._watch = watch
        self._attempts = 0

    def due(self, stage: Stage, tasks: Sequence[Task]) -> bool:
        """Run the tasks that have not been started, and those that are to run again; whether there were any."""
        due = [t.name for t in tasks if t.status is TaskStatus.NOT_STARTED or t.name in self.again]
        if not due:
            return False
        self._watch.before_running()
        before: Mapping[str, TaskRun] = last_runs(self._client.task_runs(self._rollout)) if self.again else {}
        try:
            self._client.run_tasks(stage.name, due)
        except BytebaseError as error:
            self._attempts += 1
            if not error.ambiguous or self._attempts >= _TRIES:
                raise
            self._watch.note(f"{error.what} Looking whether the task was started.")
            if self.again:
                now = last_runs(self._client.task_runs(self._rollout))
                self.again = {name for name in self.again if before.get(name) == now.get(name)}
        else:
            self.again = set()
        return True


class _Logs:
    """Shows what running tasks have done so far, and notices SQL that failed while its task still runs."""

    def __init__(self, client: Client, watch: Watcher, rollout: str) -> None:
        self._client = client
        self._watch = watch
        self._rollout = rollout
        self._told: set[str] = set()

    def show(self, tasks: Sequence[Task]) -> None:
        """Look into the logs of a few running tasks."""
        running = [task for task in tasks if task.status is TaskStatus.RUNNING and task.name not in self._told]
        if not running:
            return
        runs = last_runs(self._client.task_runs(self._rollout))
        for task in running[:_SHOWN_LOGS]:
            run = runs.get(task.name)
            failed = next((entry for entry in self._client.log(run.name) if entry.error), None) if run else None
            if failed is not None:
                self._told.add(task.name)
                self._watch.note(
                    f"{task.target}: its SQL has failed already, the server is not done yet: {failed.error}"
                )
                self._watch.stuck(task.target, failed.error)


def last_runs(runs: Sequence[TaskRun]) -> dict[str, TaskRun]:
    """The newest run of each task."""
    return {run.task: run for run in runs}


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


def _is_group(target: str) -> bool:
    return "/databaseGroups/" in target
