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

from storage.columns import Day, Id, Instant, metadata

# None of these has a row number of SQLite's beside its key, nor an id from a sequence, nor a moment of a report finer
# than a day: the order in which rows came would tell who reported what to whoever knows when people wrote.

drafts = Table(
    "drafts",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    # The asker's name for this draft alone.
    Column("asker", String(64), nullable=False, unique=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("begun_at", Instant, nullable=False, index=True),
    Column("due_at", Instant, nullable=False),
    Index("ix_drafts_due", "state", "due_at"),
    sqlite_with_rowid=False,
)

cases = Table(
    "cases",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False, index=True),
    # Keyed: nobody can look up whether a text that they know was reported.
    Column("content_key", String(80), nullable=False, unique=True),
    # With the case's own key: what it is about, and what was found.
    Column("sealed", LargeBinary, nullable=True),
    Column("verdict_id", BigInteger, nullable=True),
    Column("proposed_id", BigInteger, nullable=True),
    Column("told_alone", Integer, nullable=False, server_default=text("0")),
    Column("claimed_by", String(80), nullable=True),
    Column("deciding", String(16), nullable=True),
    Column("sealed_deciding", LargeBinary, nullable=True),
    Column("prompt_message_id", String(40), nullable=True),
    # With the operator's key, for it outlives the case's own: where the card stands is to be known when it is emptied.
    Column("sealed_card", LargeBinary, nullable=True),
    # How often something changed that the card shows, and up to which change it was shown: no moment is kept.
    Column("card_changes", Integer, nullable=False, server_default=text("1")),
    Column("card_shown", Integer, nullable=False, server_default=text("0")),
    Column("opened_at", Day, nullable=False, index=True),
    Column("changed_at", Day, nullable=False, index=True),
    Index(
        "ix_cases_stale",
        "id",
        sqlite_where=text("card_changes > card_shown"),
        postgresql_where=text("card_changes > card_shown"),
    ),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("receipt", String(16), nullable=False, unique=True),
    # None when its reporter was forgotten: nobody's.
    Column("reporter", String(64), nullable=True),
    # By which its reporter, and nobody else, finds it again; see ``locators.py``.
    Column("locator", String(64), nullable=True, unique=True),
    Column("origin_key", String(80), nullable=False, unique=True),
    Column("reason", String(24), nullable=False),
    Column("filed_at", Day, nullable=False),
    Column("wants_answer", Boolean, nullable=False),
    Column("sealed_address", LargeBinary, nullable=True),
    Column("told_verdict_id", BigInteger, nullable=False, server_default=text("0")),
    Column("telling_verdict_id", BigInteger, nullable=True),
    Column("telling_until", Instant, nullable=True),
    Column("answered_at", Day, nullable=True),
    UniqueConstraint("case_id", "reporter"),
    Index(
        "ix_reports_reachable",
        "case_id",
        sqlite_where=text("sealed_address IS NOT NULL"),
        postgresql_where=text("sealed_address IS NOT NULL"),
    ),
    # Those of before there were locators.
    Index(
        "ix_reports_unlocated",
        "id",
        sqlite_where=text("locator IS NULL AND reporter IS NOT NULL"),
        postgresql_where=text("locator IS NULL AND reporter IS NOT NULL"),
    ),
)

consents = Table(
    "consents",
    metadata,
    Column("report_id", ForeignKey("reports.id"), primary_key=True),
    Column("purpose", String(24), primary_key=True),
    Column("text_sha256", String(64), primary_key=True),
    Column("given_at", Day, nullable=False),
    sqlite_with_rowid=False,
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

# Set with whatever changes a case: its card is to be shown anew.
ONE_MORE_CHANGE = {"card_changes": cases.c.card_changes + 1}
