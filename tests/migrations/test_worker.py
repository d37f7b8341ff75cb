"""Commands run in processes of their own: whatever the project's code does there, we go on."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from schema_sensei.migrations.client import WarmServer
from schema_sensei.migrations.errors import (
    UserCodeError,
    WorkerCancelledError,
    WorkerDiedError,
    WorkerTimedOutError,
)
from schema_sensei.migrations.migrations import Migrations
from schema_sensei.terms.secrets import Secret

from .conftest import MODELS, Workspace

_SLEEPER = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(600)\n"


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


def _pid(workspace: Workspace) -> int:
    path = workspace.root / "pid"
    assert _eventually(lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import ctypes\nctypes.string_at(0)", "was killed by SIGSEGV"),
        ("import os\nos._exit(3)", "exited with status 3"),
        ("import os\nos._exit(0)", "ended early"),
        ("import os\nos.kill(os.getpid(), 9)", "was killed by SIGKILL"),
    ],
)
def test_a_crash_is_an_error_and_the_next_command_works(workspace: Workspace, code: str, said: str) -> None:
    workspace.write("models.py", code)
    with pytest.raises(WorkerDiedError, match=said):
        workspace.migrations.settings()

    workspace.write("models.py", MODELS)

    assert workspace.migrations.settings().has_metadata


def test_an_exit_of_the_projects_code_is_named_with_its_line(workspace: Workspace) -> None:
    workspace.write("models.py", "import sys\nsys.exit('no settings')\n")

    with pytest.raises(UserCodeError, match=r"SystemExit.*no settings") as caught:
        workspace.migrations.settings()

    assert caught.value.where == "models.py:2"


def test_an_endless_loop_ends_at_the_time_limit(workspace: Workspace) -> None:
    workspace.write("models.py", "print('still here')\nwhile True: pass\n")
    impatient = Migrations(workspace.layout, timeout=0.7, server=workspace.migrations._server)

    with pytest.raises(WorkerTimedOutError, match=r"longer than 0\.7 seconds") as caught:
        impatient.settings()

    assert caught.value.output == "still here\n"
    assert caught.value.exit_code == 124


def test_cancel_kills_the_command_from_another_thread(workspace: Workspace) -> None:
    workspace.write("models.py", _SLEEPER)
    caught: list[BaseException] = []

    def work() -> None:
        try:
            workspace.migrations.settings()
        except WorkerCancelledError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    pid = _pid(workspace)
    workspace.migrations.cancel()
    thread.join(20)

    assert len(caught) == 1
    assert not _alive(pid)


def test_what_the_projects_code_starts_ends_with_its_command(workspace: Workspace) -> None:
    workspace.write(
        "models.py",
        MODELS + "import subprocess, pathlib\nchild = subprocess.Popen(['sleep', '600'])\n"
        "pathlib.Path('pid').write_text(str(child.pid))\n",
    )

    workspace.migrations.settings()

    assert _eventually(lambda: not _alive(_pid(workspace)))


def test_commands_of_several_threads_do_not_meet(workspace: Workspace) -> None:
    workspace.table("a1")
    found: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: found.append(workspace.migrations.history().heads)) for _ in range(6)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [("a1",)] * 6


def test_much_output_is_kept_from_its_end(workspace: Workspace) -> None:
    workspace.write("models.py", "for n in range(200_000): print('line', n)\nraise RuntimeError('at last')\n")

    with pytest.raises(UserCodeError, match="at last") as caught:
        workspace.migrations.settings()

    assert caught.value.output.endswith("line 199999\n")
    assert len(caught.value.output) <= 64 * 1024


def test_nothing_reaches_our_terminal_and_nothing_is_read_from_it(workspace: Workspace) -> None:
    workspace.write(
        "models.py", MODELS + "import os, sys\nprint('out')\nos.write(2, b'raw')\nassert sys.stdin.read() == ''\n"
    )
    script = (
        "import sys\nfrom pathlib import Path\nfrom schema_sensei.migrations import Layout, Migrations\n"
        f"root = Path({str(workspace.root)!r})\n"
        "with Migrations(Layout(root, ini=root / 'alembic.ini')) as migrations:\n"
        "    assert migrations.settings().has_metadata\n"
        "heavy = {'alembic', 'sqlalchemy', 'psycopg'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], input="typed ahead\n", capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_everything_dies_with_its_parent(workspace: Workspace) -> None:
    workspace.write("models.py", _SLEEPER)
    script = (
        "from pathlib import Path\nfrom schema_sensei.migrations import Layout, Migrations\n"
        f"root = Path({str(workspace.root)!r})\n"
        "migrations = Migrations(Layout(root, ini=root / 'alembic.ini'))\nmigrations.warm()\n"
        "print(migrations._server._process.pid, flush=True)\nmigrations.settings()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        child = _pid(workspace)

        parent.send_signal(signal.SIGKILL)
        parent.wait()

        assert _eventually(lambda: not _alive(server) and not _alive(child))


def test_a_killed_server_is_replaced_and_takes_its_children_along(workspace: Workspace) -> None:
    own = WarmServer()
    migrations = Migrations(workspace.layout, server=own)
    workspace.write("models.py", _SLEEPER)
    caught: list[BaseException] = []

    def work() -> None:
        try:
            migrations.settings()
        except WorkerDiedError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    pid = _pid(workspace)
    assert own._process is not None
    os.kill(own._process.pid, signal.SIGKILL)
    thread.join(20)
    assert len(caught) == 1
    assert _eventually(lambda: not _alive(pid))

    workspace.write("models.py", MODELS)

    assert migrations.settings().has_metadata
    own.close()


def test_no_secret_is_in_the_process_list(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_DATABASE_URL", "postgresql://u:canary-secret@localhost/x")
    own = WarmServer()
    migrations = Migrations(workspace.layout, server=own)
    workspace.write("models.py", _SLEEPER + "import os\nassert 'canary' in os.environ['APP_DATABASE_URL']\n")

    def work() -> None:
        with pytest.raises(WorkerCancelledError):
            migrations.database_heads(Secret("postgresql://u:canary-secret@localhost/x"))

    thread = threading.Thread(target=work)
    thread.start()
    child = _pid(workspace)
    assert own._process is not None
    visible = b"".join(
        Path(f"/proc/{pid}/{name}").read_bytes() for pid in (child, own._process.pid) for name in ("cmdline", "environ")
    )
    migrations.cancel()
    thread.join(20)
    own.close()

    assert b"canary" not in visible
