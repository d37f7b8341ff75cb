"""The practice server answers as a real one did: every recorded exchange is sent to it, in order, and compared."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psycopg
import pytest
from tests.practice_bytebase.conftest import source
from tests.practice_bytebase.replaying import Exchange, Replay, canonical, exchanges, shape

from schema_sensei.postgres import session
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.practice.bytebase.launching import PracticeBytebase, PracticeServerError

LEFT_OUT = {
    "07_diff_schema:2": "diffSchema is not to be trusted, so the product never asks for it",
    "07_diff_schema:3": "diffSchema, as above",
    "07_diff_schema:4": "diffSchema, as above",
    "07_diff_schema:6": "diffSchema, as above",
    "11_releases_check:5": "the product sends sheets and makes no releases",
    "11_releases_check:6": "a plan of a release, as above",
    "11_releases_check:7": "a plan of a release, as above",
    "11_releases_check:8": "a plan of a release, as above",
    "16_blocked_by_a_lock:19": "recorded in the seconds before the scheduler had begun the run: no session yet",
}
"""Recorded exchanges that are not sent, and why."""

EXCHANGES = 720


class Outside:
    """What the recorder did to the databases and the server beside its calls, by the exchange that it preceded."""

    def __init__(self, clusters: dict[str, Embedded], bytebase: PracticeBytebase) -> None:
        self.replay: Replay
        self._clusters = clusters
        self._bytebase = bytebase
        self._holder: psycopg.Connection[tuple[object, ...]] | None = None
        self._before: dict[str, Callable[[], None]] = {
            "01_bootstrap:28": self._members_of_project,
            "06_prior_backup_and_rollback:0": self._people,
            "06_prior_backup_and_rollback:12": lambda: self._run("app", "CREATE SCHEMA bbdataarchive"),
            "12_server_killed:9": self._kill,
            "13_guarded_script:0": self._wait_for_sleepers,
            "14_order_and_doubling:0": self._members,
            "15_many_databases:0": self._shards,
            "15_many_databases:1": self._move_shards,
            "15_many_databases:10": self._refuse_three,
            "16_blocked_by_a_lock:7": self._hold,
            "16_blocked_by_a_lock:29": self.release,
        }

    def before(self, exchange: Exchange) -> None:
        """Do what was done before this exchange."""
        self._before.get(f"{exchange.file}:{exchange.place}", lambda: None)()

    def release(self) -> None:
        """Let go of the lock."""
        if self._holder is not None:
            self._holder.close()

    def _run(self, database: str, *statements: str) -> None:
        with session.connect(self._clusters["test-pg"].url(database)) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _members_of_project(self) -> None:
        bindings = [
            {"role": "roles/projectOwner", "members": ["user:admin@example.com"]},
            {"role": "roles/projectOwner", "members": ["serviceAccount:sensei@service.bytebase.com"]},
            {"role": "roles/projectDeveloper", "members": ["serviceAccount:reader@service.bytebase.com"]},
        ]
        given = {"policy": {"bindings": bindings}}
        self.replay.call("admin", "POST", "/v1/projects/app:setIamPolicy", json=given).raise_for_status()

    def _people(self) -> None:
        self._run(
            "app",
            "CREATE TABLE person (id int PRIMARY KEY, name text, age int)",
            "INSERT INTO person SELECT n, 'p' || n, n FROM generate_series(1, 10) n",
            "CREATE TABLE nokey (a int, b int)",
            "INSERT INTO nokey VALUES (1, 1), (2, 2)",
        )

    def _wait_for_sleepers(self) -> None:
        """Minutes passed here: what the killed server and its successor had begun was over."""
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'bytebase-taskrun-%'"
        for _ in range(5):  # the retried run may be about to begin
            self._run("app", end)
            time.sleep(0.1)

    def _members(self) -> None:
        self._run(
            "app",
            "CREATE TABLE member (id int PRIMARY KEY, role text, role_level int)",
            "INSERT INTO member VALUES (1, 'a', 1), (2, 'b', 1)",
        )
        self.replay.call("sensei", "POST", "/v1/instances/test-pg/databases/app:sync", json={})

    def _shards(self) -> None:
        self._run("postgres", *(f"CREATE DATABASE shard_{number:02} STRATEGY file_copy" for number in range(40)))

    def _move_shards(self) -> None:
        for number in range(40):
            path = f"/v1/instances/test-pg/databases/shard_{number:02}?updateMask=project"
            self.replay.call("admin", "PATCH", path, json={"project": "projects/app"}).raise_for_status()

    def _refuse_three(self) -> None:
        """The recorder's server had no connections left for these."""
        self._run("postgres", *(f"ALTER DATABASE shard_{number} ALLOW_CONNECTIONS false" for number in (35, 37, 39)))

    def _kill(self) -> None:
        killed = self._bytebase.pid
        os.kill(killed, signal.SIGKILL)
        with suppress(PracticeServerError):
            while self._bytebase.pid == killed:  # it takes an instant to die
                time.sleep(0.005)
        self._bytebase.start()
        self.replay.close()

    def _hold(self) -> None:
        self._holder = psycopg.connect(self._clusters["test-pg"].url("app").reveal())
        self._holder.execute("LOCK TABLE member")


@pytest.fixture
def outside(clusters: dict[str, Embedded], bytebase: PracticeBytebase) -> Iterator[Outside]:
    """The recorder's other hand."""
    made = Outside(clusters, bytebase)
    yield made
    with suppress(psycopg.Error):
        made.release()


def test_every_recorded_exchange_is_answered_as_the_real_server_did(
    clusters: dict[str, Embedded],
    bytebase: PracticeBytebase,
    outside: Outside,
    record_property: Callable[[str, object], None],
) -> None:
    recorded = list(exchanges())
    assert len(recorded) == EXCHANGES
    pools: dict[str, set[str]] = {}
    for exchange in recorded:
        pools.setdefault(exchange.route, set()).add(canonical(shape(exchange.answer)))
    sources = {name: source(cluster) for name, cluster in clusters.items()}
    replay = outside.replay = Replay(lambda: bytebase.url, {"admin": "1024-bits-of-luck"}, sources)
    differences = []
    compared = 0
    for exchange in recorded:
        outside.before(exchange)
        if f"{exchange.file}:{exchange.place}" not in LEFT_OUT:
            differences.append(replay.compare(exchange, pools[exchange.route]))
            compared += 1
    replay.close()
    record_property("replayed", f"{compared} exchanges compared, {len(LEFT_OUT)} left out")
    assert not any(differences), "\n".join(each for each in differences if each)
    assert compared == EXCHANGES - len(LEFT_OUT)
