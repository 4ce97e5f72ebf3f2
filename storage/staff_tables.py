"""The tables of the operator's staff: who belongs to it, who is invited, and the record of every change."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, text

from storage.columns import NO, Id, Instant, metadata

_NONE = text("'[]'")

staff = Table(
    "staff",
    metadata,
    Column("person", String(80), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("issuers", JSON, nullable=False, server_default=_NONE),
    Column("areas", JSON, nullable=False, server_default=_NONE),
    Column("since", Instant, nullable=True),
)

linked_accounts = Table(
    "linked_accounts",
    metadata,
    # It outlives the row in ``staff``: whoever comes back is still the same human being.
    Column("person", String(80), primary_key=True),
    Column("human", String(120), nullable=False, index=True),
)

staff_invitations = Table(
    "staff_invitations",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("invited_by", String(80), nullable=True, index=True),
    Column("roles", JSON, nullable=False),
    Column("issuers", JSON, nullable=False),
    Column("areas", JSON, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("candidate", String(80), nullable=True),
    Column("candidate_name", String(80), nullable=False),
    Column("is_recovery", Boolean, nullable=False, server_default=NO),
)

# Rows are only ever added.
staff_changes = Table(
    "staff_changes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("act", String(16), nullable=False),
    Column("person", String(80), nullable=False),
    Column("done_by", String(80), nullable=True),
    Column("roles", JSON, nullable=False),
    Column("issuers", JSON, nullable=False),
    Column("areas", JSON, nullable=False),
    Column("other", String(80), nullable=True),
    Column("voided", Integer, nullable=False),
    Index("ix_staff_changes_person", "person"),
)

# What the owners have not been told yet, with the names of that moment. Gone once it is told.
staff_news = Table(
    "staff_news",
    metadata,
    Column("change_id", ForeignKey("staff_changes.id"), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("by_name", String(80), nullable=False),
    Column("other_name", String(80), nullable=False),
)
