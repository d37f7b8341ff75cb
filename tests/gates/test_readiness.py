"""What `sensei bytebase check` finds on a practice server: who we are, what is missing, and what to do about it."""

from collections.abc import Iterator

import pytest
from tests.bytebase.practice_house import PROJECT, TRIES, House, opened

from schema_sensei.bytebase.account import ServiceAccount
from schema_sensei.bytebase.client import Client
from schema_sensei.bytebase.connection import Address, Connection
from schema_sensei.gates.readiness import Grade, Readiness, look
from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.project.bytebase import BytebaseRoute
from schema_sensei.project.environment import Environment
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Secret


@pytest.fixture
def house(server: Embedded) -> Iterator[House]:
    with opened(server) as made:
        yield made


def environment(name: str, *databases: str, project: str = PROJECT) -> Environment:
    route = BytebaseRoute("http://unused", project, databases, "unused@x", "KEY")
    return Environment(name, "URL", "bytebase", bytebase=route)


def looked(house: House, *environments: Environment, email: str = "", key: str = "") -> Readiness:
    client = house.client(email=email, key=key)
    return look(environments, lambda _: client)


def words(found: Readiness, grade: Grade) -> str:
    return "\n".join(f"{each.about}: {each.what} -> {each.remedy}" for each in found.findings if each.grade is grade)


def test_a_good_mapping_is_ready(house: House, database: Secret) -> None:
    name = house.add_database("test-pg", "test", database)

    found = looked(house, environment("staging", name))

    assert found.code is ExitCode.DONE, words(found, Grade.BLOCKING)
    good = words(found, Grade.GOOD)
    assert "Bytebase 3.22.0, licence FREE, as sensei@service.bytebase.com" in good
    assert "has what it needs (roles/projectOwner, roles/workspaceMember)" in good
    assert "1 of its databases found, in environments/test" in good
    assert "skips every approval" in words(found, Grade.WARNING)
    assert "CREATE SCHEMA bbdataarchive" in words(found, Grade.WARNING)


def test_missing_permissions_are_named_with_the_role_that_brings_them(house: House, database: Secret) -> None:
    name = house.add_database("test-pg", "test", database)
    email, key = house.account("planner", "roles/projectDeveloper")

    found = looked(house, environment("staging", name), email=email, key=key)

    assert found.code is ExitCode.DECLINED
    blocking = words(found, Grade.BLOCKING)
    assert "bb.taskRuns.create (run and cancel tasks)" in blocking
    assert f"Grant {email} roles/projectReleaser." in blocking


def test_an_account_without_any_role_in_the_project_is_told(house: House, database: Secret) -> None:
    name = house.add_database("test-pg", "test", database)
    email, key = house.account("stranger")

    found = looked(house, environment("staging", name), email=email, key=key)

    assert "holds no role that shows it this project" in words(found, Grade.BLOCKING)


def test_a_project_that_is_not_there_names_those_that_are(house: House) -> None:
    found = looked(house, environment("staging", "instances/x/databases/y", project="projects/nope"))

    assert found.code is ExitCode.DECLINED
    assert "projects/nope" in words(found, Grade.BLOCKING)


def test_a_database_that_is_not_there_is_told(house: House) -> None:
    found = looked(house, environment("staging", "instances/x/databases/y"))

    assert "instances/x/databases/y is not in projects/app" in words(found, Grade.BLOCKING)


def test_environments_in_the_wrong_order_block(house: House, database: Secret, server: Embedded) -> None:
    test = house.add_database("test-pg", "test", database)
    with session.connect(server.url()) as admin:
        admin.execute("CREATE DATABASE readiness_prod")
    try:
        prod = house.add_database("prod-pg", "prod", server.url("readiness_prod"))

        found = looked(house, environment("staging", prod), environment("live", test))

        assert "the other way round" in words(found, Grade.BLOCKING)
    finally:
        with session.connect(server.url()) as admin:
            admin.execute("DROP DATABASE readiness_prod WITH (FORCE)")


def test_an_automatic_environment_is_pointed_out(house: House, database: Secret) -> None:
    name = house.add_database("test-pg", "test", database)
    policy = {"name": "environments/test/policies/rollout_policy", "type": "ROLLOUT_POLICY",
              "rolloutPolicy": {"automatic": True}}  # fmt: skip
    house.call("PATCH", "/v1/environments/test/policies/rollout_policy", policy, allowMissing="true")

    assert "runs tasks by itself" in words(looked(house, environment("staging", name)), Grade.WARNING)


def test_a_server_that_is_not_there_is_exit_7() -> None:
    account = ServiceAccount("a@service.bytebase.com", Secret("bbs_x"))
    client = Client(Connection(Address("http://127.0.0.1:9"), account, tries=TRIES))

    found = look([environment("staging", "instances/x/databases/y")], lambda _: client)

    client.close()
    assert found.code is ExitCode.UNREACHABLE
    assert "cannot be reached" in words(found, Grade.BLOCKING)


def test_a_project_without_a_mapping_is_shown_one() -> None:
    found = look([Environment("dev", "URL")], lambda _: pytest.fail("nobody is asked"))

    assert found.code is ExitCode.DECLINED
    assert "key: BYTEBASE_KEY" in words(found, Grade.BLOCKING)
