"""What goes wrong while a backup is taken, kept or tried: it is told, and never listed as good."""

# ruff: noqa: S608 -- the SQL is made of this file's own names

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.changes.backups.saving import ACCOUNTS, NOTES, Bench, Need, bench

from schema_sensei.changes.backups import copying, dumping, taking
from schema_sensei.changes.backups.errors import (
    BackupError,
    BrokenBackupError,
    LostConnectionError,
    NoRoomError,
    UnreadableRowsError,
)
from schema_sensei.changes.backups.listener import QUIET, Listener
from schema_sensei.changes.backups.manifest import Manifest, Tier
from schema_sensei.changes.backups.needs import Cascade
from schema_sensei.changes.backups.shelf import BEING_TAKEN
from schema_sensei.postgres import client_programs, session
from schema_sensei.postgres import url as urls
from schema_sensei.postgres.client_programs import ClientPrograms
from schema_sensei.postgres.errors import MissingProgramsError
from schema_sensei.terms.errors import HeldError, UsageError
from schema_sensei.terms.exit_codes import ExitCode

ODD = '"Odd ""big"" notes"'
BIG = """CREATE TABLE big AS SELECT i AS id, md5(random()::text) || md5(random()::text) || md5(random()::text) AS x
         FROM generate_series(1, 150000) AS i"""


@contextmanager
def writing(shop: Bench) -> Iterator[list[int]]:
    """Others write all the time: the list grows with each round."""
    rounds: list[int] = []
    over = threading.Event()

    def write() -> None:
        with session.connect(shop.place.url) as connection:
            while not over.is_set():
                connection.execute(
                    "INSERT INTO accounts (email, price) VALUES (gen_random_uuid()::text, 1);"
                    "UPDATE accounts SET price = price + 1 WHERE id % 7 = 0;"
                    "DELETE FROM accounts WHERE id = (SELECT max(id) - 5 FROM accounts WHERE id > 300)"
                )
                rounds.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield rounds
    finally:
        over.set()
        thread.join()


def needs_of(tier: Tier) -> tuple[Need, ...]:
    return () if tier is Tier.DATABASE else (Need(ACCOUNTS), Need(NOTES))


@pytest.mark.parametrize("tier", Tier)
def test_others_may_write_all_the_time(shop: Bench, tier: Tier) -> None:
    with writing(shop) as rounds:
        while len(rounds) < 3:
            time.sleep(0.001)
        before = len(rounds)
        manifest = shop.take(*needs_of(tier), copies=tier is Tier.COPY)
        during = len(rounds) - before

    assert during > 3
    assert manifest.tier is tier
    assert manifest.verified is not None


@pytest.mark.parametrize("tier", [Tier.TABLES, Tier.COPY])
def test_a_connection_that_is_ended_in_the_middle_leaves_nothing(shop: Bench, tier: Tier) -> None:
    shop.execute(BIG)
    plan = shop.plan(Need("public.big"), copies=tier is Tier.COPY)
    ended: list[int] = []

    def end_it() -> None:
        if not ended:
            ended.append(1)
            shop.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sensei backup'"
                " AND datname = current_database()"
            )

    with pytest.raises(LostConnectionError, match="lost in the middle") as lost:
        (dumping.dump if plan.tier is not Tier.COPY else copying.copy)(plan, shop.shelf, Listener(checkpoint=end_it))

    assert lost.value.exit_code is ExitCode.UNREACHABLE
    assert shop.shelf.entries() == ()
    assert copying.discard(shop.place, plan.id) == 0


def test_a_killed_backup_is_never_listed_as_good(shop: Bench, tmp_path: Path) -> None:
    shop.execute(BIG)
    name = "20260101-0000-dead"
    folder = shop.shelf.folder(name)
    code = [sys.executable, "-m", "tests.changes.backups.killed", str(tmp_path), name]
    child = subprocess.Popen(code, stdin=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())})
    assert child.stdin
    child.stdin.write(shop.place.url.reveal().encode() + b"\n")
    child.stdin.flush()
    until = time.monotonic() + 30
    while not [each for each in folder.glob("rows-*") if each.stat().st_size] and time.monotonic() < until:
        assert child.poll() is None
        time.sleep(0.002)

    child.kill()
    child.wait()
    child.stdin.close()

    (entry,) = shop.shelf.entries()
    assert entry.manifest is None
    assert "interrupted" in entry.wrong
    with pytest.raises(BrokenBackupError, match="interrupted"):
        shop.shelf.find(name)
    again = taking.take(shop.plan(Need(NOTES), name=name, copies=False), shop.shelf, shop.scratch, QUIET)
    assert again.verified
    files = {each.name for each in folder.iterdir()}
    assert files == {"manifest.json", again.file, again.schema}


