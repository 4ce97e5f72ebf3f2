"""pins that are owed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "pins_due",
        sa.Column(
            "delivery_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("bot", sa.String(length=40), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_pins_due")),
    )
    op.create_index("ix_pins_due_turn", "pins_due", ["bot", "due_at", "delivery_id"], unique=False)


def downgrade() -> None:
    """Back. What is owed by then is not pinned."""
    op.drop_index("ix_pins_due_turn", table_name="pins_due")
    op.drop_table("pins_due")
