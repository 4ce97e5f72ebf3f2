"""recurring bulletins"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Not in batches: SQLite adds and drops a column in place, and a copied table would lose the rows that refer to it.


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "recurrences",
        sa.Column("bulletin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("next_at", storage.tables.Instant(), nullable=False),
        sa.Column("skipped_at", storage.tables.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletins.id"], name=op.f("fk_recurrences_bulletin_id")),
        sa.PrimaryKeyConstraint("bulletin_id", name=op.f("pk_recurrences")),
    )
    op.add_column(
        "bulletins",
        sa.Column("series", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
    )
    op.create_index(op.f("ix_bulletins_series"), "bulletins", ["series"], unique=False)


def downgrade() -> None:
    """Back. What recurred goes on no longer: earlier versions know no such state."""
    op.execute("UPDATE bulletins SET state = 'stopped' WHERE state IN ('recurring', 'finished')")
    op.drop_index(op.f("ix_bulletins_series"), table_name="bulletins")
    op.drop_column("bulletins", "series")
    op.drop_table("recurrences")
