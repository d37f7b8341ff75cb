"""Writes a small, ordinary Alembic project: one models file, one env.py, one revision, two environments."""

from pathlib import Path

from schema_sensei.project.config import load
from schema_sensei.project.project import Project

SENSEI = """\
name: small
environments:
  - {name: dev, url: DEV_URL}
  - {name: prod, url: PROD_URL, gate: none, protected: true}
models: [app/models.py]
alembic: {ini: alembic.ini}
tests: [python, -c, "print('all good')"]
"""

INI = """\
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = %(here)s
"""

ENV = """\
from alembic import context
from sqlalchemy import create_engine

from app.models import Base

url = context.config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()
"""

MAKO = '''\
"""${message}"""
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
'''

MODELS = """\
from sqlalchemy import MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(column_0_label)s"})


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200))
"""

CERTIFICATES = """

class Certificate(Base):
    __tablename__ = "certificates"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
"""

FIRST = """\
op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )"""


def write(root: Path) -> Project:
    """The project in this directory, loaded."""
    files = {
        "sensei.yaml": SENSEI,
        "alembic.ini": INI,
        "migrations/env.py": ENV,
        "migrations/script.py.mako": MAKO,
        "app/__init__.py": "",
        "app/models.py": MODELS,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "migrations/versions").mkdir()
    write_revision(root, "a1", None, FIRST, 'op.drop_table("accounts")')
    return load(root)


def write_revision(root: Path, revision: str, parent: str | None, up: str, down: str = "pass", head: str = "") -> Path:
    """A revision file; `up` and `down` are bodies, `head` stands at the top of the file."""
    path = root / "migrations/versions" / f"{revision}_step.py"
    path.write_text(
        f'"""{revision}"""\nfrom alembic import op\nimport sqlalchemy as sa\n{head}\n'
        f"revision = {revision!r}\ndown_revision = {parent!r}\nbranch_labels = None\ndepends_on = None\n\n\n"
        f"def upgrade():\n    {up}\n\n\ndef downgrade():\n    {down}\n",
        encoding="utf-8",
    )
    return path
