"""One sheet on its way through a practice server: done once, found again, refused, failed, awaited."""

from typing import Any

import pytest
from tests.bytebase.practice_house import HURRY, PROJECT, House, Watch

from schema_sensei.bytebase.client import Client
from schema_sensei.bytebase.delivery import Delivery
from schema_sensei.bytebase.errors import ForbiddenError
from schema_sensei.bytebase.refused import TasksFailedError
from schema_sensei.bytebase.rollout import Rollout
from schema_sensei.bytebase.tasks import TaskStatus
from schema_sensei.postgres import session


def delivery(target: str, sql: str = "CREATE TABLE shelves (id int);\n", **other: Any) -> Delivery:
    given: dict[str, Any] = {
        "project": PROJECT, "environment": "environments/test", "targets": (target,), "sql": sql,
        "title": "Add shelves", "description": "", "operation": "op-1", "after": 0, **other,
    }  # fmt: skip
    return Delivery(**given)


def rollout(client: Client, wanted: Delivery, watch: Watch | None = None) -> Rollout:
    return Rollout(client, wanted, watch or Watch(), HURRY)


def test_a_sheet_is_applied_once_with_one_plan_and_one_issue(house: House, target: str) -> None:
    watch, client = Watch(), house.client()

    delivered = rollout(client, delivery(target), watch).run()

    assert [task.status for task in delivered.tasks] == [TaskStatus.DONE]
    with session.connect(house.databases[target]) as connection:
        assert connection.execute("SELECT to_regclass('shelves')").fetchone() == ("shelves",)
    assert (house.counted("plan"), house.counted("issue"), house.counted("run")) == (1, 1, 1)
    assert "The server asks for no approval." in watch.notes


def test_running_it_again_finds_everything_and_makes_nothing(house: House, target: str) -> None:
    rollout(house.client(), delivery(target)).run()

    again = rollout(house.client(), delivery(target)).run()

    assert again.earlier
    assert (house.counted("plan"), house.counted("issue"), house.counted("run")) == (1, 1, 1)


def test_an_account_that_may_only_plan_gets_a_rollout_from_the_server_but_may_not_run_it(
    house: House, target: str
) -> None:
    email, key = house.account("planner", "roles/projectDeveloper")

    with pytest.raises(ForbiddenError, match="Not allowed to run tasks"):
        rollout(house.client(email=email, key=key), delivery(target)).run()

    assert (house.counted("task"), house.counted("run")) == (1, 0)
    assert rollout(house.client(), delivery(target)).run().tasks[0].status is TaskStatus.DONE
    assert house.counted("plan") == 1


def test_a_plan_that_somebody_closed_is_not_used(house: House, target: str) -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        rollout(house.client(), delivery(target), Watch(on_submitting=stop)).run()
    house.call("PATCH", f"/v1/{PROJECT}/plans/101", {"state": "DELETED"}, updateMask="state")

    rollout(house.client(), delivery(target)).run()

    assert (house.counted("plan"), house.counted("issue"), house.counted("run")) == (2, 1, 1)


def test_a_task_that_somebody_skipped_is_no_success(house: House, target: str) -> None:
    def skip() -> None:
        task = f"{PROJECT}/plans/101/rollout/stages/test/tasks/101"
        house.call(
            "POST", f"/v1/{PROJECT}/plans/101/rollout/stages/test/tasks:batchSkip", {"tasks": [task], "reason": "no"}
        )

    with pytest.raises(TasksFailedError, match="somebody skipped the task"):
        rollout(house.client(), delivery(target), Watch(on_running=skip)).run()
    with session.connect(house.databases[target]) as connection:
        assert connection.execute("SELECT to_regclass('shelves')").fetchone() == (None,)


def test_an_automatic_environment_runs_it_and_that_is_told(house: House, target: str) -> None:
    policy = {"name": "environments/test/policies/rollout_policy", "type": "ROLLOUT_POLICY",
              "rolloutPolicy": {"automatic": True}}  # fmt: skip
    house.call("PATCH", "/v1/environments/test/policies/rollout_policy", policy, allowMissing="true")
    watch = Watch()

    delivered = rollout(
        house.client(), delivery(target, "CREATE TABLE shelves (id int); SELECT pg_sleep(0.3);\n"), watch
    ).run()

    assert delivered.tasks[0].status is TaskStatus.DONE
    assert house.counted("run") == 1
    assert any("running already" in note for note in watch.notes)
