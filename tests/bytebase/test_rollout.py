"""One sheet on its way through a practice server: done once, found again, refused, failed, awaited."""

from typing import Any

from tests.bytebase.practice_house import HURRY, PROJECT, House, Watch

from schema_sensei.bytebase.client import Client
from schema_sensei.bytebase.delivery import Delivery
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
