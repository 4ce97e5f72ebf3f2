"""a verdict can wait for a second person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. Verdicts that were given before stand as they are."""
    op.add_column("cases", sa.Column("proposed_id", sa.BigInteger(), nullable=True))
    op.add_column("cases", sa.Column("told_alone", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("verdicts", sa.Column("needs", sa.JSON(), nullable=True))
    op.add_column("verdicts", sa.Column("agreed_by", sa.String(length=80), nullable=True))
    op.add_column("verdicts", sa.Column("agreed_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Back. What still waits for a second person waits for somebody to take it, or is what it was before."""
    op.execute("UPDATE cases SET state = 'open' WHERE state = 'proposed' AND verdict_id IS NULL")
    op.execute("UPDATE cases SET state = 'answered' WHERE state = 'proposed'")
    for table, column in (
        ("verdicts", "agreed_at"),
        ("verdicts", "agreed_by"),
        ("verdicts", "needs"),
        ("cases", "told_alone"),
        ("cases", "proposed_id"),
    ):
        op.drop_column(table, column)
