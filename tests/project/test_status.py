"""Status: where each environment stands, and one dead server delays nobody."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from schema_sensei.migrations.history import History, Revision
from schema_sensei.migrations.layout import Layout
from schema_sensei.migrations.settings import Settings
from schema_sensei.postgres import session, url
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.project import status
from schema_sensei.project.environment import Environment, Target
from schema_sensei.project.project import Project
from schema_sensei.terms.errors import UnreachableError
from schema_sensei.terms.secrets import Secret

PROJECT = Project(
    root=Path("/nowhere"),
    name="p",
    environments=(Environment("dev", "DEV"), Environment("prod", "PROD", "none", protected=True)),
    layout=Layout(Path("/nowhere")),
)


def revision(name: str, *parents: str) -> Revision:
    return Revision(name, parents, (), (), f"about {name}", Path(name), "", is_head=False, irreversible=False)


HISTORY = History((revision("a1"), revision("b2", "a1"), revision("c3", "b2")), ("c3",), ())


@pytest.fixture
def stamped(database: Secret) -> Callable[..., Secret]:
    def stamp(*heads: str, table: str = "alembic_version") -> Secret:
        with session.connect(database) as connection:
            name = sql.Identifier(*table.split("."))
            connection.execute(sql.SQL("CREATE TABLE {} (version_num varchar(32))").format(name))
            for head in heads:
                connection.execute(sql.SQL("INSERT INTO {} VALUES (%s)").format(name), [head])
        return database

    return stamp


def look(dev: str, prod: str = "", **options: object) -> tuple[status.Status, ...]:
    environ = {"DEV": dev, "PROD": prod}
    return status.read(PROJECT, HISTORY, Settings(), environ=environ, **options)  # type: ignore[arg-type]  # passed on


@pytest.mark.parametrize(
    ("heads", "standing", "pending"),
    [(("c3",), "current", ()), (("a1",), "behind", ("b2", "c3")), ((), "behind", ("a1", "b2", "c3"))],
)
def test_where_it_stands(
    stamped: Callable[..., Secret], heads: tuple[str, ...], standing: str, pending: tuple[str, ...]
) -> None:
    dev, _ = look(stamped(*heads).reveal())
    assert (dev.standing, dev.heads, dev.pending) == (standing, heads, pending)


def test_a_database_that_was_never_stamped(database: Secret) -> None:
    dev, _ = look(database.reveal())
    assert dev.words == "empty, 3 pending"


def test_a_database_ahead_of_this_checkout(stamped: Callable[..., Secret]) -> None:
    dev, _ = look(stamped("d4").reveal())
    assert (dev.standing, dev.unknown) == ("ahead", ("d4",))
    assert any("newer branch" in line for line in status.lines((dev,), HISTORY))


def test_a_version_table_of_ones_own(stamped: Callable[..., Secret], database: Secret) -> None:
    with session.connect(database) as connection:
        connection.execute("CREATE SCHEMA versions")
    environ = {"DEV": stamped("c3", table="versions.mine").reveal()}
    own = Settings(version_table="mine", version_table_schema="versions")
    dev, _ = status.read(PROJECT, HISTORY, own, environ=environ)
    assert dev.standing == "current"


def test_what_cannot_be_reached_is_a_standing_and_not_an_error(database: Secret) -> None:
    dev, prod = look(database.reveal(), "postgresql://u:canary@db.invalid/app")
    assert dev.standing == "behind"
    assert prod.standing == "unreachable"
    text = "\n".join(status.lines((dev, prod), HISTORY))
    assert "PROTECTED" in text
    assert "db.invalid" in text
    assert "canary" not in text
    assert "canary" not in str(prod.to_json())


def test_what_is_not_configured(database: Secret) -> None:
    _, prod = look(database.reveal())
    assert prod.standing == "unconfigured"
    assert prod.problem is not None
    assert "PROD" in prod.problem.what


def test_a_server_that_does_not_answer_delays_nobody(stamped: Callable[..., Secret]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        dead = f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/app"
        dev, prod = look(stamped("c3").reveal(), dead, patience=1.5)
    assert dev.standing == "current"
    assert prod.standing == "unreachable"
    assert "1.5 s" in str(prod.problem)


def test_a_version_table_that_may_not_be_read(server: Embedded, stamped: Callable[..., Secret]) -> None:
    target = stamped("c3")
    with session.connect(target) as admin:
        admin.execute("CREATE ROLE guest LOGIN PASSWORD 'canary'")
    try:
        address = url.read(target)
        login = url.build(user="guest", password="canary", host=address.host, database=address.database)
        dev, _ = look(login.reveal())
        assert dev.standing == "unreachable"
        assert "permission denied" in str(dev.problem)
    finally:
        with session.connect(target) as admin:
            admin.execute("DROP ROLE guest")


def test_drift_is_counted_where_asked(stamped: Callable[..., Secret]) -> None:
    def count(target: Target) -> int:
        assert target.environment.name == "dev"
        return 2

    def fail(target: Target) -> int:
        raise UnreachableError("no scratch server", remedy="start it")

    target = stamped("c3").reveal()
    dev, _ = look(target, drift=count)
    assert (dev.standing, dev.drift, dev.words) == ("drifted", 2, "2 objects differ from the migrations")
    assert look(target, drift=lambda _: 0)[0].standing == "current"
    not_compared = look(target, drift=fail)[0]
    assert not_compared.standing == "current"
    assert not_compared.problem is not None


def test_unfinished_runs_and_several_heads_are_shown(stamped: Callable[..., Secret]) -> None:
    statuses = look(stamped("c3").reveal(), unfinished={"dev": ["add certificates, waiting for approval"]})
    forked = History(HISTORY.revisions, ("c3", "x9"), ())
    text = "\n".join(status.lines(statuses, forked))
    assert "unfinished: add certificates" in text
    assert "2 heads" in text
