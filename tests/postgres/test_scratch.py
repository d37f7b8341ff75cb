"""Scratch databases: empty, filled or cloned, and never left behind."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from schema_sensei.postgres import session, url
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.errors import ScratchError
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.terms.secrets import Secret


@pytest.fixture
def maintenance(database: Secret) -> Secret:
    """A database to visit; its oid is in the names, so tests do not see each other's scratch databases."""
    return database


def databases(server: Embedded, prefix: str) -> list[str]:
    with session.connect(server.url()) as admin:
        rows = admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        return sorted(str(row[0]) for row in rows)


@pytest.fixture(autouse=True)
def no_templates(server: Embedded) -> Iterator[None]:
    """The server is shared with other test modules: their templates go before, ours afterwards."""
    _drop_templates(server)
    yield
    _drop_templates(server)


def _drop_templates(server: Embedded) -> None:
    with session.connect(server.url()) as admin:
        for name in databases(server, "sensei_tpl_"):
            admin.execute(f"DROP DATABASE {name}".encode())


def with_table(name: str, calls: list[str] | None = None) -> Callable[[Secret], None]:
    def build(target: Secret) -> None:
        if calls is not None:
            calls.append(name)
        with session.connect(target) as connection:
            connection.execute(f"CREATE TABLE {name} (id int)".encode())

    return build


def tables(target: Secret) -> list[str]:
    with session.connect(target) as connection:
        rows = connection.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200 ORDER BY 1")
        return [str(row[0]) for row in rows]


def test_a_scratch_database_is_empty_and_gone_afterwards(server: Embedded, maintenance: Secret) -> None:
    with Scratch(maintenance).database() as scratch:
        name = url.read(scratch).database
        assert tables(scratch) == []
        assert name in databases(server, "sensei_scratch_")
    assert name not in databases(server, "sensei_scratch_")


def test_a_reaper_drops_it_and_shut_down_leaves_nothing(server: Embedded, maintenance: Secret) -> None:
    reaper, busy = ThreadPoolExecutor(max_workers=1), threading.Event()
    reaper.submit(busy.wait, 30)
    with Scratch(maintenance, reaper=reaper).database("key", with_table("a")) as scratch:
        name = url.read(scratch).database
    assert name in databases(server, "sensei_scratch_"), "nobody waited for the dropping"
    with Scratch(maintenance).database():
        assert name in databases(server, "sensei_scratch_"), "it is still ours: no sweep takes it for left behind"
    busy.set()
    reaper.shutdown()
    assert name not in databases(server, "sensei_scratch_")


def test_a_template_is_prepared_once_and_from_the_nearest_one_before_it(server: Embedded, maintenance: Secret) -> None:
    scratch, calls = Scratch(maintenance), list[str]()
    scratch.prepare("one", with_table("a", calls))
    scratch.prepare("two", with_table("b", calls), begin_at=("one and a half", "one"))
    scratch.prepare("two", with_table("b", calls), begin_at=("one",))
    assert calls == ["a", "b"]
    with scratch.database("two", with_table("b", calls)) as own:
        assert tables(own) == ["a", "b"]
    with scratch.database("one", with_table("a", calls)) as own:
        assert tables(own) == ["a"]
    assert calls == ["a", "b"]
    assert not databases(server, "sensei_scratch_")


def test_it_goes_even_with_sessions_open_and_an_error_in_the_block(server: Embedded, maintenance: Secret) -> None:
    left: list[session.Connection] = []

    def fail(scratch: Secret) -> None:
        left.append(session.connect(scratch))
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"), Scratch(maintenance).database() as scratch:
        fail(scratch)
    assert left[0].info.dbname not in databases(server, "sensei_scratch_")
    left[0].close()


def test_equal_keys_build_once_and_clone_afterwards(maintenance: Secret) -> None:
    calls: list[str] = []
    scratch = Scratch(maintenance)
    with (
        scratch.database("k", with_table("a", calls)) as first,
        scratch.database("k", with_table("a", calls)) as second,
    ):
        with session.connect(first) as connection:
            connection.execute("CREATE TABLE only_here (id int)")
        assert tables(second) == ["a"]
    with scratch.database("other", with_table("b", calls)) as third:
        assert tables(third) == ["b"]
    assert calls == ["a", "b"]


