"""assessments with items and answers

Revision ID: c3587be0a1f6
Revises: 9d20f4c6e815
Create Date: 2025-05-06 11:05:47+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c3587be0a1f6"
down_revision: str | Sequence[str] | None = "9d20f4c6e815"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "assessments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("assessor_id", sa.BigInteger(), nullable=False),
        sa.Column("workplace_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("finished_on", sa.Date(), nullable=True),
        sa.CheckConstraint("account_id <> assessor_id", name=op.f("ck_assessments_not_by_oneself")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_assessments_account_id_accounts")),
        sa.ForeignKeyConstraint(["assessor_id"], ["accounts.id"], name=op.f("fk_assessments_assessor_id_accounts")),
        sa.ForeignKeyConstraint(
            ["workplace_id"], ["workplaces.id"], name=op.f("fk_assessments_workplace_id_workplaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
    )
    op.create_index(op.f("ix_assessments_account_id"), "assessments", ["account_id"])
    op.create_index(op.f("ix_assessments_assessor_id"), "assessments", ["assessor_id"])
    op.create_index(op.f("ix_assessments_workplace_id"), "assessments", ["workplace_id"])
    op.create_table(
        "assessment_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("assessment_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("weight", sa.SmallInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("weight > 0", name=op.f("ck_assessment_items_counts")),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["assessments.id"],
            name=op.f("fk_assessment_items_assessment_id_assessments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_items")),
        sa.UniqueConstraint("assessment_id", "position", name=op.f("uq_assessment_items_assessment_id_position")),
    )
    op.create_table(
        "assessment_answers",
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.SmallInteger(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.CheckConstraint("points BETWEEN 0 AND 5", name=op.f("ck_assessment_answers_points_in_range")),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["assessment_items.id"],
            name=op.f("fk_assessment_answers_item_id_assessment_items"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_assessment_answers")),
    )


def downgrade() -> None:
    op.drop_table("assessment_answers")
    op.drop_table("assessment_items")
    op.drop_table("assessments")
