"""lines and alarms"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "lines",
        sa.Column("bot", sa.String(length=40), nullable=False),
        sa.Column("because", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("bot", name=op.f("pk_lines")),
    )
    op.create_table(
        "alarms",
        sa.Column("bot", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=40), nullable=False),
        sa.Column("alarm", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("bot", "about", name=op.f("pk_alarms")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("alarms")
    op.drop_table("lines")
