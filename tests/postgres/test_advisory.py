"""One at a time on a target."""

import threading
import time

import pytest

from schema_sensei.postgres import advisory, session
from schema_sensei.postgres.errors import LostLockError
from schema_sensei.terms.errors import HeldError
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Secret


def test_a_second_run_is_told_who_holds_the_target(database: Secret) -> None:
    with (
        advisory.hold(database, "migrate", application_name="sensei run 7f3"),
        pytest.raises(HeldError) as raised,
        advisory.hold(database, "migrate", timeout=0),
    ):
        pass
    assert raised.value.exit_code == ExitCode.HELD
    assert "sensei run 7f3" in raised.value.what


def test_other_keys_and_other_times_are_free(database: Secret) -> None:
    with advisory.hold(database, "one"), advisory.hold(database, "two", timeout=0):
        pass
    with advisory.hold(database, "one", timeout=0) as hold:
        hold.check()


def test_a_waiter_gets_it_and_hears_about_the_holder(database: Secret) -> None:
    heard: list[advisory.Holder | None] = []
    got = threading.Event()

    def wait() -> None:
        with advisory.hold(database, "migrate", on_wait=lambda holder, _: heard.append(holder)):
            got.set()

    with advisory.hold(database, "migrate", application_name="sensei first"):
        waiter = threading.Thread(target=wait)
        waiter.start()
        while not heard:
            time.sleep(0.01)
        assert not got.is_set()
    waiter.join(10)
    assert got.is_set()
    assert heard[0] is not None
    assert heard[0].application_name == "sensei first"


def test_a_checkpoint_ends_the_wait(database: Secret) -> None:
    def cancel() -> None:
        raise KeyboardInterrupt

    with (
        advisory.hold(database, "migrate"),
        pytest.raises(KeyboardInterrupt),
        advisory.hold(database, "migrate", checkpoint=cancel),
    ):
        pass


def test_a_lock_whose_session_was_ended_is_lost(database: Secret) -> None:
    with advisory.hold(database, "migrate") as hold:
        hold.check()
        with session.connect(database) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [hold.connection.info.backend_pid])
        with pytest.raises(LostLockError) as raised:
            hold.check()
        assert raised.value.exit_code == ExitCode.HELD


def test_waiters_let_an_index_be_built_concurrently(database: Secret) -> None:
    """A waiter inside pg_advisory_lock() would hold a snapshot for which CREATE INDEX CONCURRENTLY waits for good."""
    with session.connect(database, statement_timeout_ms=20_000) as connection:
        connection.execute("CREATE TABLE t (id int)")
        waiting = threading.Event()

        def wait() -> None:
            with advisory.hold(database, "migrate", on_wait=lambda *_: waiting.set()):
                pass

        waiter = threading.Thread(target=wait)
        with advisory.hold(database, "migrate"):
            waiter.start()
            assert waiting.wait(10)
            connection.execute("CREATE INDEX CONCURRENTLY t_id ON t (id)")
        waiter.join(10)
        assert not waiter.is_alive()
