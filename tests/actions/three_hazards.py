"""A revision with three hazards: one that the copy clears, one to accept, one that a machine can cure."""

from pathlib import Path

from tests.actions.conftest import Shop
from tests.actions.small_project import write_revision

from schema_sensei.actions.revisions import drawn
from schema_sensei.changes.change import Change
from schema_sensei.changes.nature import Nature

THREE = """\
op.alter_column("accounts", "email", type_=sa.Text(), existing_type=sa.String(200), existing_nullable=False)
    op.alter_column("accounts", "note", existing_type=sa.Text(), nullable=False)
    op.create_index("ix_accounts_email", "accounts", ["email"])"""
BACK = """\
op.drop_index("ix_accounts_email", "accounts")
    op.alter_column("accounts", "note", existing_type=sa.Text(), nullable=True)
    op.alter_column("accounts", "email", type_=sa.String(200), existing_type=sa.Text(), existing_nullable=False)"""


def write_three(shop: Shop) -> Path:
    """The revision file c3, on b2 where dev stands.

    The type change only looks dangerous; the NOT NULL scans and the index blocks writes.
    """
    write_revision(shop.root, "b2", "a1", 'op.add_column("accounts", sa.Column("note", sa.Text()))', "pass")
    shop.upgrade()
    return write_revision(shop.root, "c3", "b2", THREE, BACK)


def change_of_three(shop: Shop) -> Change:
    """The change that the revision is, as generate would draw it."""
    return drawn(shop.services, base=("b2",), heads=("c3",), message="notes", nature=Nature())
