"""A revision with three hazards: one that the copy clears, one to accept, one that a machine can cure."""

from pathlib import Path

from tests.actions.conftest import Shop
from tests.actions.small_project import write_revision

THREE = """\
op.alter_column("accounts", "email", type_=sa.Text(), existing_type=sa.String(200), existing_nullable=False)
    op.alter_column("accounts", "note", existing_type=sa.Text(), nullable=False)
    op.create_index("ix_accounts_email", "accounts", ["email"])"""
BACK = """\
op.drop_index("ix_accounts_email", "accounts")
    op.alter_column("accounts", "note", existing_type=sa.Text(), nullable=True)
    op.alter_column("accounts", "email", type_=sa.String(200), existing_type=sa.Text(), existing_nullable=False)"""
AS_WANTED = "mapped_column(Text, index=True)\n    note: Mapped[str] = mapped_column(Text)"


def write_three(shop: Shop) -> Path:
    """The revision file c3, on b2 where dev stands, with models that agree with it.

    The type change only looks dangerous; the NOT NULL scans and the index blocks writes.
    """
    write_revision(shop.root, "b2", "a1", 'op.add_column("accounts", sa.Column("note", sa.Text()))', "pass")
    shop.upgrade()
    models = shop.root / "app/models.py"
    models.write_text(
        models.read_text()
        .replace("MetaData, String", "MetaData, Text")
        .replace("mapped_column(String(200))", AS_WANTED)
    )
    return write_revision(shop.root, "c3", "b2", THREE, BACK)
