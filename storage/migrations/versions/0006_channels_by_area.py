"""channels are found by their areas"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_index(
        "ix_channels_areas",
        "channels",
        ["areas"],
        unique=False,
        postgresql_where=sa.text("length(areas) <= 200"),
    )
    op.create_index(
        "ix_channels_many_areas",
        "channels",
        ["id"],
        unique=False,
        sqlite_where=sa.text("length(areas) > 200"),
        postgresql_where=sa.text("length(areas) > 200"),
    )


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_channels_many_areas", table_name="channels")
    op.drop_index("ix_channels_areas", table_name="channels")
