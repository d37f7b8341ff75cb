"""deploy through Bytebase: the same action, the same questions; only the gate is another."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from tests.actions.conftest import Shop
from tests.actions.desk import take
from tests.bytebase.practice_house import HURRY, PROJECT, House, opened
from tests.engine.world import Bench, Deed, Script, World, agree, step, workflow

from schema_sensei.engine.ports import Context, Intent, Outcome
from schema_sensei.engine.prompts import Confirm
from schema_sensei.gates.bytebase import Bytebase
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.project.bytebase import BytebaseRoute


@pytest.fixture
def house(server: Embedded) -> Iterator[House]:
    with opened(server) as made:
        yield made


@pytest.fixture
def behind(shop: Shop, house: House) -> Shop:
    return through(shop, house)


def through(shop: Shop, house: House) -> Shop:
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


def test_a_run_that_waits_for_an_approval_is_paused_and_goes_on_elsewhere(
    shop: Shop, server: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema_sensei.gates.bytebase.Bytebase", partial(Bytebase, pace=HURRY))
    with opened(server, approval=("test",)) as house:
        behind = through(shop, house)
        change = behind.reviewed()

        def give(_: Context) -> Outcome:
            return Outcome(outputs={"change": change})

        flow = workflow(step("give"), step("deploy", "deploy", change="{give.change}", environment="dev"))
        bench = Bench(flow, {"deed": Deed(World(), outcome=give), "deploy": behind.actions["deploy"]})

        paused = bench.start(Script(otherwise=agree))

        assert paused.status == "paused"
        assert "waits for the approval of projectOwner" in paused.summary
        assert behind.rows("SELECT to_regclass('certificates')") == [(None,)]

        number = house.world.store.all("issue")[-1]["number"]
        house.call("POST", f"/v1/{PROJECT}/issues/{number}:approve", {})
        asked = Script()  # whoever resumes is asked nothing
        done = bench.resume(paused.run, asked)

        assert (done.status, done.error) == ("done", None)
        assert behind.rows("SELECT to_regclass('certificates')") == [("certificates",)]
        assert (house.counted("plan"), house.counted("issue")) == (1, 1)
