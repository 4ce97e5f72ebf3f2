"""Every table but those of cases (``case_tables.py``), in SQLAlchemy Core, neutral between SQLite and PostgreSQL.

Instants are integer milliseconds since 1970 UTC: both databases index and compare them alike. No row leaves
``storage/``: the modules beside this one turn rows into the frozen values of the lower rooms.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    literal_column,
    text,
)

from storage.case_tables import ONE_MORE_CHANGE as ONE_MORE_CHANGE
from storage.case_tables import cases as cases
from storage.case_tables import consents as consents
from storage.case_tables import drafts as drafts
from storage.case_tables import reports as reports
from storage.case_tables import verdicts as verdicts
from storage.columns import NO
from storage.columns import Choices as Choices
from storage.columns import Day as Day
from storage.columns import Hour as Hour
from storage.columns import Id as Id
from storage.columns import Instant as Instant
from storage.columns import instant as instant
from storage.columns import metadata as metadata
from storage.columns import milliseconds as milliseconds

SHORT_CHOICE_CHARACTERS = 200
"""What a member chose, as it is kept, is rarely longer."""

# --- people, channels, pledges -------------------------------------------------------------------------------

members = Table(
    "members",
    metadata,
    # A pseudonym: whoever only reports may have chosen a language as well.
    Column("person", String(80), primary_key=True),
    Column("language", String(8), nullable=False),
    Column("met_at", Day, nullable=False),
    sqlite_with_rowid=False,
)

staff = Table(
    "staff",
    metadata,
    Column("person", String(80), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("roles", JSON, nullable=False),
)

channels = Table(
    "channels",
    metadata,
    Column("id", Id, primary_key=True),
    Column("bot", String(40), nullable=False),
    Column("platform", String(16), nullable=False),
    Column("external_id", String(80), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("title", String(256), nullable=False),
    Column("language", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("member", String(80), nullable=True, index=True),
    Column("topics", Choices, nullable=False),
    Column("areas", Choices, nullable=False),
    Column("quiet_starts_minute", SmallInteger, nullable=True),
    Column("quiet_ends_minute", SmallInteger, nullable=True),
    Column("pin", Boolean, nullable=False),
    Column("silent", Boolean, nullable=False),
    Column("drills", Boolean, nullable=False),
    Column("member_count", Integer, nullable=False),
    Column("flaw", String(80), nullable=True),
    Column("member_told_at", Instant, nullable=True),
    Column("enrolled_at", Instant, nullable=True),
    Column("canary", Boolean, nullable=False, server_default=NO),
    UniqueConstraint("platform", "external_id"),
    # PostgreSQL refuses entries of more than a third of a page; SQLite does not.
    Index("ix_channels_areas", "areas", postgresql_where=text(f"length(areas) <= {SHORT_CHOICE_CHARACTERS}")),
    Index(
        "ix_channels_many_areas",
        "id",
        sqlite_where=text(f"length(areas) > {SHORT_CHOICE_CHARACTERS}"),
        postgresql_where=text(f"length(areas) > {SHORT_CHOICE_CHARACTERS}"),
    ),
    Index("ix_channels_canary", "id", sqlite_where=text("canary"), postgresql_where=text("canary")),
    Index(
        "ix_channels_untold",
        "id",
        sqlite_where=text("flaw IS NOT NULL AND member_told_at IS NULL"),
        postgresql_where=text("flaw IS NOT NULL AND member_told_at IS NULL"),
    ),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("invitee", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=True),
    sqlite_with_rowid=False,
)

pledges = Table(
    "pledges",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel_id", ForeignKey("channels.id"), nullable=False),
    Column("person", String(80), nullable=False),
    Column("version", String(16), nullable=False),
    Column("language", String(8), nullable=False),
    Column("text_sha256", String(64), nullable=False),
    Column("confirmed_at", Instant, nullable=False),
    Column("certificate", String(24), nullable=False, unique=True),
    UniqueConstraint("channel_id", "person", "version"),
)

# --- conversations -------------------------------------------------------------------------------------------

conversations = Table(
    "conversations",
    metadata,
    # Keyed, as is the person's: a private chat has the number of their account.
    Column("key", String(64), primary_key=True),
    Column("talker", String(64), nullable=False, index=True),
    Column("state", String(120), nullable=True),
    Column("data", JSON, nullable=False),
    Column("changed_at", Hour, nullable=False),
    sqlite_with_rowid=False,
)

# What a button stands for opens with its token alone, which only the message in the chat holds; see ``buttons.py``.
buttons = Table(
    "buttons",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("group", String(64), nullable=False, index=True),
    Column("belongs", String(64), nullable=False, index=True),
    Column("used_by", String(64), nullable=True),
    Column("gone_at", Hour, nullable=False, index=True),
    sqlite_with_rowid=False,
)

forgetting_owed = Table(
    "forgetting_owed",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("due_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

updates_seen = Table(
    "updates_seen",
    metadata,
    Column("bot", String(40), primary_key=True),
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seen_at", Hour, nullable=False),
)

# --- bulletins and their deliveries --------------------------------------------------------------------------

bulletins = Table(
    "bulletins",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(16), nullable=False, unique=True),
    Column("state", String(16), nullable=False, index=True),
    Column("record", JSON, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("approval_hash", String(64), nullable=False),
    Column("lane", SmallInteger, nullable=False),
    Column("life_safety", Boolean, nullable=False),
    Column("corrects", ForeignKey("bulletins.id"), nullable=True, index=True),
    Column("author", String(80), nullable=False),
    Column("author_chat", String(80), nullable=False),
    Column("origin_key", String(80), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=True),
    Column("expires", Instant, nullable=False),
    Column("started_at", Instant, nullable=True),
    Column("finished_at", Instant, nullable=True),
    Column("halted_because", String(200), nullable=True),
    Column("progress_message", String(80), nullable=True),
    # Of an occurrence: its series. No foreign key, for SQLite cannot add one to a table that is there already;
    # a row is only ever written by the transaction that has read the series.
    Column("series", Id, nullable=True, index=True),
)

recurrences = Table(
    "recurrences",
    metadata,
    Column("bulletin_id", ForeignKey("bulletins.id"), primary_key=True),
    Column("next_at", Instant, nullable=False),
    Column("skipped_at", Instant, nullable=True),
)

approvals = Table(
    "approvals",
    metadata,
    Column("bulletin_id", ForeignKey("bulletins.id"), primary_key=True),
    Column("person", String(80), primary_key=True),
    Column("approval_hash", String(64), primary_key=True),
    Column("approved_at", Instant, nullable=False),
)

# What the moderators' chat of a bot has heard of a bulletin.
announcements = Table(
    "announcements",
    metadata,
    Column("bulletin_id", ForeignKey("bulletins.id"), primary_key=True),
    Column("bot", String(40), primary_key=True),
    Column("mark", String(240), primary_key=True),
)

pictures = Table(
    "pictures",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("kept_at", Instant, nullable=False),
)

# No foreign keys here: rows are only ever planned by a SELECT from ``channels`` beside the bulletin's own
# transaction, and looking up both parents again would cost a third of planning a million rows.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("bulletin_id", Id, nullable=False),
    Column("channel_id", Id, nullable=False),
    Column("bot", String(40), nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempt", SmallInteger, nullable=False, server_default=text("0")),
    Column("resent", Boolean, nullable=False, server_default=NO),
    Column("due_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=True),
    Column("message_id", String(40), nullable=True),
    Column("reason", String(120), nullable=True),
    Column("settled_at", BigInteger, nullable=True),
    Column("reach", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("bulletin_id", "channel_id"),
    Index(
        "ix_deliveries_queued",
        "bulletin_id",
        "bot",
        "due_at",
        "id",
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
    Index(
        "ix_deliveries_sending",
        "bot",
        "bulletin_id",
        sqlite_where=text("state = 'sending'"),
        postgresql_where=text("state = 'sending'"),
    ),
    Index(
        "ix_deliveries_trouble",
        "bulletin_id",
        "state",
        sqlite_where=text("state IN ('failed', 'unsure')"),
        postgresql_where=text("state IN ('failed', 'unsure')"),
    ),
)

# What is to be pinned and is not yet; nearly always empty. A table of its own, for a delivery to a channel that pins
# nothing must not cost more: a column would need an index that each outcome is checked against, a foreign key a look
# at each change of the ledger.
pins_due = Table(
    "pins_due",
    metadata,
    Column("delivery_id", Id, primary_key=True, autoincrement=False),
    Column("bot", String(40), nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Index("ix_pins_due_turn", "bot", "due_at", "delivery_id"),
)

# Written out, not bound: SQLite uses a partial index only where it sees the same words.
is_canary = text("channels.canary")
is_queued = deliveries.c.state == literal_column("'queued'")
is_sending = deliveries.c.state == literal_column("'sending'")

# Which account a bot of the settings is, as the platform calls it: another one is in none of its channels.
accounts = Table(
    "accounts",
    metadata,
    Column("bot", String(40), primary_key=True),
    Column("external_id", String(80), nullable=False),
)

paces = Table(
    "paces",
    metadata,
    Column("bot", String(40), primary_key=True),
    Column("held_until", BigInteger, nullable=False),
    Column("rate_per_second", Float, nullable=False),
)

# Tokens over which the platform cannot be reached, or is not willing to be; a row for each.
lines = Table(
    "lines",
    metadata,
    Column("bot", String(40), primary_key=True),
    Column("because", String(120), nullable=False),
)

# Which alarm of which bot, or of the database, the moderators' chat of a bot has heard and still has to believe.
alarms = Table(
    "alarms",
    metadata,
    Column("bot", String(40), primary_key=True),
    Column("about", String(40), primary_key=True),
    Column("alarm", String(16), nullable=False),
)

media_handles = Table(
    "media_handles",
    metadata,
    Column("bot", String(40), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("handle", String(200), nullable=False),
)
