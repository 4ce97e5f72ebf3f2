"""The tables of reports, cases and verdicts; see ``tables.py``, which everybody imports them from."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.columns import Id, Instant, metadata

drafts = Table(
    "drafts",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("asker", String(64), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("begun_at", Instant, nullable=False, index=True),
    Column("due_at", Instant, nullable=False),
    Index("ix_drafts_due", "state", "due_at"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Id, primary_key=True),
    Column("state", String(16), nullable=False, index=True),
    Column("content", Text, nullable=False),
    Column("content_sha256", String(64), nullable=False, unique=True),
    Column("findings", JSON, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=True),
    Column("verdict_id", BigInteger, nullable=True),
    Column("proposed_id", BigInteger, nullable=True),
    Column("told_alone", Integer, nullable=False, server_default=text("0")),
    Column("claimed_by", String(80), nullable=True),
    Column("deciding", String(16), nullable=True),
    Column("deciding_text", Text, nullable=True),
    Column("prompt_message_id", String(40), nullable=True),
    Column("card_chat", String(80), nullable=True),
    Column("card_message_id", String(40), nullable=True),
    Column("card_topic_id", String(40), nullable=True),
    Column("card_shown_at", Instant, nullable=True),
    Column("opened_at", Instant, nullable=False, index=True),
    Column("changed_at", Instant, nullable=False, index=True),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("receipt", String(16), nullable=False, unique=True),
    Column("reporter", String(64), nullable=False),
    Column("origin_key", String(80), nullable=False, unique=True),
    Column("reason", String(24), nullable=False),
    Column("filed_at", Instant, nullable=False),
    Column("wants_answer", Boolean, nullable=False),
    Column("sealed_address", LargeBinary, nullable=True),
    Column("told_verdict_id", BigInteger, nullable=False, server_default=text("0")),
    Column("telling_verdict_id", BigInteger, nullable=True),
    Column("telling_until", Instant, nullable=True),
    Column("answered_at", Instant, nullable=True),
    UniqueConstraint("case_id", "reporter"),
    Index(
        "ix_reports_reachable",
        "case_id",
        sqlite_where=text("sealed_address IS NOT NULL"),
        postgresql_where=text("sealed_address IS NOT NULL"),
    ),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("report_id", ForeignKey("reports.id"), nullable=False),
    Column("purpose", String(24), nullable=False),
    Column("text_sha256", String(64), nullable=False),
    Column("given_at", Instant, nullable=False),
    UniqueConstraint("report_id", "purpose", "text_sha256"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("explanation", Text, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("author", String(80), nullable=False),
    Column("origin_key", String(80), nullable=False, unique=True),
    Column("given_at", Instant, nullable=False),
    Column("needs", JSON, nullable=True),
    Column("agreed_by", String(80), nullable=True),
    Column("agreed_at", Instant, nullable=True),
)
