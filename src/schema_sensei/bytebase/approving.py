"""From a checked plan to its rollout: the issue, which every plan gets, and the approval that the server wants."""

from contextlib import suppress
from functools import partial

from .client import Client
from .delivery import Delivery, Pace, Watcher
from .errors import BytebaseError, EndpointMissingError, ExistsError, ForbiddenError, PreconditionError
from .plans import Approval, Issue, IssueStatus, Plan
from .polling import Poll
from .refused import AwaitingApproval, ChecksBrokenError, RejectedError, WithdrawnError
from .tasks import Rollout

_TRIES = 3


class Approving:
    """A plan without an issue would skip every approval, also where the project demands one: so it always gets one."""

    def __init__(self, client: Client, delivery: Delivery, watch: Watcher, pace: Pace) -> None:
        self._client = client
        self._delivery = delivery
        self._watch = watch
        self._pace = pace

    def issue(self, plan: Plan) -> Issue:
        """The plan's issue, made unless it has one."""
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

    def rollout(self, plan: Plan, issue: Issue) -> Rollout:
        """The plan's rollout, once the issue is approved. Raises AwaitingApproval, RejectedError, WithdrawnError."""
        for attempt in range(1, _TRIES + 1):
            settled = self._await_approval(issue)
            self.tell(settled)
            try:
                return self._client.create_rollout(plan.name)
            except PreconditionError:  # the approval went stale in between
                if attempt == _TRIES:
                    raise
                issue = self._client.issue(issue.name)
            except ForbiddenError:
                return self._made_by_the_server(plan)
        raise AssertionError("the last attempt returns or raises")

    def tell(self, issue: Issue) -> None:
        """Say what became of the approval; a skipped one is none."""
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
                    with suppress(EndpointMissingError):  # not every 3.17 has it
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

    def _made_by_the_server(self, plan: Plan) -> Rollout:
        """An account that may not make rollouts waits for the server, which makes them after an approval."""
        poll = Poll(self._pace, self._watch, most=self._pace.most, limit=10 * self._pace.settle)
        while True:
            rollout = poll.ask(lambda: self._client.rollout(plan.name))
            if rollout is not None:
                return rollout
            if poll.over:
                return self._client.create_rollout(plan.name)  # raises the refusal
            poll.pause()
