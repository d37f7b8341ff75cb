"""What the product relies on of a Bytebase server; true of the practice server and of a real one alike."""

# ruff: noqa: S608 -- the names of the tables are our own

import time
import uuid
from contextlib import suppress
from dataclasses import replace

import pytest
from tests.contract.conftest import Office, Server, opened, soon
from tests.gates.scripts import Listener, first, target

from schema_sensei.bytebase.account import ServiceAccount
from schema_sensei.bytebase.client import Client, sheet_name
from schema_sensei.bytebase.connection import Address, Connection
from schema_sensei.bytebase.errors import (
    EndpointMissingError,
    ExistsError,
    InvalidError,
    LoginRefusedError,
    MissingError,
    PreconditionError,
)
from schema_sensei.bytebase.plans import IssueStatus
from schema_sensei.bytebase.prediction import predict
from schema_sensei.bytebase.tasks import Stage, Task, TaskStatus
from schema_sensei.changes.script import Script
from schema_sensei.gates.bytebase import Bytebase
from schema_sensei.project.bytebase import BytebaseRoute
from schema_sensei.terms.secrets import Secret


def _name() -> str:
    return f"t_{uuid.uuid4().hex[:8]}"


def _task(office: Office, sql: str, *, backup: bool = False) -> Task:
    return office.rolled_out(sql, backup=backup).tasks[0]


def test_it_says_who_it_is_and_who_we_are(office: Office) -> None:
    assert office.client.server().workspace.startswith("workspaces/")
    assert office.client.me().lower() == office.account.lower()
    assert office.client.subscription() in {"FREE", "TEAM", "ENTERPRISE"}


def test_environments_come_in_rollout_order(office: Office) -> None:
    names = office.client.environments()
    first, second = office.environments
    assert names.index(first) < names.index(second)
    assert not office.client.automatic(first)


def test_roles_tell_their_permissions(office: Office) -> None:
    assert {"bb.plans.create", "bb.taskRuns.create"} <= office.client.roles()["roles/projectOwner"]
    assert any("roles/projectOwner" in repr(each) for each in office.client.bindings(office.project))


def test_a_wrong_login_is_refused(office: Office) -> None:
    stranger = ServiceAccount(f"nobody-{uuid.uuid4().hex}@example.com", Secret("wrong"))
    client = Client(Connection(Address(office.url), stranger))
    with pytest.raises(LoginRefusedError):
        client.server()
    client.close()


def test_unknown_things_are_told_apart(office: Office) -> None:
    connection = office.client.connection
    with pytest.raises(MissingError):
        office.client.project("projects/sensei-no-such-project")
    with pytest.raises(EndpointMissingError):
        connection.get(f"/v1/{office.project}/nothingOfTheKind")
    with pytest.raises(InvalidError, match="unknown field"):
        connection.send("POST", f"/v1/{office.project}/sheets", body={"kontent": ""})
    with pytest.raises(InvalidError):
        office.plan("SELECT 1", f"instances/{office.name}-test/databases/nowhere")


def test_a_database_tells_project_environment_and_sync(office: Office) -> None:
    found = office.client.database(office.test)
    assert (found.project, found.environment) == (office.project, office.environments[0])
    assert {each.name for each in office.client.databases(office.project)} == {office.test, office.prod}


def test_the_same_text_is_the_same_sheet(office: Office) -> None:
    sql = "SELECT 'é 漢字';\n"
    assert office.client.create_sheet(office.project, sql) == sheet_name(office.project, sql)
    assert office.client.create_sheet(office.project, sql) == sheet_name(office.project, sql)


