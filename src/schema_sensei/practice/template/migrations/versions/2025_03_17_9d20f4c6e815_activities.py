"""activities, their attachments and comments

Revision ID: 9d20f4c6e815
Revises: 4be1c07a92d3
Create Date: 2025-03-17 15:40:02+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "9d20f4c6e815"
down_revision: str | Sequence[str] | None = "4be1c07a92d3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "activity_types",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("minutes", sa.Integer(), server_default="60", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_types")),
        sa.UniqueConstraint("name", name=op.f("uq_activity_types_name")),
    )
    op.create_table(
        "activities",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("workplace_id", sa.BigInteger(), nullable=False),
        sa.Column("activity_type_id", sa.BigInteger(), nullable=False),
        sa.Column("organiser_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "status",
            sa.Enum("planned", "running", "done", "cancelled", name="activity_status"),
            server_default="planned",
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_activities_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["activity_type_id"], ["activity_types.id"], name=op.f("fk_activities_activity_type_id_activity_types")
        ),
        sa.ForeignKeyConstraint(["organiser_id"], ["accounts.id"], name=op.f("fk_activities_organiser_id_accounts")),
        sa.ForeignKeyConstraint(
            ["workplace_id"], ["workplaces.id"], name=op.f("fk_activities_workplace_id_workplaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
    )
    op.create_index(op.f("ix_activities_activity_type_id"), "activities", ["activity_type_id"])
    op.create_index(op.f("ix_activities_organiser_id"), "activities", ["organiser_id"])
    op.create_index("ix_activities_workplace_id_starts_at", "activities", ["workplace_id", "starts_at"])
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=127), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_attachments_has_bytes")),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_attachments_activity_id_activities"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_activity_id"), "attachments", ["activity_id"])
    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_comments_activity_id_activities"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name=op.f("fk_comments_author_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(op.f("ix_comments_activity_id"), "comments", ["activity_id"])
    op.create_index(op.f("ix_comments_author_id"), "comments", ["author_id"])


def downgrade() -> None:
    op.drop_table("comments")
    op.drop_table("attachments")
    op.drop_table("activities")
    op.drop_table("activity_types")
    op.execute("DROP TYPE activity_status")
