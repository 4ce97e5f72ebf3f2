"""staff by invitation"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. Whoever is on the staff stays; the first start decides who of them is the owner."""
    none = sa.text("'[]'")
    op.add_column("staff", sa.Column("issuers", sa.JSON(), nullable=False, server_default=none))
    op.add_column("staff", sa.Column("areas", sa.JSON(), nullable=False, server_default=none))
    op.add_column("staff", sa.Column("since", sa.BigInteger(), nullable=True))
    op.create_table(
        "linked_accounts",
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("human", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_linked_accounts")),
    )
    op.create_index(op.f("ix_linked_accounts_human"), "linked_accounts", ["human"])
    op.create_table(
        "staff_invitations",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("invited_by", sa.String(length=80), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("issuers", sa.JSON(), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("candidate", sa.String(length=80), nullable=True),
        sa.Column("candidate_name", sa.String(length=80), nullable=False),
        sa.Column("is_recovery", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_staff_invitations")),
    )
    op.create_index(op.f("ix_staff_invitations_invited_by"), "staff_invitations", ["invited_by"])
    op.create_table(
        "staff_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("done_by", sa.String(length=80), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("issuers", sa.JSON(), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("other", sa.String(length=80), nullable=True),
        sa.Column("voided", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_changes")),
    )
    op.create_index("ix_staff_changes_person", "staff_changes", ["person"])
    op.create_table(
        "staff_news",
        sa.Column("change_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("by_name", sa.String(length=80), nullable=False),
        sa.Column("other_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["staff_changes.id"], name=op.f("fk_staff_news_change_id")),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_staff_news")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("staff_news")
    op.drop_table("staff_changes")
    op.drop_table("staff_invitations")
    op.drop_table("linked_accounts")
    for column in ("since", "areas", "issuers"):
        op.drop_column("staff", column)