def test_a_change_goes_from_plan_to_both_databases_stage_by_stage(office: Office) -> None:
    table = _name()
    plan = office.plan(f"CREATE TABLE {table} (id int);", office.test, office.prod)
    assert office.client.plan(plan.name) == plan  # servers since 3.21 list it only once it has an issue
    assert not any(result.stops for result in office.checked(plan).results)

    issue = office.issued(plan)
    with pytest.raises(ExistsError):
        office.client.create_issue(office.project, plan.name, "again", "", ["x"])
    rollout = soon(lambda: office.client.rollout(plan.name))
    assert soon(lambda: office.client.issue(issue.name).status is IssueStatus.DONE or None)
    assert plan.name in {each.name for each in office.client.newest_plans(office.project)}
    assert [stage.environment for stage in rollout.stages] == [*office.environments]
    assert {task.status for task in rollout.tasks} == {TaskStatus.NOT_STARTED}
    assert office.client.create_rollout(plan.name).tasks == rollout.tasks

    first, second = rollout.tasks
    assert office.run(first).status is TaskStatus.DONE
    assert office.rows(office.test, f"SELECT to_regclass('{table}')::text") == [(table,)]
    assert office.rows(office.prod, f"SELECT to_regclass('{table}')::text") == [(None,)]
    assert office.run(second).status is TaskStatus.DONE
    assert office.rows(office.prod, f"SELECT to_regclass('{table}')::text") == [(table,)]

    office.client.run_tasks(_stage(rollout.stages[0]), [first.name])
    assert len(office.runs(first)) == 1
    newest = office.client.changelogs(office.test, full=True)[0]
    assert (newest.status, newest.task_run) == ("DONE", office.runs(first)[0].name)
    assert table in newest.schema


def test_an_error_in_the_checks_stops_the_rollout_of_itself(office: Office) -> None:
    plan = office.plan("CREATE TABEL x (id int);")
    assert {result.status for result in office.checked(plan).results} == {"ERROR"}
    office.issued(plan)
    time.sleep(1.0)
    assert office.client.rollout(plan.name) is None


def test_a_missing_table_is_foreseen_as_a_warning(office: Office) -> None:
    check = office.checked(office.plan("ALTER TABLE nothere ADD COLUMN a int;"))
    assert ("WARNING", True) in {(result.status, result.stops) for result in check.results}


def test_a_failed_sheet_leaves_nothing_and_can_be_tried_again_or_skipped(office: Office) -> None:
    table = _name()
    task = _task(office, f"CREATE TABLE {table} (id int NOT NULL);\nINSERT INTO {table} VALUES (NULL);\n")
    run = office.run(task)
    assert run.status is TaskStatus.FAILED
    assert "null value in column" in run.detail
    assert "23502" in run.detail
    assert office.rows(office.test, f"SELECT to_regclass('{table}')::text") == [(None,)]
    assert [entry.words for entry in office.client.log(run.name) if entry.kind == "TRANSACTION_CONTROL"] == [
        "BEGIN",
        "ROLLBACK",
    ]
    assert office.run(task).status is TaskStatus.FAILED
    assert len(office.runs(task)) == 2

    stage = task.name.partition("/tasks/")[0]
    office.client.skip_tasks(stage, [task.name], "not needed")
    with pytest.raises(PreconditionError):
        office.client.run_tasks(stage, [task.name])


SHEETS = {
    "in order": "CREATE TABLE {t} (a int);\nINSERT INTO {t} VALUES (1);\nUPDATE {t} SET a = 2;\n",
    "a role set twice": "CREATE TABLE {t} (role text);\nUPDATE {t} SET role = role || 'x';\nSELECT 1;\n",
    "an index after the commit": "CREATE INDEX CONCURRENTLY {t}_ix ON pg_temp_none (a);\nSELECT 1;\n",
    "words in a comment": "-- we do not create index concurrently here\nCREATE TABLE {t} (a int);\nSELECT 2;\n",
    "without a transaction": "-- txn-mode = off\nSELECT 2;\nSELECT 3;\nCREATE INDEX CONCURRENTLY {t}_i ON none (a);\n",
    "one block": "DO $$ BEGIN PERFORM 4; END $$",
    "nothing": "-- only a comment\n",
}


@pytest.mark.parametrize("kind", SHEETS)
def test_what_runs_is_what_is_predicted(office: Office, kind: str) -> None:
    sheet = SHEETS[kind].replace("{t}", _name())
    run = office.run(_task(office, sheet))
    commands = [entry for entry in office.client.log(run.name) if entry.kind == "COMMAND_EXECUTE"]
    predicted = [(each.start, each.stop) for each in predict(sheet).executions]
    ran = [(entry.start, entry.end) for entry in commands]
    assert ran == predicted[: len(ran)]
    assert len(ran) == len(predicted) or run.status is TaskStatus.FAILED


def test_a_statement_that_names_a_role_is_applied_twice(office: Office) -> None:
    table = _name()
    office.run(_task(office, f"CREATE TABLE {table} AS SELECT 'a' AS role;"))
    office.client.sync(office.test)
    office.run(_task(office, f"UPDATE {table} SET role = role || 'x';"))
    assert office.rows(office.test, f"SELECT role FROM {table}") == [("axx",)]