def test_a_backup_that_is_being_taken_is_left_alone(shop: Bench) -> None:
    plan = shop.plan(Need(NOTES), copies=False)
    seen: list[str] = []

    def look() -> None:
        seen.append(shop.shelf.entry(plan.id).wrong)
        with pytest.raises(HeldError):
            taking.take(plan, shop.shelf, shop.scratch, QUIET)

    taking.take(plan, shop.shelf, shop.scratch, Listener(checkpoint=look))

    assert BEING_TAKEN in seen


def test_a_full_disk_is_told_and_nothing_is_kept(shop: Bench) -> None:
    shop.execute(BIG)
    plan = shop.plan(Need("public.big"), copies=False)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(NoRoomError, match="no room") as full:
            dumping.dump(plan, shop.shelf, QUIET)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert "prune" in full.value.remedy
    assert shop.shelf.entries() == ()


def flip(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))


def test_a_flipped_byte_is_noticed(shop: Bench) -> None:
    manifest = shop.take(Need(NOTES), copies=False)
    file = shop.shelf.folder(manifest.id) / manifest.file
    for share in (0.01, 0.5, 0.99):
        flip(file, int(manifest.size * share))
        with pytest.raises(BrokenBackupError, match="checksum"):
            shop.shelf.intact(manifest)
        flip(file, int(manifest.size * share))
    assert shop.shelf.intact(manifest)
    flip(file, manifest.size // 2)
    shop.execute(f"DROP TABLE {ODD}")

    with pytest.raises(BrokenBackupError, match="checksum"):
        shop.restore(manifest)
    with pytest.raises(BrokenBackupError, match="checksum"):
        shop.verify(manifest)
    (entry,) = shop.shelf.entries()
    assert "checksum" in entry.wrong


def test_a_copy_that_somebody_changed_is_noticed(shop: Bench) -> None:
    manifest = shop.take(Need(ACCOUNTS))
    shop.execute(f'UPDATE sensei_backup."{manifest.tables[0].copy}" SET price = 3 WHERE id = 5')

    with pytest.raises(BrokenBackupError, match="not as they were"):
        shop.verify(manifest)
    assert shop.shelf.entries()[0].wrong


def test_what_the_files_do_not_fit_is_broken(shop: Bench) -> None:
    manifest = shop.take(Need(NOTES), copies=False)
    file = shop.shelf.folder(manifest.id) / manifest.file
    file.write_bytes(file.read_bytes()[:-1])
    assert "bytes, not" in shop.shelf.entry(manifest.id).wrong
    file.unlink()
    assert "is gone" in shop.shelf.entry(manifest.id).wrong
    (file.parent / "manifest.json").write_text('{"format": 1, "id": ')
    assert "cannot be read" in shop.shelf.entry(manifest.id).wrong


def test_only_its_owner_may_look_at_a_backup(shop: Bench) -> None:
    manifest = shop.take(Need(NOTES), copies=False)
    folder = shop.shelf.folder(manifest.id)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}
    assert (folder.parent.parent / ".gitignore").read_text() == "*\n"


def as_clerk(shop: Bench, tmp_path: Path, grants: str) -> Bench:
    """The same shop for a login that may do only this."""
    shop.execute(
        "DO $$ BEGIN CREATE ROLE backup_clerk LOGIN PASSWORD 'canary'; EXCEPTION WHEN others THEN END $$;"
        f"GRANT USAGE ON SCHEMA public TO backup_clerk; {grants}"
    )
    return bench(urls.with_login(shop.place.url, "backup_clerk", "canary"), tmp_path, shop.scratch)


def test_a_login_that_may_not_read_a_table_is_told_so(shop: Bench, tmp_path: Path) -> None:
    with pytest.raises(UnreadableRowsError, match="may not read") as refused:
        as_clerk(shop, tmp_path, "").plan(Need(ACCOUNTS))

    assert "SELECT is not granted" in refused.value.means
    assert "GRANT SELECT" in refused.value.remedy
    assert "canary" not in str(refused.value)


