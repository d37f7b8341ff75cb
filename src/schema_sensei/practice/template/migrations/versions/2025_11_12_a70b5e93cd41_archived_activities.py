"""activities can be archived

Revision ID: a70b5e93cd41
Revises: 16f9a2d8e074
Create Date: 2025-11-12 13:22:36+00:00
"""

from collections.abc import Sequence

from alembic import op

revision: str = "a70b5e93cd41"
down_revision: str | Sequence[str] | None = "16f9a2d8e074"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("ALTER TYPE activity_status ADD VALUE 'archived' AFTER 'cancelled'")


def downgrade() -> None:
    # PostgreSQL cannot drop a value: the type is made anew. Archived activities become done ones.
    op.execute("UPDATE activities SET status = 'done' WHERE status = 'archived'")
    op.execute("ALTER TABLE activities ALTER COLUMN status DROP DEFAULT")
    op.execute("ALTER TYPE activity_status RENAME TO activity_status_old")
    op.execute("CREATE TYPE activity_status AS ENUM ('planned', 'running', 'done', 'cancelled')")
    op.execute("ALTER TABLE activities ALTER COLUMN status TYPE activity_status USING status::text::activity_status")
    op.execute("ALTER TABLE activities ALTER COLUMN status SET DEFAULT 'planned'")
    op.execute("DROP TYPE activity_status_old")
