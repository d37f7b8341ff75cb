"""The stored journal: what it promises on SQLite and PostgreSQL, and how it fails."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, text
from tests.engine.world import Bench, Deed, FakeClock, Script, World, agree, step, workflow

from schema_sensei.engine.errors import JournalError, LeaseLost, NoSuchRun, RunHeld
from schema_sensei.engine.events import StepOutline
from schema_sensei.engine.journal import Journal
from schema_sensei.engine.memory import MemoryJournal
from schema_sensei.engine.owner import this_process
from schema_sensei.engine.ports import Outcome
from schema_sensei.engine.records import Entry, EntryKind, Lease, RunHeader
from schema_sensei.journal.store import StoredJournal, open_journal
from schema_sensei.terms.exit_codes import ExitCode
from schema_sensei.terms.secrets import Secret

FOREIGN = replace(this_process(), host="elsewhere", boot="another boot")


def _header(run: str = "7f3a", started_at: float = 1.0) -> RunHeader:
    outline = (StepOutline("a", "A", "", "deed"),)
    return RunHeader(
        id=run, workflow="flow", title="The flow", text="id: flow", digest="0", started_at=started_at, started_by="ada",
        outline=outline, given={"message": "täglich \udc80"}, walk=("tables", "new"),
    )  # fmt: skip


def _entry(number: int, previous: str, kind: EntryKind = "noted", run: str = "7f3a", epoch: int = 1) -> Entry:
    body = {"text": f"entry {number}: \x00 ☃ \udc80", "tone": "quiet", "numbers": [1, 2.5, None]}
    return Entry(run, number, epoch, kind, 1.25 * number, "a", 1, body, "").sealed(previous)


def _write(journal: Journal, lease: Lease, count: int) -> None:
    record = journal.record(lease.run)
    chain, start = record.chain, record.entries
    for number in range(start + 1, start + count + 1):
        entry = _entry(number, chain, run=lease.run, epoch=lease.epoch)
        journal.append(lease, [entry])
        chain = entry.digest


def _begun(journal: Journal, run: str = "7f3a", count: int = 0) -> Lease:
    lease = journal.create(_header(run), this_process())
    assert lease is not None
    _write(journal, lease, count)
    return lease


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    """The three kinds of journal: one contract."""
    if request.param == "memory":
        yield MemoryJournal()
        return
    place: Path | Secret = tmp_path / ".sensei" / "journal.sqlite"
    if request.param == "postgres":
        place = request.getfixturevalue("database")
    opened = open_journal(place, outputs=tmp_path / "output")
    yield opened
    opened.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[StoredJournal]:
    """A journal in a fresh project folder."""
    opened = open_journal(tmp_path / ".sensei" / "journal.sqlite")
    yield opened
    opened.close()


def test_what_is_written_is_read_back_exactly(journal: Journal) -> None:
    lease = _begun(journal, count=3)
    chain = _header().seal
    expected = []
    for number in range(1, 4):
        expected.append(_entry(number, chain))
        chain = expected[-1].digest
    assert journal.entries(lease.run) == tuple(expected)
    assert journal.entries(lease.run, after=2) == tuple(expected[2:])
    assert journal.record(lease.run).header == _header()
    assert journal.verify(lease.run) == ()


def test_a_taken_id_is_not_given_twice(journal: Journal) -> None:
    _begun(journal)
    assert journal.create(_header(), this_process()) is None


def test_a_run_is_found_by_the_beginning_of_its_id(journal: Journal) -> None:
    for run in ("7f3a", "7f3a-2", "7fff"):
        _begun(journal, run)
    assert journal.record("7ff").header.id == "7fff"
    assert journal.record("7f3a").header.id == "7f3a"
    for wrong in ("7f", "8", "", "%", "7f3_"):
        with pytest.raises(NoSuchRun):
            journal.record(wrong)


def test_runs_are_listed_newest_first(journal: Journal) -> None:
    for run, at in (("aaaa", 1.0), ("bbbb", 3.0), ("cccc", 2.0)):
        journal.create(_header(run, at), this_process())
    assert [record.header.id for record in journal.records()] == ["bbbb", "cccc", "aaaa"]
    assert [record.header.id for record in journal.records(limit=1)] == ["bbbb"]


def test_an_old_epoch_can_write_nothing_more(journal: Journal) -> None:
    lease = _begun(journal, count=1)
    journal.release(lease)
    second = journal.claim(lease.run, this_process())
    assert (second.epoch, second.how) == (2, "released")
    with pytest.raises(LeaseLost):
        _write(journal, lease, 1)
    with pytest.raises(LeaseLost):
        journal.renew(lease)
    journal.release(lease)
    assert journal.record(lease.run).owner is not None
    _write(journal, second, 1)
    assert len(journal.entries(lease.run)) == 2


def test_a_writer_that_missed_an_entry_is_fenced_out(journal: Journal) -> None:
    lease = _begun(journal, count=2)
    with pytest.raises(LeaseLost):
        journal.append(lease, [_entry(2, _header().seal)])
    assert len(journal.entries(lease.run)) == 2


def test_a_living_owner_keeps_its_run_whoever_insists(journal: Journal) -> None:
    lease = _begun(journal)
    for take_over in (False, True):
        with pytest.raises(RunHeld) as held:
            journal.claim(lease.run, this_process(), take_over=take_over)
        assert held.value.exit_code == ExitCode.HELD


def test_a_dead_owner_on_this_machine_is_replaced_at_once(journal: Journal) -> None:
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead = replace(this_process(), pid=int(child.stdout))
    journal.create(_header(), dead)
    assert journal.claim("7f3a", this_process()).how == "dead"


def test_a_reused_process_id_is_not_the_old_owner(journal: Journal) -> None:
    journal.create(_header(), replace(this_process(), started="1"))
    assert journal.claim("7f3a", this_process()).how == "dead"


def test_a_foreign_owner_keeps_its_run_until_it_expires_or_somebody_insists(journal: Journal) -> None:
    journal.create(_header(), FOREIGN)
    with pytest.raises(RunHeld, match="elsewhere"):
        journal.claim("7f3a", this_process())
    lease = journal.claim("7f3a", this_process(), take_over=True)
    assert (lease.how, lease.previous) == ("forced", FOREIGN)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_an_expired_lease_of_a_foreign_owner_is_free(kind: str, tmp_path: Path) -> None:
    clock = FakeClock()
    made: Journal = MemoryJournal(clock=clock) if kind == "memory" else open_journal(tmp_path / "j.sqlite", clock=clock)
    lease = made.create(_header(), FOREIGN)
    assert lease is not None
    clock.at += made.lease_seconds - 1
    made.renew(lease)
    clock.at += made.lease_seconds - 1
    with pytest.raises(RunHeld):
        made.claim("7f3a", this_process())
    clock.at += 2
    assert made.claim("7f3a", this_process()).how == "expired"
    made.close()


def test_of_many_who_claim_at_once_one_gets_it(journal: Journal) -> None:
    journal.release(_begun(journal))
    won: list[Lease] = []
    lost: list[RunHeld] = []

    def claim() -> None:
        try:
            won.append(journal.claim("7f3a", this_process()))
        except RunHeld as error:
            lost.append(error)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)


def test_a_whole_run_leaves_the_same_record_in_every_kind(journal: Journal) -> None:
    flow = workflow(step("a"), step("b", text="{a.value}"))
    made = Bench(flow, {"deed": Deed(World(), asks=True)}, journal=journal, clock=FakeClock())
    result = made.start(Script(otherwise=agree))
    twin = Bench(flow, {"deed": Deed(World(), asks=True)}, clock=FakeClock())
    same = twin.start(Script(otherwise=agree))

    def told(bench: Bench, run: str) -> list[object]:
        return [(entry.kind, entry.step, entry.visit, entry.body) for entry in bench.journal.entries(run)]

    assert told(made, result.run) == told(twin, same.run)
    assert journal.verify(result.run) == ()


def test_output_is_kept_in_a_file_of_its_own_and_read_from_an_offset(sqlite: StoredJournal) -> None:
    for text_ in ("one\n", "two \udc80\n"):
        file = sqlite.open_output("7f3a", "deploy/../x", 1)
        file.write(text_)
        file.close()
    assert sqlite.read_output("7f3a", "deploy/../x", 1) == "one\ntwo \\udc80\n"
    assert sqlite.read_output("7f3a", "deploy/../x", 1, 4) == "two \\udc80\n"
    place = Path(sqlite.output_place("7f3a", "deploy/../x", 1))
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert sqlite.output_place("7f3a", "never", 1) == ""


def test_the_file_is_for_its_owner_only_and_git_ignores_it(sqlite: StoredJournal, tmp_path: Path) -> None:
    _begun(sqlite, count=1)
    home = tmp_path / ".sensei"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert (home / ".gitignore").read_text() == "*\n"
    for file in home.glob("journal.sqlite*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_every_commit_is_synced_to_disk(sqlite: StoredJournal) -> None:
    with sqlite._engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE sensei_entry SET body = replace(body, 'entry 2', 'entry two') WHERE number = 2",
        "UPDATE sensei_entry SET at = 7 WHERE number = 3",
        "DELETE FROM sensei_entry WHERE number = 2",
        "DELETE FROM sensei_entry WHERE number = 4",
        "UPDATE sensei_run SET header = replace(header, 'id: flow', 'id: other')",
    ],
)
def test_tampering_is_found(sqlite: StoredJournal, tampering: str) -> None:
    _begun(sqlite, count=4)
    assert sqlite.verify("7f3a") == ()
    with sqlite._engine.begin() as connection:
        connection.execute(text(tampering))
    assert sqlite.verify("7f3a") != ()


@pytest.mark.parametrize(("large", "status", "done"), [("question", "paused", []), ("outcome", "interrupted", ["a"])])
def test_a_full_disk_stops_the_run_before_the_next_effect_and_loses_nothing(
    tmp_path: Path, large: str, status: str, done: list[str]
) -> None:
    journal = open_journal(tmp_path / "j.sqlite")
    full = True

    @event.listens_for(journal._engine, "checkout")
    def limit(connection: sqlite3.Connection, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages if full else 1_000_000}")

    world, big = World(), "x" * 100_000
    deed = Deed(world, asks=True)
    if large == "question":
        deed.digest = big
    else:
        deed.outcome = lambda _: Outcome(outputs={"value": big})
    made = Bench(workflow(step("a"), step("b")), {"deed": deed}, journal=journal)
    result = made.start(Script(otherwise=agree))
    assert isinstance(result.error, JournalError)
    assert (result.status, result.exit_code, world.log) == (status, ExitCode.FAILED, done)
    assert "disk" in result.error.remedy
    assert made.screen.endings()[-1].exit_code == ExitCode.FAILED
    full = False
    assert made.resume(result.run, Script(otherwise=agree)).status == "done"
    assert world.log == ["a", "b"]
    assert journal.verify(result.run) == ()
    journal.close()


def test_a_file_size_limit_is_told_in_words(tmp_path: Path) -> None:
    script = (
        "import resource, sys, pathlib\n"
        "from schema_sensei.journal.store import open_journal\n"
        "from schema_sensei.engine.errors import JournalError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "try:\n    open_journal(pathlib.Path(sys.argv[1]))\n"
        "except JournalError as error:\n    print(error.what, '|', error.remedy)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "j.sqlite")], capture_output=True, text=True, check=True
    )
    assert "cannot be written" in done.stdout
    assert "disk space" in done.stdout


def test_a_damaged_file_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    path.write_bytes(b"this is not a database" * 1000)
    with pytest.raises(JournalError, match="damaged") as damaged:
        open_journal(path)
    assert str(path) in damaged.value.where
    assert path.read_bytes().startswith(b"this is not")


def test_a_read_only_journal_is_told_in_words(sqlite: StoredJournal) -> None:
    _begun(sqlite)

    @event.listens_for(sqlite._engine, "checkout")
    def only(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    with pytest.raises(JournalError, match="read-only"):
        sqlite.renew(Lease("7f3a", 1, this_process(), "created"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_told_in_words(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(JournalError, match="cannot be opened"):
            open_journal(tmp_path / ".sensei" / "journal.sqlite")
    finally:
        tmp_path.chmod(0o700)


def test_a_path_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be opened"):
        open_journal(tmp_path / "file" / "journal.sqlite")


def test_a_journal_locked_by_another_program_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema_sensei.journal.connection.BUSY_SECONDS", 0.05)
    journal = open_journal(tmp_path / "j.sqlite")
    lease = _begun(journal)
    other = sqlite3.connect(tmp_path / "j.sqlite")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="locked") as locked:
        journal.renew(lease)
    other.close()
    assert locked.value.exit_code == ExitCode.HELD
    journal.renew(lease)
    journal.close()


def test_a_newer_layout_is_refused(sqlite: StoredJournal, tmp_path: Path) -> None:
    with sqlite._engine.begin() as connection:
        connection.execute(text("INSERT INTO sensei_schema VALUES (99)"))
    with pytest.raises(JournalError, match="layout 99") as newer:
        open_journal(tmp_path / ".sensei" / "journal.sqlite")
    assert "Update" in newer.value.remedy


def test_many_first_starts_at_once_make_one_journal(tmp_path: Path) -> None:
    _race([str(tmp_path / ".sensei" / "journal.sqlite")])


def test_many_first_starts_at_once_make_one_journal_on_postgres(database: Secret) -> None:
    _race([database.reveal()])


def _race(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom schema_sensei.journal.store import open_journal\n"
        "sys.stdin.readline()\nopen_journal(sys.argv[1]).records()\nprint('fine')\n"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", script, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert [racer.communicate("go\n", timeout=60)[0] for racer in racers] == ["fine\n"] * 4


def test_the_tables_on_postgres_stand_apart_in_a_schema_of_their_own(database: Secret) -> None:
    journal = open_journal(database)
    with journal._engine.connect() as connection:
        found = connection.execute(text("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'sensei%'"))
        assert found.scalars().all() == ["sensei"]
    journal.close()


def test_an_unreachable_server_is_exit_code_seven_and_shows_no_password() -> None:
    with pytest.raises(JournalError) as unreachable:
        open_journal(Secret("postgresql://ada:canary-pw@localhost:1/none"))
    assert unreachable.value.exit_code == ExitCode.UNREACHABLE
    assert "canary-pw" not in json.dumps([str(unreachable.value), repr(unreachable.value)])


def test_a_url_that_is_none_is_told_in_words() -> None:
    with pytest.raises(JournalError, match="not a URL"):
        open_journal(Secret("postgresql://ada@host:port/x"))
