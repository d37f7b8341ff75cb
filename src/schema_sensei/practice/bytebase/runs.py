"""Task runs: queued, run one by one on the real database, logged as they go, cancelled; and the calls about them."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from . import access, backup, databases, execution, rollouts, sheets
from .calls import Call, Fields, Route
from .changelogs import settle as settle_changelog
from .changelogs import start as start_changelog
from .refusals import denied, invalid, missing
from .store import Document, Store
from .wire import Body, lean, now
from .world import World

_OPEN = ("PENDING", "AVAILABLE", "RUNNING")
_INSISTENCE = 0.05
"""Seconds between two cancels of the same run."""
ABANDONED = "Task run abandoned: owning replica stopped responding"


def key(run: Document) -> str:
    """Where a run is kept."""
    return f"{run['project']}/{run['number']}"


def of_task(store: Store, task: Document) -> list[Document]:
    """The runs of a task, oldest first."""
    return [each for each in store.all("run") if (each["project"], each["task"]) == (task["project"], task["number"])]


def latest(store: Store, task: Document) -> Document | None:
    """The current run of a task."""
    number = task.get("run")
    return store.get("run", f"{task['project']}/{number}") if number else None


def queue(world: World, task: Document, creator: str, *, run_time: str = "") -> None:
    """A new run of a task, begun after its time or an instant."""
    store, moment = world.store, now()
    run = {
        "project": task["project"],
        "number": store.next_number(task["project"], "run"),
        "task": task["number"],
        "status": "PENDING",
        "creator": creator,
        "created": moment,
        "updated": moment,
        "run_time": run_time,
        "entries": [],
    }
    store.put("run", key(run), run)
    store.put("task", f"{task['project']}/{task['number']}", task | {"run": run["number"]})
    _begin_later(world, run)


def recover(world: World) -> None:
    """Begin what was pending; what a predecessor left running is given up after a while, as nobody knows its end."""
    with world.store.changing():
        for run in world.store.all("run"):
            if run["status"] in ("PENDING", "AVAILABLE"):
                _begin_later(world, run)
            elif run["status"] == "RUNNING":
                world.later(world.pace.abandoned, partial(_finish, world, run, "FAILED", ABANDONED))


def list_all(call: Call) -> Body:
    """GET {task}/taskRuns; `-` stands for every stage and task. Not paged."""
    store = call.world.store
    plan = _plan(call)
    wanted = (call.names["stage"], call.names["task"])
    found = [
        (task, run)
        for task in rollouts.tasks_of(store, plan)
        if wanted[0] in ("-", task["environment"]) and wanted[1] in ("-", str(task["number"]))
        for run in of_task(store, task)
    ]
    found.sort(key=lambda each: each[1]["number"])
    return lean({"taskRuns": [_shown(task, run) for task, run in found]})


def get(call: Call) -> Body:
    """GET {task}/taskRuns/{r}."""
    return lean(_shown(*_demand(call)))


def log(call: Call) -> Body:
    """GET {run}/log."""
    task, run = _demand(call)
    return lean({"name": f"{full_name(task, run)}/log", "entries": run["entries"]})


def session(call: Call) -> Body:
    """GET {run}/session: the backend that runs it, and who blocks it."""
    task, run = _demand(call)
    found = execution.session(call.world, task["target"], run["number"])
    return {"name": f"{full_name(task, run)}/session", "postgres": found}


def preview_rollback(call: Call) -> Body:
    """POST {run}:previewRollback: SQL that puts the backed-up rows back."""
    task, run = _demand(call)
    if run["status"] != "DONE":
        raise invalid(f"task run {run['number']} is not done")
    if not run.get("items"):
        raise invalid(f"task run {run['number']} has no rollback")
    text = sheets.text(call.world.store, task["project"], task["sheet"].rpartition("/")[2])
    return {"statement": backup.restoring(call.world, task["target"], text, run["items"])}


def cancel(call: Call) -> Body:
    """POST {task}/taskRuns:batchCancel: what has not begun is cancelled at once, what runs is asked to stop."""
    world, names = call.world, call.body.get("taskRuns", [])
    if not names:
        raise invalid("task runs cannot be empty")
    if not access.may(world.store, call.caller, "bb.taskRuns.create", call.names["project"]):
        raise denied("Not allowed to cancel tasks")
    chosen = []
    for name in names:
        number = str(name).rpartition("/")[2]
        run = world.store.get("run", f"{call.names['project']}/{number}")
        if run is None:
            raise invalid(f'invalid task run name "{name}"')
        if run["status"] not in _OPEN:
            raise invalid(f"taskRun {number} is not pending, available or running")
        chosen.append(run)
    for run in chosen:
        if run["status"] == "RUNNING":
            run["cancelled"] = True
            world.later(0.0, partial(_stop, world, key(run)))
        else:
            run["status"] = "CANCELED"
        world.store.put("run", key(run), run | {"updated": now()})
    return {}


def _stop(world: World, run_key: str) -> None:
    """Cancel what a run does until it has ended: it may be connecting, or between two statements, when it is asked."""
    import psycopg

    while (run := world.store.get("run", run_key)) and run["status"] == "RUNNING":
        if stop := world.cancelled.get(run_key):
            with suppress(psycopg.Error):  # it has ended meanwhile
                stop()
        if world.stopping.wait(_INSISTENCE):
            return


def full_name(task: Document, run: Document) -> str:
    """The resource name of a run."""
    return f"{rollouts.full_name(task)}/taskRuns/{run['number']}"


def _begin_later(world: World, run: Document) -> None:
    wait = world.pace.scheduled
    if run.get("run_time"):
        moment = datetime.fromisoformat(run["run_time"])
        wait = max(wait, (moment - datetime.now(UTC)).total_seconds())
    world.later(wait, lambda: _run(world, key(run)))


def _run(world: World, run_key: str) -> None:
    """Execute a run from its beginning to its end."""
    store = world.store
    with store.changing():
        run = store.get("run", run_key)
        if run is None or run["status"] not in ("PENDING", "AVAILABLE"):
            return
        run.update(status="RUNNING", started=now(), updated=now())
        store.put("run", run_key, run)
        task = store.get("task", f"{run['project']}/{run['task']}") or {}
        database = databases.by_name(store, task["target"])
    if database is None or database["project"] != task["project"]:
        _finish(world, run, "FAILED", f'target database "{task["target"]}" is not in project "{task["project"]}"')
        return
    diary = execution.Log(world, run_key)
    sheet = sheets.text(store, task["project"], task["sheet"].rpartition("/")[2])
    wrong = _baseline(world, database, diary)
    if not wrong and task["backup"]:
        wrong = backup.make(world, database, sheet, run, diary)
    if wrong:
        _finish(world, run, "FAILED", wrong)
        return
    plan = store.get("plan", f"{task['project']}/{task['plan']}") or {}
    change = start_changelog(world, database, run=full_name(task, run), title=plan["title"])
    wrong = execution.execute(world, database, sheet, run, diary)
    schema = None
    if execution.needs_dump(sheet):
        schema = _dump(world, database, diary)
    settle_changelog(world, change, "FAILED" if wrong else "DONE", schema)
    current = store.get("run", run_key) or run
    if wrong:
        _finish(world, run, "CANCELED" if current.get("cancelled") else "FAILED", wrong)
    else:
        _finish(world, run, "DONE", "")


def _baseline(world: World, database: Document, diary: execution.Log) -> str:
    """Before the first change of a database its schema goes into the history."""
    name = databases.full_name(database)
    if any(each["database"] == name for each in world.store.all("changelog")):
        return ""
    schema = _dump(world, database, diary)
    settle_changelog(world, start_changelog(world, database), "DONE", schema)
    return ""


def _dump(world: World, database: Document, diary: execution.Log) -> str | None:
    diary.write("DATABASE_SYNC", databaseSync={"startTime": now()})
    wrong = databases.refresh(world, database["instance"], database["name"])
    diary.end("databaseSync", error=wrong)
    found = databases.by_name(world.store, databases.full_name(database)) or {}
    return (found.get("snapshot") or {}).get("schema")


def _finish(world: World, run: Document, status: str, detail: str) -> None:
    with world.store.changing():
        current = world.store.get("run", key(run)) or run
        if current["status"] != "RUNNING":
            return
        current.update(status=status, detail="" if status == "CANCELED" else detail, updated=now())
        world.store.put("run", key(run), current)


def _plan(call: Call) -> Document:
    from . import plans

    return plans.demand(call)


def _demand(call: Call) -> tuple[Document, Document]:
    store, project, number = call.world.store, call.names["project"], call.names["run"]
    if not number.isdigit():
        raise invalid(f'failed to get task run uid: invalid task run ID "{number}"')
    run = store.get("run", f"{project}/{number}")
    task = store.get("task", f"{project}/{run['task']}") if run else None
    if run is None or task is None or str(task["plan"]) != call.names["plan"]:
        raise missing(f"task run {number} not found")
    return task, run


def _shown(task: Document, run: Document) -> Body:
    return {
        "name": full_name(task, run),
        "creator": f"users/{run['creator']}",
        "createTime": run["created"],
        "updateTime": run["updated"],
        "status": run["status"],
        "detail": run.get("detail"),
        "startTime": run.get("started"),
        "hasPriorBackup": bool(run.get("items")) and run["status"] == "DONE",
        "runTime": run.get("run_time"),
    }


_T = "/v1/projects/{project}/plans/{plan}/rollout/stages/{stage}/tasks/{task}/taskRuns"
_ONE = f"{_T}/{{run}}"
_CANCEL: Fields = {"parent": str, "taskRuns": [str]}

ROUTES = (
    Route("GET", _T, "RolloutService/ListTaskRuns", "bb.taskRuns.list", list_all),
    Route("POST", f"{_T}:batchCancel", "RolloutService/BatchCancelTaskRuns", "", cancel, _CANCEL),
    Route("GET", _ONE, "RolloutService/GetTaskRun", "bb.taskRuns.list", get),
    Route("GET", f"{_ONE}/log", "RolloutService/GetTaskRunLog", "bb.taskRuns.list", log),
    Route("GET", f"{_ONE}/session", "RolloutService/GetTaskRunSession", "bb.taskRuns.list", session, outside_lock=True),
    Route(
        "POST",
        f"{_ONE}:previewRollback",
        "RolloutService/PreviewTaskRunRollback",
        "bb.taskRuns.list",
        preview_rollback,
        {"name": str},
    ),
)
