"""deploy through Bytebase: the same action, the same questions; only the gate is another."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import take
from tests.bytebase.practice_house import PROJECT, House, opened

from schema_sensei.engine.ports import Intent
from schema_sensei.engine.prompts import Confirm
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.project.bytebase import BytebaseRoute


@pytest.fixture
def house(server: Embedded) -> Iterator[House]:
    with opened(server) as made:
        yield made


@pytest.fixture
def behind(shop: Shop, house: House) -> Shop:
    """The shop whose dev database is reached through Bytebase, and protected."""
    name = house.add_database("dev-pg", "test", shop.dev)
    route = BytebaseRoute(house.url, PROJECT, (name,), house.email, "KEY")
    environments = tuple(
        replace(each, gate="bytebase", protected=True, bytebase=route) if each.name == "dev" else each
        for each in shop.project.environments
    )
    client = house.client()
    project = replace(shop.project, environments=environments)
    changed = shop.with_services(project=project, bytebase=lambda _: client)
    return replace(changed, project=project)


def test_a_change_reaches_a_protected_environment_and_comes_back(behind: Shop, house: House) -> None:
    desk = behind.deployment(behind.reviewed())

    preview, outcome = take(behind.actions["deploy"], desk, True)

    assert isinstance(preview.prompt, Confirm)
    assert "Bytebase 3.22.0 runs it on" in str(preview.prompt.blocks)
    assert outcome.name == "ok"
    assert behind.rows("SELECT to_regclass('certificates')") == [("certificates",)]
    assert any(note.startswith("Plan: ") for note in desk.notes)
    found = behind.actions["deploy"].reconcile(desk, Intent(handle=preview.handle, answer=True))
    assert found.ground == "applied"

    desk.answers = {"deploy.undo": True}
    undone = behind.actions["deploy"].undo(desk, Intent(handle=preview.handle, answer=True), outcome)

    assert undone.name == "ok"
    assert behind.rows("SELECT to_regclass('certificates')") == [(None,)]
    assert (house.counted("plan"), house.counted("issue")) == (2, 2)


def test_a_task_that_failed_asks_a_person_before_it_runs_again(behind: Shop, house: House) -> None:
    desk = behind.deployment(behind.reviewed())
    deploy = behind.actions["deploy"]
    preview = deploy.preview(desk)
    behind.execute("CREATE VIEW certificates AS SELECT 1 AS one")
    intent = Intent(handle=preview.handle, answer=True)

    with pytest.raises(Exception, match=r"certificates|relation"):
        deploy.perform(desk, intent)

    behind.execute("DROP VIEW certificates")
    found = deploy.reconcile(desk, intent)
    assert found.ground in {"partial", "absent"}
    assert deploy.perform(desk, intent).name == "ok"
    assert house.counted("plan") == 1