def test_a_build_that_fails_leaves_no_template(server: Embedded, maintenance: Secret) -> None:
    def half(target: Secret) -> None:
        with_table("half")(target)
        raise RuntimeError("no further")

    scratch = Scratch(maintenance)
    with pytest.raises(RuntimeError, match="no further"), scratch.database("k", half):
        pass
    assert databases(server, "sensei_tpl_") == []
    with scratch.database("k", with_table("whole")) as whole:
        assert tables(whole) == ["whole"]


def test_a_build_may_leave_sessions_open(maintenance: Secret) -> None:
    pool: list[session.Connection] = []

    def build(target: Secret) -> None:
        with_table("a")(target)
        pool.append(session.connect(target))

    with Scratch(maintenance).database("k", build) as scratch:
        assert tables(scratch) == ["a"]
    pool[0].close()


def test_two_at_once_build_once(maintenance: Secret) -> None:
    calls: list[str] = []
    seen: list[list[str]] = []

    def slow(target: Secret) -> None:
        with_table("a", calls)(target)
        time.sleep(0.3)

    def use() -> None:
        with Scratch(maintenance).database("k", slow) as scratch:
            seen.append(tables(scratch))

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["a"]
    assert seen == [["a"]] * 3


KILLED = """
import sys, time
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.terms.secrets import Secret

def build(url):
    if sys.argv[1] == "building":
        print("there", flush=True)
        time.sleep(60)

with Scratch(Secret(sys.stdin.readline().strip())).database("k", build):
    print("there", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("moment", ["building", "using"])
def test_what_a_killed_process_left_is_swept(server: Embedded, maintenance: Secret, moment: str) -> None:
    # Given a process that is killed while it builds or uses a scratch database
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, moment], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(maintenance.reveal() + "\n")
        child.stdin.flush()
        assert child.stdout.readline() == "there\n"
        [left] = databases(server, _prefix(server, maintenance))
        # When it lives, nobody takes its database away
        assert left not in Scratch(maintenance).sweep()
        child.kill()
    # Then the next one does, and believes no half-built template
    _await_no_session(server, left)
    with Scratch(maintenance).database("k", with_table("a")) as scratch:
        assert left not in databases(server, "sensei_scratch_")
        assert tables(scratch) == (["a"] if moment == "building" else [])


def test_the_longest_unused_templates_go(server: Embedded, maintenance: Secret) -> None:
    scratch = Scratch(maintenance, kept_templates=2)
    for key in ("one", "two", "three"):
        with scratch.database(key, with_table(key)):
            pass
        _age_templates(server)
    assert len(databases(server, "sensei_tpl_")) == 2
    calls: list[str] = []
    with scratch.database("three", with_table("three", calls)):
        pass
    assert calls == []
    with scratch.database("one", with_table("one", calls)):
        pass
    assert calls == ["one"]


def test_a_role_without_the_right_is_told_how_to_get_it(server: Embedded, maintenance: Secret) -> None:
    with session.connect(server.url()) as admin:
        admin.execute("CREATE ROLE plain LOGIN PASSWORD 'canary-plain'")
    try:
        address = url.read(maintenance)
        login = url.build(user="plain", password="canary-plain", host=address.host, database=address.database)
        with pytest.raises(ScratchError) as raised, Scratch(login).database():
            pass
        assert "ALTER ROLE plain CREATEDB" in raised.value.remedy
    finally:
        with session.connect(server.url()) as admin:
            admin.execute("DROP ROLE plain")


def _prefix(server: Embedded, maintenance: Secret) -> str:
    with session.connect(server.url()) as admin:
        row = admin.execute(
            "SELECT oid FROM pg_database WHERE datname = %s", [url.read(maintenance).database]
        ).fetchone()
        assert row is not None
        return f"sensei_scratch_{row[0]}_"


def _await_no_session(server: Embedded, name: str) -> None:
    deadline = time.monotonic() + 20
    with session.connect(server.url()) as admin:
        query = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'sensei scratch'"
        while admin.execute(query).fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def _age_templates(server: Embedded) -> None:
    """Make every template a little older, in the order of use."""
    with session.connect(server.url()) as admin:
        for name in databases(server, "sensei_tpl_"):
            row = admin.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
            ).fetchone()
            assert row is not None
            used = float(str(row[0]).removeprefix("last used ")) - 100
            admin.execute(f"COMMENT ON DATABASE {name} IS 'last used {used:.0f}'".encode())
