"""Projects with Alembic, made on the spot; one warm server for the session."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from schema_sensei.migrations import Layout, Migrations, Unit
from schema_sensei.migrations.client import WarmServer
from schema_sensei.postgres import session
from schema_sensei.postgres.catalog import Catalog
from schema_sensei.postgres.embedded import Embedded
from schema_sensei.terms.secrets import Secret

from .env_styles import STOCK

_numbers = itertools.count(1)

INI = """\
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = .
sqlalchemy.url = driver://user:pass@localhost/dbname
[loggers]
keys = root
[handlers]
keys =
[formatters]
keys =
[logger_root]
level = WARNING
handlers =
"""
MODELS = """\
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
import sqlalchemy as sa

class Base(DeclarativeBase):
    metadata = MetaData()
"""
MAKO = """\
\"\"\"${message}\"\"\"
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}

def upgrade():
    ${upgrades if upgrades else "pass"}

def downgrade():
    ${downgrades if downgrades else "pass"}
"""


class Workspace:
    """A project directory: write files, add revisions, ask its Migrations."""

    def __init__(self, root: Path, server: WarmServer) -> None:
        self.root = root
        self.layout = Layout(root, ini=root / "alembic.ini")
        self.migrations = Migrations(self.layout, server=server, timeout=60)
        (root / "migrations" / "versions").mkdir(parents=True)
        self.write("alembic.ini", INI)
        self.write("migrations/env.py", STOCK)
        self.write("migrations/script.py.mako", MAKO)
        self.write("models.py", MODELS)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.write_text(text)
        return path

    def revision(
        self,
        revision: str,
        down: str | tuple[str, ...] | None = None,
        upgrade: str = "pass",
        downgrade: str = "pass",
        **more: object,
    ) -> Path:
        values = {"branch_labels": None, "depends_on": None, **more}
        lines = "\n".join(f"{name} = {value!r}" for name, value in values.items())
        body = [f"def {name}():\n" + _indented(text) for name, text in (("upgrade", upgrade), ("downgrade", downgrade))]
        return self.write(
            f"migrations/versions/{revision}_.py",
            f'"""revision {revision}"""\nimport sqlalchemy as sa\nfrom alembic import op, context\n'
            f"revision = {revision!r}\ndown_revision = {down!r}\n{lines}\n\n" + "\n\n".join(body) + "\n",
        )

    def table(self, revision: str, down: str | tuple[str, ...] | None = None, **more: object) -> Path:
        """A revision that makes the table t_<revision> and drops it."""
        up = f"op.create_table('t_{revision}', sa.Column('id', sa.Integer, primary_key=True))"
        return self.revision(revision, down, up, f"op.drop_table('t_{revision}')", **more)


def _indented(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())


def apply(url: Secret, units: tuple[Unit, ...]) -> None:
    """Runs units as a gate does: a transaction for each transactional one, each statement by itself."""
    with session.connect(url) as connection:
        for unit in units:
            assert not unit.opaque
            if unit.transactional:
                with connection.transaction():
                    for statement in unit.statements:
                        connection.execute(statement.encode())
            else:
                (statement,) = unit.statements
                connection.execute(statement.encode())


def catalog(url: Secret) -> Catalog:
    with session.connect(url) as connection:
        return Catalog.read(connection)


def query(url: Secret, statement: str) -> list[tuple[object, ...]]:
    with session.connect(url) as connection:
        cursor = connection.execute(statement.encode())
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture(scope="session")
def warm_server() -> Iterator[WarmServer]:
    server = WarmServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def workspace(tmp_path: Path, warm_server: WarmServer) -> Workspace:
    root = tmp_path / "project"
    root.mkdir()
    return Workspace(root, warm_server)


@pytest.fixture
def second_database(server: Embedded) -> Iterator[Secret]:
    """Another empty database, to compare with."""
    name = f"second_{next(_numbers)}"
    with session.connect(server.url()) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    yield server.url(name)
    with session.connect(server.url()) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