def test_a_running_task_can_be_cancelled(office: Office) -> None:
    task = _task(office, "SELECT pg_sleep(60);")
    office.client.run_tasks(task.name.partition("/tasks/")[0], [task.name])
    run = soon(lambda: next((each for each in office.runs(task) if each.status is TaskStatus.RUNNING), None))
    office.client.cancel_runs(task.name, [run.name])
    soon(lambda: office.runs(task)[-1].status is TaskStatus.CANCELED or None)
    with pytest.raises(InvalidError):
        office.client.cancel_runs(task.name, [run.name])


def test_tasks_of_two_environments_are_not_run_together(office: Office) -> None:
    rollout = office.rolled_out(f"CREATE TABLE {_name()} (id int);", office.test, office.prod)
    with pytest.raises(InvalidError, match="same environment"):
        office.client.run_tasks(_stage(rollout.stages[0]), [task.name for task in rollout.tasks])
    for stage in rollout.stages:  # an open plan would stand in the way of others on these databases
        office.client.skip_tasks(_stage(stage), [task.name for task in stage.tasks], "only looked at")


def test_rows_that_a_sheet_changes_are_backed_up_and_brought_back(office: Office) -> None:
    table = _name()
    office.run(
        _task(office, f"CREATE SCHEMA IF NOT EXISTS bbdataarchive;\nCREATE TABLE {table} (id int PRIMARY KEY, a int);")
    )
    office.run(_task(office, f"INSERT INTO {table} SELECT n, n FROM generate_series(1, 5) n;"))
    office.client.sync(office.test)
    assert office.client.database(office.test).backup_available

    run = office.run(_task(office, f"UPDATE {table} SET a = 0 WHERE id > 2;", backup=True))
    assert (run.status, run.has_prior_backup) == (TaskStatus.DONE, True)
    kept = [each for entry in office.client.log(run.name) for each in entry.kept]
    assert [each.table for each in kept] == [("public", table)]
    assert office.rows(office.test, f'SELECT count(*) FROM "{kept[0].copy[0]}"."{kept[0].copy[1]}"') == [(3,)]
    statement = office.client.preview_rollback(run.name)
    assert office.run(_task(office, statement)).status is TaskStatus.DONE
    assert office.rows(office.test, f"SELECT count(*) FROM {table} WHERE a = id") == [(5,)]


def test_many_databases_are_synced_by_a_call_for_each_of_their_instances(office: Office) -> None:
    before = office.client.calls
    office.client.sync_all([office.test, office.prod])
    assert office.client.calls == before + 2


def test_a_reviewed_script_reaches_the_live_database_through_the_gate(office: Office) -> None:
    revision, table = uuid.uuid4().hex[:8], _name()
    script = Script((first(revision, f"CREATE TABLE {table} (id int)"),))
    url = office.cluster.url("contract_prod")
    aim, listener = target(url, gate="bytebase"), Listener()
    route = BytebaseRoute(office.url, office.project, (office.prod,), office.account, "KEY")
    gate = Bytebase(client=office.client, route=route, operation=f"op-{revision}", title="Contract")
    arrival = gate.check(script, aim)
    assert not arrival.position.finished

    gate = replace(gate, handle=arrival.handle)
    applied = gate.apply(script, aim, approved_digest=script.digest, identity=arrival.identity, progress=listener)

    assert applied.heads == (revision,)
    assert gate.state(script, aim).position.finished
    assert office.rows(office.prod, f"SELECT to_regclass('{table}')::text") == [(table,)]
    assert any(f"table public.{table}" in note for note in listener.notes)


def test_a_closed_plan_says_so(office: Office) -> None:
    plan = office.plan("SELECT 1;")
    office.client.close_plan(plan.name)
    found = office.client.plan(plan.name)
    assert found is not None
    assert found.closed


def test_all_that_was_made_is_taken_away_also_in_the_middle_of_a_task(server: Server, office: Office) -> None:
    with suppress(InterruptedError), opened(server) as other:
        task = _task(other, "SELECT pg_sleep(60);")
        other.client.run_tasks(task.name.partition("/tasks/")[0], [task.name])
        raise InterruptedError
    assert other.project not in {each.name for each in office.client.projects()}
    with pytest.raises(MissingError):
        office.client.project(other.project)
    with pytest.raises(MissingError):
        office.client.database(other.test)


def _stage(stage: Stage) -> str:
    return stage.name
