"""a backlog of updates"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.columns import Instant

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "backlog",
        sa.Column("bot", sa.String(length=40), nullable=False),
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kept_at", Instant(), nullable=False),
        sa.Column("starts", sa.SmallInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("bot", "update_id", name=op.f("pk_backlog")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("backlog")
