"""`sensei drift` on 1 000 and 3 000 tables against what it cannot do without, and against Alembic's compare.

`python -m benchmarks.drift TABLES` measures one size.
"""

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from schema_sensei.actions.comparing import Comparison, look_at
from schema_sensei.actions.services import Services
from schema_sensei.migrations.migrations import Migrations
from schema_sensei.migrations.survey import Survey
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.postgres.scratch import Scratch
from schema_sensei.postgres.session import connect
from schema_sensei.project.config import load
from schema_sensei.project.environment import Target
from schema_sensei.terms import garbage
from schema_sensei.terms.secrets import Secret

from .measure import Measure, seconds

SIZES = (1000, 3000)
IN_ONE_REVISION = 50

_ENV = """\
from alembic import context
from sqlalchemy import create_engine
from models import Base

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()
"""
_MODELS = """\
from datetime import date, datetime
from decimal import Decimal
from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Identity, Index, BigInteger, Numeric, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass
"""
# Alembic's own compare, in a process of its own as `alembic check` is; imports stay outside of the clock.
_CHECK = """\
import sys, time
sys.path.insert(0, sys.argv[1])
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from models import Base
from sqlalchemy import create_engine
sys.setrecursionlimit(20_000)
with create_engine(sys.argv[2]).connect() as connection:
    options = {"compare_type": True, "compare_server_default": True, "target_metadata": Base.metadata}
    context = MigrationContext.configure(connection, opts=options)
    started = time.perf_counter()
    found = compare_metadata(context, Base.metadata)
    print(time.perf_counter() - started)
    assert found == [], found[:3]
"""


def _model(number: int) -> str:
    parent = f', ForeignKey("t{number - 1}.id")' if number % 50 else ""
    return f"""
class T{number}(Base):
    __tablename__ = "t{number}"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(BigInteger{parent})
    name: Mapped[str]
    note: Mapped[str | None] = mapped_column(String(200))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2), server_default="0")
    active: Mapped[bool | None] = mapped_column(server_default=text("true"))
    made_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    born: Mapped[date | None]
    data: Mapped[dict | None] = mapped_column(JSONB)
    code: Mapped[str | None] = mapped_column(String(4))
    __table_args__ = (
        CheckConstraint("amount >= 0", name="positive_{number}"),
        Index("ix_t{number}_name", "name"),
    )
"""


def _operations(number: int) -> str:
    parent = f', sa.ForeignKey("t{number - 1}.id")' if number % 50 else ""
    return f"""
    op.create_table(
        "t{number}",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("parent_id", sa.BigInteger(){parent}),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("note", sa.String(200)),
        sa.Column("amount", sa.Numeric(12, 2), server_default="0"),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true")),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()")),
        sa.Column("born", sa.Date()),
        sa.Column("data", JSONB()),
        sa.Column("code", sa.String(4)),
        sa.CheckConstraint("amount >= 0", name="positive_{number}"),
    )
    op.create_index("ix_t{number}_name", "t{number}", ["name"])
"""


def _write(root: Path, tables: int) -> None:
    (root / "migrations/versions").mkdir(parents=True)
    (root / "sensei.yaml").write_text(
        "name: bench\nenvironments: {live: {url: LIVE_URL}}\nmodels: [models.py]\nscratch: {url: SCRATCH_URL}\n"
    )
    (root / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = %(here)s\npath_separator = os\n"
    )
    (root / "migrations/env.py").write_text(_ENV)
    (root / "models.py").write_text(_MODELS + "".join(map(_model, range(tables))))
    parent = None
    for number, start in enumerate(range(0, tables, IN_ONE_REVISION)):
        revision = f"r{number:04}"
        body = "".join(map(_operations, range(start, min(start + IN_ONE_REVISION, tables))))
        (root / f"migrations/versions/{revision}.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects.postgresql import JSONB\n"
            f"revision, down_revision = {revision!r}, {parent!r}\n\n"
            f"def upgrade():\n{body}\ndef downgrade():\n    pass\n"
        )
        parent = revision


