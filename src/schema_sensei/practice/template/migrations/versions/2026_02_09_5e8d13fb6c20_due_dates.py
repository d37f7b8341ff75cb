"""assessments have a due date; open ones are found by it

Revision ID: 5e8d13fb6c20
Revises: a70b5e93cd41
Create Date: 2026-02-09 10:48:55+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5e8d13fb6c20"
down_revision: str | Sequence[str] | None = "a70b5e93cd41"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN = """
CREATE VIEW open_assessments AS
SELECT assessments.id, accounts.display_name, workplaces.name AS workplace, assessments.title, assessments.due_on
FROM assessments
JOIN accounts ON accounts.id = assessments.account_id
JOIN workplaces ON workplaces.id = assessments.workplace_id
WHERE assessments.finished_on IS NULL
"""


def upgrade() -> None:
    op.add_column("assessments", sa.Column("due_on", sa.Date(), nullable=True))
    op.create_index("ix_assessments_due_on", "assessments", ["due_on"], postgresql_where=sa.text("finished_on IS NULL"))
    op.execute(OPEN)


def downgrade() -> None:
    op.execute("DROP VIEW open_assessments")
    op.drop_index("ix_assessments_due_on", table_name="assessments")
    op.drop_column("assessments", "due_on")
