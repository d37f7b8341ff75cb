"""Who approves on the practice Bytebase: nobody, the reviewer after a moment, or the person who plays him."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from schema_sensei.bytebase.account import ServiceAccount
from schema_sensei.bytebase.client import Client
from schema_sensei.bytebase.connection import Address, Connection
from schema_sensei.bytebase.errors import ForbiddenError, PreconditionError
from schema_sensei.bytebase.plans import Approval, Issue, Plan, Spec
from schema_sensei.practice import project
from schema_sensei.practice.bytebase import office
from schema_sensei.practice.bytebase.service import Service
from schema_sensei.practice.bytebase.world import Pace, Review, World
from schema_sensei.practice.reviewing import review
from schema_sensei.project import config
from schema_sensei.terms.errors import UsageError
from schema_sensei.terms.secrets import Secret

T = TypeVar("T")
PROJECT = f"projects/{office.PROJECT}"


def _soon(look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 20.0
    while (found := look()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def _client(root: Path) -> Client:
    """The product's client, as the practice project's sensei.yaml describes it."""
    read = config.load(root)
    route = read.environment("prod").bytebase
    assert route is not None
    variables = read.variables()
    return Client(Connection(route.address(variables), route.identity(variables)))


def _issue(client: Client, environment: str, sql: str) -> tuple[Plan, Issue]:
    sheet = client.create_sheet(PROJECT, sql)
    plan = client.create_plan(PROJECT, sql, "", [Spec("s1", sheet, (office.database(environment),))])
    issue = client.create_issue(PROJECT, plan.name, sql, "", ["practice"])
    return plan, _soon(lambda: _found(client, issue))


def _found(client: Client, issue: Issue) -> Issue | None:
    found = client.issue(issue.name)
    return None if found.approval is Approval.CHECKING else found


@contextmanager
def _opened(place: Path, *, person_reviews: bool | None = None) -> Iterator[tuple[Path, Client]]:
    with project.opened(place / "practice", person_reviews=person_reviews) as practice:
        client = _client(practice.root)
        yield practice.root, client
        client.close()


def test_a_person_plays_the_reviewer_and_the_server_remembers(place: Path) -> None:
    with _opened(place, person_reviews=True) as (root, client):
        _, staging = _issue(client, "staging", "CREATE TABLE one (id int)")
        assert staging.approval is Approval.SKIPPED

        plan, prod = _issue(client, "prod", "CREATE TABLE two (id int)")
        assert (prod.approval, prod.awaited) == (Approval.PENDING, "roles/projectOwner")
        with pytest.raises(PreconditionError, match="not approved"):
            client.create_rollout(plan.name)
        with pytest.raises(ForbiddenError, match="self-approval"):
            client.connection.send("POST", f"/v1/{prod.name}:approve", body={})

    with _opened(place) as (root, client):  # the program was left, and comes back
        assert client.issue(prod.name).approval is Approval.PENDING
        assert "Approved issue 102" in review(root, "", "approve", "well done")
        assert _soon(lambda: client.rollout(plan.name)).stages[0].environment == "environments/prod"
        assert client.issue(prod.name).approval is Approval.APPROVED
        assert client.comments(prod.name) == ("well done",)
        with pytest.raises(UsageError, match="No issue waits"):
            review(root, "", "approve")

        plan, prod = _issue(client, "prod", "CREATE TABLE three (id int)")
        assert "Rejected" in review(root, prod.name, "reject")
        assert client.issue(prod.name).approval is Approval.REJECTED
        assert client.rollout(plan.name) is None
        client.connection.send("POST", f"/v1/{prod.name}:request", body={})
        assert client.issue(prod.name).approval is Approval.PENDING


def test_the_reviewer_approves_by_himself_after_a_moment() -> None:
    world = World(pace=Pace(queued=0.0), review=Review(after=0.0))
    office.furnish(world, office.Office("127.0.0.1", 1, "postgres", "bbs_key", "secret"))
    service = Service(world)
    service.start()
    try:
        client = Client(Connection(Address(service.url), ServiceAccount(office.DEPLOYER, Secret("bbs_key"))))
        _, issue = _issue(client, "prod", "SELECT 1")
        assert _soon(lambda: client.issue(issue.name).approval is Approval.APPROVED or None)
        client.close()
    finally:
        service.stop()
