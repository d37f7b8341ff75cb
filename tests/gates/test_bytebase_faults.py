"""A whole change through a proxy that breaks one call: whichever it is, after resuming all is done exactly once."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from tests.bytebase.faulty_proxy import KINDS, Kind, Proxy
from tests.bytebase.practice_house import HURRY, PROJECT, House, opened
from tests.gates.scripts import Listener, first, target

from schema_sensei.bytebase.client import Client
from schema_sensei.bytebase.connection import Tries
from schema_sensei.changes.script import Script
from schema_sensei.engine.prompts import Paused
from schema_sensei.gates.bytebase import Bytebase
from schema_sensei.gates.protocol import Arrival
from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.project.bytebase import BytebaseRoute
from schema_sensei.terms.errors import SenseiError
from schema_sensei.terms.secrets import Secret

SCRIPT = Script((first("a1", "CREATE TABLE pupils (name text)", "INSERT INTO pupils VALUES ('Ada')"),))
SHORT = Tries(most=3, pause=0.005, timeout=0.25, connect_timeout=1.0)
MOST_RESUMES = 4

_operations = count(1)


@pytest.fixture
def house(server: Embedded) -> Iterator[House]:
    with opened(server) as made:
        yield made


@pytest.fixture
def road(house: House, database: Secret) -> BytebaseRoute:
    name = house.add_database("test-pg", "test", database)
    return BytebaseRoute(house.url, PROJECT, (name,), house.email, "KEY")


class Change:
    """One change on its way; every try is a new process: a new client, a new login, only the handle is kept."""

    def __init__(self, house: House, proxy: Proxy, road: BytebaseRoute, url: Secret) -> None:
        self.operation = f"op{next(_operations)}"
        self.handle: Arrival | None = None
        self._house, self._proxy, self._road, self._url = house, proxy, road, url

    def carry_through(self) -> None:
        """Check and apply until it is done, resuming after each error as the engine does."""
        for last in (*(False for _ in range(MOST_RESUMES)), True):
            try:
                self._once()
            except (SenseiError, Paused):
                if last:
                    raise
            else:
                return

    def _once(self) -> None:
        client = self._house.client(url=self._proxy.url, tries=SHORT)
        aim = target(self._url, gate="bytebase")
        try:
            if self.handle is None:
                self.handle = self._gate(client, None).check(SCRIPT, aim)
                gate = self._gate(client, self.handle)
            else:
                gate = self._gate(client, self.handle)
                standing = gate.state(SCRIPT, aim)
                assert not standing.unsettled
                if standing.position.finished:
                    return
            gate.apply(SCRIPT, aim, approved_digest=SCRIPT.digest, identity=self.handle.identity, progress=Listener())
        finally:
            client.close()

    def _gate(self, client: Client, arrival: Arrival | None) -> Bytebase:
        return Bytebase(
            client=client,
            route=self._road,
            operation=self.operation,
            title="Pupils",
            handle=arrival.handle if arrival else {},
            pace=HURRY,
        )


def empty(url: Secret) -> None:
    with session.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS pupils, alembic_version")


def assert_done_once(house: House, url: Secret, before: dict[str, int], point: str) -> None:
    made = {kind: house.counted(kind) - before[kind] for kind in before}
    assert made == {"plan": 1, "issue": 1, "task": 1, "run": 1}, point
    with session.connect(url) as connection:
        assert connection.execute("SELECT name FROM pupils").fetchall() == [("Ada",)], point
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("a1",)], point


@pytest.mark.parametrize("kind", KINDS)
def test_whichever_call_breaks_the_change_is_done_once(
    kind: Kind, house: House, road: BytebaseRoute, database: Secret, record_property: Callable[[str, object], None]
) -> None:
    points = []
    with Proxy(house.url, late=0.35) as proxy:
        for at in count():
            empty(database)
            house.call("POST", f"/v1/{road.databases[0]}:sync", {})  # one in the background may have met the drop
            before = {each: house.counted(each) for each in ("plan", "issue", "task", "run")}
            proxy.arm(kind, at)
            change = Change(house, proxy, road, database)

            change.carry_through()

            if not proxy.fired:
                break
            assert_done_once(house, database, before, f"{kind} at {at}: {proxy.fired}")
            points.append(proxy.fired)
    assert len(points) >= 16  # ten kinds: more than 150 points, however often a plan is polled
    record_property("broken", f"{kind} at {len(points)} calls")