def test_rows_that_a_policy_hides_are_never_left_out_silently(shop: Bench, tmp_path: Path) -> None:
    clerk = as_clerk(
        shop, tmp_path, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO backup_clerk;"
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO backup_clerk;"
    )  # fmt: skip
    plan = clerk.plan(Need(ACCOUNTS), copies=False)
    shop.execute("ALTER TABLE accounts ENABLE ROW LEVEL SECURITY")

    with pytest.raises(UnreadableRowsError, match="may not read every row"):
        dumping.dump(plan, clerk.shelf, QUIET)
    with pytest.raises(UnreadableRowsError, match="may not read every row") as refused:
        clerk.plan(Need(ACCOUNTS), copies=False)
    assert "row security" in refused.value.means


def test_a_table_that_somebody_locks_is_not_waited_for_long(shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema_sensei.changes.backups.place.LOCK_MS", 100)
    plan = shop.plan(Need(ACCOUNTS), copies=False)
    with session.connect(shop.place.url, autocommit=False) as other:
        other.execute("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")

        with pytest.raises(BackupError, match="holds a lock"):
            dumping.dump(plan, shop.shelf, QUIET)

    assert shop.shelf.entries() == ()


@pytest.mark.parametrize("installed", [(), (ClientPrograms(Path("/old/bin"), 15, "15.2"),)], ids=["none", "old"])
def test_without_a_fitting_pg_dump_rows_are_copied_or_the_way_out_is_named(
    shop: Bench, monkeypatch: pytest.MonkeyPatch, installed: tuple[ClientPrograms, ...]
) -> None:
    monkeypatch.setattr(client_programs, "_installed", lambda: iter(installed))

    plan = shop.plan(Need(ACCOUNTS, shape=True))

    assert plan.tier is Tier.COPY
    assert "no pg_dump here can read it" in plan.notes[0]
    with pytest.raises(MissingProgramsError, match="PostgreSQL 18") as missing:
        shop.plan(Need(ACCOUNTS), copies=False)
    assert "postgresql-client-18" in missing.value.remedy


@pytest.mark.parametrize(
    ("room", "said"),
    [
        ({"free": 10, "scratch_free": None, "minutes": 60}, "no room for the backup"),
        ({"free": 1 << 40, "scratch_free": 10, "minutes": 60}, "no room to prove"),
        ({"free": 1 << 40, "scratch_free": 1 << 40, "minutes": 1e-6}, "minutes are allowed"),
    ],
)
def test_what_would_not_suffice_is_refused_with_what_it_takes(shop: Bench, room: dict[str, int], said: str) -> None:
    with pytest.raises(NoRoomError, match=said) as refused:
        shop.plan(Need(ACCOUNTS), copies=False).require_room(**room, where="here")

    assert "Nothing was read or written" in refused.value.means


def test_a_table_that_is_not_there_is_wrong_use(shop: Bench) -> None:
    with pytest.raises(UsageError, match="no table nosuch"):
        shop.plan(Need("public.nosuch"))


def test_rows_that_go_along_are_kept_too(shop: Bench) -> None:
    alone, along = (
        tuple(each.ident for each in shop.plan(Need(ACCOUNTS), cascade=cascade).tables)
        for cascade in (Cascade(), Cascade(deletes=True))
    )

    assert alone == (ACCOUNTS,)
    assert along == (NOTES, ACCOUNTS)


def test_a_partitioned_table_is_kept_with_its_partitions(shop: Bench) -> None:
    shop.execute(
        "CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day);"
        "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');"
        "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');"
        "INSERT INTO events SELECT i, date '2026-01-01' + i FROM generate_series(1, 50) AS i"
    )
    manifest = shop.take(Need("public.events", shape=True))
    held = shop.held("events", "id, day")
    shop.execute("DROP TABLE events")

    shop.restore(manifest)

    assert manifest.rows == 50
    assert shop.held("events", "id, day") == held


def test_the_text_of_a_manifest_is_the_manifest(shop: Bench) -> None:
    manifest = shop.take(Need(ACCOUNTS, ("feeling",)), digest="d")

    assert Manifest.from_json(manifest.to_json()) == manifest
    with pytest.raises(ValueError, match="not a manifest"):
        Manifest.from_json({"format": 1})
