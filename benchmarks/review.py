"""A review on 1 000 tables against pg_dump --schema-only and its load: without a template, then with one."""

import itertools
import subprocess

from schema_sensei.changes.hazards import plan
from schema_sensei.changes.hazards.review import Ground, judge
from schema_sensei.postgres import schema_copy
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.installation import program
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.postgres.session import connect
from schema_sensei.postgres.version_table import VersionTable
from schema_sensei.terms.secrets import Secret

from .catalog import TABLES, database
from .measure import Measure, alternate, seconds

MIGRATION = """
ALTER TABLE t1 ADD COLUMN nick text;
CREATE INDEX ix_t1_nick ON t1 (nick);
ALTER TABLE t2 ALTER COLUMN note TYPE text;
"""


def _review(scratch: Scratch, target: Secret) -> None:
    original = schema_copy.read(target, VersionTable())
    with schema_copy.copied(scratch, target, VersionTable(), original) as copy:
        ground = Ground(copy.url, "a copy", sizes=original.sizes, real="target", version=original.server_version)
        found = judge(plan.of_text(MIGRATION, name="migration.sql"), ground)
    assert {"index-blocks-writes", "table-rewrite"} <= {each.id for each in found.hazards}


def _dump_and_load(server: Embedded, target: Secret, name: str) -> None:
    with connect(server.url()) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    dump = subprocess.run([str(program("pg_dump")), "--schema-only", target.reveal()], capture_output=True, check=True)
    subprocess.run(
        [str(program("psql")), "-X", "-q", "-o", "/dev/null", server.url(name).reveal()],
        input=dump.stdout,
        capture_output=True,
        check=True,
    )


def measure() -> list[Measure]:
    """Both from a running server to the end of their work; the second line finds the template of the first."""
    numbers = itertools.count(1)
    with database() as (server, target):

        def raw() -> float:
            name = f"loaded_{next(numbers)}"
            took = seconds(lambda: _dump_and_load(server, target, name))
            with connect(server.url()) as admin:
                admin.execute(f"DROP DATABASE {name}".encode())
            return took

        fresh, kept = Scratch(server, kept_templates=0), Scratch(server)
        cold = alternate(
            f"review on {TABLES} tables / pg_dump and load",
            lambda: seconds(lambda: _review(fresh, target)),
            raw,
            limit=2.0,
            rounds=3,
        )
        _review(kept, target)
        warm = alternate(
            "the same again, from its template",
            lambda: seconds(lambda: _review(kept, target)),
            raw,
            limit=2.0,
            rounds=3,
        )
        return [cold, warm]