@dataclass(frozen=True, slots=True)
class _Bench:
    server: Embedded
    services: Services
    target: Target

    def look(self, surveyed: Survey | None = None) -> None:
        """All of it, or what is left once the files have been read."""
        found = look_at(self.services, (self.target,), surveyed=surveyed)["live"]
        assert isinstance(found, Comparison), found
        assert not found.verdicts, found.verdicts[:3]

    def raw_query(self) -> None:
        with connect(self.target.url) as connection, connection.transaction():
            connection.execute("SELECT pg_catalog.set_config('search_path', '', true)")
            nothing: list[str] = []
            connection.execute(
                files("schema_sensei.postgres").joinpath("fingerprint.sql").read_bytes(),
                {"schemas": None, "without": nothing, "skip": nothing},
            ).fetchall()

    def files(self) -> Survey:
        """The part that no template saves, nor Alembic: env.py is run and imports the models."""
        return self.services.migrations().survey()

    def replay(self, name: str) -> None:
        """Both sides made from nothing, one after the other."""
        for part, make in (
            ("up", self.services.migrations().upgrade),
            ("all", self.services.migrations().create_models),
        ):
            with connect(self.server.url()) as admin:
                admin.execute(f"CREATE DATABASE {name}_{part} STRATEGY file_copy".encode())
            make(self.server.url(f"{name}_{part}"))


@contextmanager
def _bench(tables: int) -> Iterator[_Bench]:
    with tempfile.TemporaryDirectory(prefix="sensei-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        _write(root / "project", tables)
        with Embedded(root / "server", disposable=True) as server:
            with connect(server.url()) as admin:
                admin.execute("CREATE DATABASE live")
            live: Secret = server.url("live")
            project = load(root / "project/sensei.yaml")
            environ = {**os.environ, "LIVE_URL": live.reveal()}
            with Migrations(project.layout) as migrations:
                scratch = Scratch(server)
                services = Services(
                    project=project,
                    migrations=lambda: migrations,
                    scratch=lambda: scratch,
                    environ=environ,
                    operator="bench",
                )
                migrations.upgrade(live)
                with connect(live) as connection:
                    connection.execute("ANALYZE pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_constraint")
                yield _Bench(server, services, project.target("live", environ))


def _alembic(bench: _Bench) -> tuple[float, float]:
    """The compare alone, and the whole process with the import of the models."""
    root = bench.services.project.root
    url = bench.target.url.reveal().replace("postgresql://", "postgresql+psycopg://", 1)
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _CHECK, str(root), url], capture_output=True, text=True, check=True)
    return float(done.stdout), time.perf_counter() - started


def _command(bench: _Bench) -> None:
    """`sensei drift` as a person types it: another process, which imports the models, too."""
    subprocess.run(
        [sys.executable, "-m", "schema_sensei", "drift"],
        cwd=bench.services.project.root,
        env={**bench.services.environ, "SCRATCH_URL": bench.server.url().reveal()},
        capture_output=True,
        check=True,
    )


def measure(sizes: tuple[int, ...] = SIZES) -> Iterator[Measure]:
    """The first look makes both sides, later ones find them.

    A compare begins where the models are imported, ours and Alembic's; the whole commands import them, both.
    """
    gc.set_threshold(garbage.THRESHOLD)  # as the program does
    for tables in sizes:
        name = f"drift, {tables} tables"
        with _bench(tables) as bench:
            surveyed = bench.files()
            needed = seconds(partial(bench.replay, "raw"))
            query = sorted(seconds(bench.raw_query) for _ in range(5))[2]
            first = seconds(bench.look)
            again = sorted(seconds(bench.look) for _ in range(3))[1]
            env = seconds(bench.files)
            yield Measure(f"{name}, first / query + replay", first, query + env + needed, 1.5)
            yield Measure(f"{name}, again / query + env.py", again, query + env, 1.5)
            yield Measure(f"{name}, again / first", again, first, 0.3)
            comparison = sorted(seconds(partial(bench.look, surveyed)) for _ in range(5))[2]
            alembic, alembic_whole = _alembic(bench)
            yield Measure(f"{name}, its compare / alembic's", comparison, alembic, 0.15)
            _command(bench)
            whole = min(seconds(partial(_command, bench)) for _ in range(2))
            yield Measure(f"{name}, whole command / alembic's", whole, alembic_whole, 1.0)


if __name__ == "__main__":
    started = time.perf_counter()
    for each in measure(tuple(int(size) for size in sys.argv[1:]) or SIZES):
        times = f"{each.ours_seconds:8.3f} {each.raw_seconds:8.3f}"
        print(f"{each.name:<48} {times} {each.ratio:6.2f} {each.limit_ratio:5.2f}", flush=True)
    print(f"{time.perf_counter() - started:.0f} s in all")
