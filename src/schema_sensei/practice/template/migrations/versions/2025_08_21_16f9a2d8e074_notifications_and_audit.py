"""notifications, and an audit trail of memberships

Revision ID: 16f9a2d8e074
Revises: c3587be0a1f6
Create Date: 2025-08-21 08:30:11+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "16f9a2d8e074"
down_revision: str | Sequence[str] | None = "c3587be0a1f6"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

AUDIT = """
CREATE FUNCTION audit_membership() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    membership memberships := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO audit_events (action, subject_table, subject_id, details)
    VALUES (lower(TG_OP), 'memberships', membership.id, to_jsonb(membership));
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_notifications_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["account_id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("subject_table", sa.String(length=63), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_audit_events_account_id_accounts"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(op.f("ix_audit_events_account_id"), "audit_events", ["account_id"])
    op.create_index("ix_audit_events_subject_table_subject_id", "audit_events", ["subject_table", "subject_id"])
    op.execute(AUDIT)
    op.execute(
        "CREATE TRIGGER memberships_audited AFTER INSERT OR UPDATE OR DELETE ON memberships "
        "FOR EACH ROW EXECUTE FUNCTION audit_membership()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER memberships_audited ON memberships")
    op.execute("DROP FUNCTION audit_membership()")
    op.drop_table("audit_events")
    op.drop_table("notifications")
