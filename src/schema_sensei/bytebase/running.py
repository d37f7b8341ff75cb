"""Runs the tasks of a rollout, stage by stage, and says what became of each."""

import time
from collections.abc import Mapping, Sequence

from ..terms.errors import SenseiError, TimedOutError
from .client import Client
from .delivery import Delivery, Pace, Watcher
from .errors import BytebaseError, PreconditionError
from .plans import Plan
from .polling import Poll
from .refused import TasksFailedError, Trouble, cut_out
from .tasks import LogEntry, Rollout, Stage, Task, TaskRun, TaskStatus

_TRIES = 3
_SHOWN_LOGS = 3


class Running:
    """The server would run a later stage before an earlier one, and starts nothing by itself: both is done here."""

    def __init__(self, client: Client, delivery: Delivery, watch: Watcher, pace: Pace) -> None:
        self._client = client
        self._delivery = delivery
        self._watch = watch
        self._pace = pace

    def run(self, plan: Plan, rollout: Rollout) -> tuple[Task, ...]:
        """Run what has not run, stage after stage, until all is DONE. Raises TasksFailedError."""
        if not self.ours(rollout):
            raise BytebaseError(
                f"The rollout has no task for {', '.join(self._delivery.targets)}.",
                means="The database has no environment on the server, or was moved. Nothing was run.",
                remedy=f"Look at it: {self._client.page(plan.name)}; sensei bytebase check names what is amiss.",
            )
        self._foreign(plan, rollout)
        tasks: tuple[Task, ...] = ()
        for stage in rollout.stages:
            tasks += self._run_stage(plan, stage)
        return tasks

    def _run_stage(self, plan: Plan, stage: Stage) -> tuple[Task, ...]:
        start = _Start(self._client, f"{plan.name}/rollout", self._watch)
        poll = Poll(self._pace, self._watch, most=self._pace.most)
        logs = _Logs(self._client, self._watch, f"{plan.name}/rollout", self._delivery.sql)
        tasks = self._ours_in(stage)
        start.again = {task.name for task in tasks if task.status in (TaskStatus.FAILED, TaskStatus.CANCELED)}
        while True:
            started = start.due(stage, tasks)
            if not started and all(task.status.settled for task in tasks):
                if any(task.status is not TaskStatus.DONE for task in tasks):
                    raise self.failed(plan, tasks)
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
                self._watch.warn(f"The running task could not be cancelled: {error.what}")

    def _foreign(self, plan: Plan, rollout: Rollout) -> None:
        """Say so when tasks run, or are done, that nobody started through us."""
        if not any(task.status.at_work for task in self.ours(rollout)):
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

    def ours(self, rollout: Rollout) -> tuple[Task, ...]:
        """The delivery's tasks in a rollout."""
        return tuple(task for stage in rollout.stages for task in self._ours_in(stage))

    def _ours_in(self, stage: Stage) -> tuple[Task, ...]:
        return tuple(task for task in stage.tasks if task.spec == self._delivery.spec.id)

    def failed(self, plan: Plan, tasks: Sequence[Task]) -> TasksFailedError:
        """The error for tasks of which some are not DONE."""
        unhappy = [task for task in tasks if task.status is not TaskStatus.DONE]
        return TasksFailedError(
            self.troubles(plan, unhappy),
            [task for task in tasks if task.status is TaskStatus.DONE],
            self._delivery.sql,
            self._client.page(f"{plan.name}/rollout"),
        )

    def troubles(self, plan: Plan, tasks: Sequence[Task]) -> tuple[Trouble, ...]:
        """Each of these tasks with its last run, and for the first few what its log says."""
        if not tasks:
            return ()
        last = last_runs(self._client.task_runs(f"{plan.name}/rollout"))
        troubles = []
        for number, task in enumerate(tasks):
            run = last.get(task.name)
            log = self._client.log(run.name) if run is not None and number < _SHOWN_LOGS else ()
            troubles.append(Trouble(task, run, log))
        return tuple(troubles)


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
            changed = isinstance(error, PreconditionError)  # skipped by somebody since we looked, for example
            if not (error.ambiguous or changed) or self._attempts >= _TRIES:
                raise
            self._watch.warn(f"{error.what} Looking whether the task was started.")
            if self.again:
                now = last_runs(self._client.task_runs(self._rollout))
                self.again = {name for name in self.again if before.get(name) == now.get(name)}
        else:
            self.again = set()
        return True


class _Logs:
    """Shows what running tasks have done so far, and notices SQL that failed while its task still runs."""

    def __init__(self, client: Client, watch: Watcher, rollout: str, sql: str) -> None:
        self._client = client
        self._watch = watch
        self._rollout = rollout
        self._sql = sql
        self._said: dict[str, dict[int, str]] = {}
        self._failed: set[str] = set()

    def show(self, tasks: Sequence[Task]) -> None:
        """Look into the logs of a few running tasks, and say what is new in them."""
        running = [task for task in tasks if task.status is TaskStatus.RUNNING]
        if not running:
            return
        runs = last_runs(self._client.task_runs(self._rollout))
        for task in running[:_SHOWN_LOGS]:
            run = runs.get(task.name)
            log = self._client.log(run.name) if run is not None else ()
            said = self._said.setdefault(task.name, {})
            for place, entry in enumerate(log):
                words = _words(entry, self._sql)
                if said.get(place) != words:  # new, or told before while it still ran
                    said[place] = words
                    self._watch.note(f"{task.target}: {words}")
            failed = next((entry for entry in log if entry.error), None)
            if failed is not None and task.name not in self._failed:
                self._failed.add(task.name)
                self._watch.warn(f"{task.target}: its SQL has failed already, the server is not done yet.")
                self._watch.stuck(task.target, failed.error)


def _words(entry: LogEntry, sql: str) -> str:
    """A line of a run's log for people."""
    said = entry.words.lower()
    if entry.kind == "COMMAND_EXECUTE":
        text = " ".join(cut_out(sql, entry).split())
        said = f"{'runs' if entry.open else 'ran'} {text[:100]}" + (f" ({entry.words})" if entry.words else "")
    return f"{said}: {entry.error}" if entry.error else said


def last_runs(runs: Sequence[TaskRun]) -> dict[str, TaskRun]:
    """The newest run of each task."""
    return {run.task: run for run in runs}
