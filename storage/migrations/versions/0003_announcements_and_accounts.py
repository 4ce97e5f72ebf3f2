"""announcements and accounts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "announcements",
        sa.Column("bulletin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bot", sa.String(length=40), nullable=False),
        sa.Column("mark", sa.String(length=240), nullable=False),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletins.id"], name=op.f("fk_announcements_bulletin_id")),
        sa.PrimaryKeyConstraint("bulletin_id", "bot", "mark", name=op.f("pk_announcements")),
    )
    op.create_table(
        "accounts",
        sa.Column("bot", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("bot", name=op.f("pk_accounts")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("accounts")
    op.drop_table("announcements")
