"""Backups against the raw tools: a dump against pg_dump, its proof against pg_restore, and memory that stays flat.

SENSEI_BENCH_ROWS sets the rows (default 500 000; 5 000 000 for the full measure). `python -m benchmarks.backups ROWS`
prints the peak memory of one process that takes and proves a backup of so many rows, in kB.
"""

import itertools
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schema_sensei.changes.backups import dumping, outlook, restoring, taking, verifying
from schema_sensei.changes.backups.listener import QUIET
from schema_sensei.changes.backups.manifest import Manifest
from schema_sensei.changes.backups.needs import Need
from schema_sensei.changes.backups.place import Place
from schema_sensei.changes.backups.plan import Plan, draw
from schema_sensei.changes.backups.shelf import Shelf
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.installation import program
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.postgres.session import connect
from schema_sensei.terms.secrets import Secret
from schema_sensei.terms.targets import TargetLabel

from .measure import Measure, alternate, seconds

ROWS = int(os.environ.get("SENSEI_BENCH_ROWS", "500000"))
_numbers = itertools.count(1)


def _fill(url: Secret, rows: int) -> None:
    """A table as tables are: a key, an address, numbers, a time, a line of text; two indexes."""
    with connect(url) as connection:
        connection.execute(
            b"CREATE TABLE orders (id bigint PRIMARY KEY, email text, amount numeric(10, 2), made timestamptz,"
            b" note text)"
        )
        connection.execute(
            "INSERT INTO orders SELECT i, 'person' || i %% 5000 || '@example.com', i %% 9973 / 7.0,"
            " timestamptz '2026-01-01' + i * interval '1 s', md5(i::text) || ' ' || md5((i * 7)::text)"
            " FROM generate_series(1, %s) AS i",
            (rows,),
        )
        connection.execute(b"CREATE INDEX ON orders (email)")
        connection.execute(b"VACUUM ANALYZE orders")


@contextmanager
def _filled(rows: int) -> Iterator[tuple[Embedded, Place, Shelf]]:
    with tempfile.TemporaryDirectory(prefix="sensei-bench-") as folder:
        Path(folder).chmod(0o755)
        with Embedded(Path(folder) / "server", disposable=True) as server:
            place = Place(server.url(), TargetLabel("dev", "localhost", "bench"), writable=True)
            _fill(place.url, rows)
            yield server, place, Shelf.of(Path(folder))


def _plan(place: Place) -> Plan:
    with place.connect() as connection:
        wanted = (Need("public.orders", shape=True),)
        return draw(connection, place, wanted, name=f"bench-{next(_numbers)}", copies=False)


def _raw_dump(place: Place, file: Path) -> None:
    command = [str(program("pg_dump")), "-Fc", "--table=public.orders", f"--file={file}", place.url.reveal()]
    subprocess.run(command, check=True)


def _raw_restore(server: Embedded, file: Path) -> float:
    name = f"raw_{next(_numbers)}"
    with connect(server.url()) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    command = [str(program("pg_restore")), "--exit-on-error", f"--dbname={server.url(name).reveal()}", str(file)]
    took = seconds(lambda: subprocess.run(command, check=True))
    with connect(server.url()) as admin:
        admin.execute(f"DROP DATABASE {name}".encode())
    return took


def measure() -> list[Measure]:
    """Both from a running server to a file on disk, and from the file to rows that are compared, or only restored."""
    with _filled(ROWS) as (server, place, shelf):
        raw = shelf.open("raw") / "raw.dump"
        scratch, taken = Scratch(server), list[Manifest]()

        def ours() -> float:
            return seconds(lambda: taken.append(dumping.dump(_plan(place), shelf, QUIET)))

        dumped = alternate(
            f"backup of {ROWS} rows / pg_dump",
            ours,
            lambda: seconds(lambda: _raw_dump(place, raw)),
            limit=1.1,
            rounds=5,
        )
        proven = alternate(
            "restored and compared / pg_restore",
            lambda: seconds(lambda: verifying.verify(taken[-1], shelf, scratch, place, QUIET)),
            lambda: _raw_restore(server, raw),
            limit=2.0,  # the scratch database and the hashes come on top
            rounds=3,
        )
    few, many = (_peak(rows) for rows in (10_000, ROWS))
    flat = Measure(f"peak MB with {ROWS} rows / with 10000", many / 1e6, few / 1e6, 1.2)
    return [dumped, proven, flat]


def _peak(rows: int) -> int:
    """The most memory (kB) that a process of its own takes for backup, proof and refill."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.backups", str(rows)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def _once(rows: int) -> int:
    with _filled(rows) as (server, place, shelf):
        manifest = taking.take(_plan(place), shelf, Scratch(server), QUIET)
        seen = outlook.look(manifest, place, outlook.Asked(("orders",), ("note",)), same=True)
        restoring.restore(seen, shelf, None, QUIET)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(_once(int(sys.argv[1])))
