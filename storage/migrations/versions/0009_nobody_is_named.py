"""nobody who only reports is named, and what a case is about is sealed

A migration knows no key. So what is to be sealed is marked here (``clear:``, ``sha256:``, and the names that have a
colon), and sealed at the first start by ``storage/earlier.py``. Buttons are sealed by their own tokens, here; those of
reports, and drafts, which last a day, are dropped: their senders are asked to forward it again.
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import DropSchema

import storage.tables
from members.buttons import Button
from storage.button_seals import group_name, row_key, sealed_button
from storage.case_keys import SCHEMA, case_keys, prepare_keys
from storage.columns import instant

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None

_DAY_MILLISECONDS = 86_400_000
_ASIDE = ("consents", "reports", "verdicts")


def upgrade() -> None:
    """Forward."""
    connection = op.get_bind()
    prepare_keys(connection)
    _seal_buttons(connection)
    _remake_small_tables(connection)
    op.create_table(
        "forgetting_owed",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", storage.tables.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_forgetting_owed")),
        sqlite_with_rowid=False,
    )
    kept = {table: _aside(connection, table) for table in _ASIDE}
    _open_cases(connection)
    _mark_cases(connection)
    _shut_cases()
    _change_reports()
    _put_back(connection, "verdicts", kept["verdicts"])
    for row in kept["reports"]:
        row["filed_at"] = _day(row["filed_at"])
        row["answered_at"] = row["answered_at"] and _day(row["answered_at"])
    _put_back(connection, "reports", kept["reports"])
    op.drop_table("consents")
    op.create_table(
        "consents",
        sa.Column("report_id", storage.tables.Id, nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        sa.Column("given_at", storage.tables.Day(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_consents_report_id")),
        sa.PrimaryKeyConstraint("report_id", "purpose", "text_sha256", name=op.f("pk_consents")),
        sqlite_with_rowid=False,
    )
    for row in kept["consents"]:
        del row["id"]
        row["given_at"] = _day(row["given_at"])
    _put_back(connection, "consents", kept["consents"])


def _seal_buttons(connection: sa.Connection) -> None:
    old = sa.Table("buttons", sa.MetaData(), autoload_with=connection)
    rows = connection.execute(sa.select(old).where(old.c.action.not_like("report.%"))).all()
    op.drop_table("buttons")
    op.create_table(
        "buttons",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("group", sa.String(64), nullable=False),
        sa.Column("belongs", sa.String(64), nullable=False),
        sa.Column("used_by", sa.String(64), nullable=True),
        sa.Column("gone_at", storage.tables.Hour(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_buttons")),
        sqlite_with_rowid=False,
    )
    for column in ("group", "belongs", "gone_at"):
        op.create_index(op.f(f"ix_buttons_{column}"), "buttons", [column])
    new = sa.table("buttons", *map(sa.column, ("key", "sealed", "group", "belongs", "used_by", "gone_at")))
    for row in rows:
        payload = json.loads(row.payload) if isinstance(row.payload, str) else row.payload
        expires_at = instant(row.expires_at)
        button = Button(
            row.token, row.person, row.chat, row.action, payload, row.group, bool(row.repeatable), expires_at
        )
        gone = expires_at + timedelta(days=7, hours=2)
        sealed = {
            "key": row_key(row.token),
            "sealed": sealed_button(button),
            "group": group_name(row.group),
            "belongs": secrets.token_hex(32),  # whose it is takes the key; it goes with its time
            "used_by": None if row.used_by is None else secrets.token_hex(32),
            "gone_at": int(gone.timestamp()) // 3600 * 3_600_000,
        }
        connection.execute(sa.insert(new).values(**sealed))


def _remake_small_tables(connection: sa.Connection) -> None:
    op.drop_table("drafts")
    op.create_table(
        "drafts",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asker", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", storage.tables.Instant(), nullable=False),
        sa.Column("due_at", storage.tables.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_drafts")),
        sa.UniqueConstraint("asker", name=op.f("uq_drafts_asker")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_drafts_begun_at"), "drafts", ["begun_at"])
    op.create_index("ix_drafts_due", "drafts", ["state", "due_at"])
    kept = {table: _aside(connection, table) for table in ("members", "conversations")}
    for table in kept:
        op.drop_table(table)
    op.create_table(
        "members",
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("met_at", storage.tables.Day(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_members")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "conversations",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("talker", sa.String(64), nullable=False),
        sa.Column("state", sa.String(120), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("changed_at", storage.tables.Hour(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_conversations")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_conversations_talker"), "conversations", ["talker"])
    op.drop_table("invitations")  # they were good for 15 minutes
    op.create_table(
        "invitations",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("invitee", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", storage.tables.Instant(), nullable=False),
        sa.Column("used_at", storage.tables.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_invitations")),
        sqlite_with_rowid=False,
    )
    for row in kept["members"]:
        row["met_at"] = _day(row["met_at"])
    _put_back(connection, "members", kept["members"])
    talks = [{**row, "talker": ""} for row in kept["conversations"] if len(str(row["key"])) <= 64]
    _put_back(connection, "conversations", talks)


def _open_cases(connection: sa.Connection) -> None:
    """Room for what is to be sealed."""
    with op.batch_alter_table("cases") as cases:
        cases.add_column(sa.Column("content_key", sa.String(80), nullable=True))
        cases.add_column(sa.Column("sealed", sa.LargeBinary(), nullable=True))
        cases.add_column(sa.Column("sealed_deciding", sa.LargeBinary(), nullable=True))
        cases.add_column(sa.Column("sealed_card", sa.LargeBinary(), nullable=True))
        cases.add_column(sa.Column("card_changes", sa.Integer(), nullable=False, server_default=sa.text("1")))
        cases.add_column(sa.Column("card_shown", sa.Integer(), nullable=False, server_default=sa.text("0")))


def _mark_cases(connection: sa.Connection) -> None:
    cases = sa.Table("cases", sa.MetaData(), autoload_with=connection)
    for row in connection.execute(sa.select(cases)).all():
        findings = json.loads(row.findings) if isinstance(row.findings, str) else row.findings
        content = json.dumps([row.content, findings, row.deciding_text]).encode()
        place = {"chat": row.card_chat, "message_id": row.card_message_id, "topic_id": row.card_topic_id}
        marked = {
            "content_key": f"sha256:{row.content_sha256}",
            "sealed": b"clear:" + content if row.wrapped_key is not None else None,
            "sealed_card": None if row.card_message_id is None else b"clear:" + json.dumps(place).encode(),
            "opened_at": _day(row.opened_at),
            "changed_at": _day(row.changed_at),
        }
        connection.execute(sa.update(cases).where(cases.c.id == row.id).values(**marked))
        if row.wrapped_key is not None:
            key = {"case_id": row.id, "wrapped": row.wrapped_key, "kept_at": instant(row.changed_at)}
            connection.execute(sa.insert(case_keys).values(**key))


def _shut_cases() -> None:
    """Nothing stays in the clear."""
    with op.batch_alter_table("cases") as cases:
        cases.drop_constraint(op.f("uq_cases_content_sha256"), type_="unique")
        for column in (
            "content",
            "content_sha256",
            "findings",
            "wrapped_key",
            "deciding_text",
            "card_chat",
            "card_message_id",
            "card_topic_id",
            "card_shown_at",
        ):
            cases.drop_column(column)
        cases.alter_column("content_key", existing_type=sa.String(80), nullable=False)
        cases.create_unique_constraint(op.f("uq_cases_content_key"), ["content_key"])
    changed = sa.text("card_changes > card_shown")
    op.create_index("ix_cases_stale", "cases", ["id"], sqlite_where=changed, postgresql_where=changed)


def _change_reports() -> None:
    with op.batch_alter_table("reports") as reports:
        reports.add_column(sa.Column("locator", sa.String(64), nullable=True))
        reports.alter_column("reporter", existing_type=sa.String(64), nullable=True)
        reports.create_unique_constraint(op.f("uq_reports_locator"), ["locator"])
    unlocated = sa.text("locator IS NULL AND reporter IS NOT NULL")
    op.create_index(
        "ix_reports_unlocated", "reports", ["id"], sqlite_where=unlocated, postgresql_where=unlocated
    )


def _aside(connection: sa.Connection, table: str) -> list[dict[str, object]]:
    """Take all rows out, so that no key of theirs is in the way."""
    there = sa.Table(table, sa.MetaData(), autoload_with=connection)
    rows = [dict(row._mapping) for row in connection.execute(sa.select(there))]
    connection.execute(sa.delete(there))
    return rows


def _put_back(connection: sa.Connection, table: str, rows: list[dict[str, object]]) -> None:
    there = sa.Table(table, sa.MetaData(), autoload_with=connection)
    if rows:
        connection.execute(sa.insert(there), rows)


def _day(milliseconds: object) -> int:
    return int(str(milliseconds)) // _DAY_MILLISECONDS * _DAY_MILLISECONDS


def downgrade() -> None:
    """Back. What was sealed stays sealed: cases are closed and empty, and people are met anew."""
    connection = op.get_bind()
    for table in ("buttons", "drafts", "members", "conversations", "invitations", "forgetting_owed"):
        op.drop_table(table)
    consents, reports, verdicts = (_aside(connection, table) for table in _ASIDE)
    op.drop_index("ix_reports_unlocated", table_name="reports")
    op.drop_index("ix_cases_stale", table_name="cases")
    with op.batch_alter_table("reports") as there:
        there.drop_constraint(op.f("uq_reports_locator"), type_="unique")
        there.drop_column("locator")
        there.alter_column("reporter", existing_type=sa.String(64), nullable=False)
    _empty_cases(connection)
    _put_back(connection, "verdicts", verdicts)
    for row in reports:
        row["reporter"] = row["reporter"] or secrets.token_hex(32)
        row["sealed_address"] = None
        del row["locator"]
    _put_back(connection, "reports", reports)
    op.drop_table("consents")
    for make in (_buttons_of_0001, _drafts_of_0001, _people_of_0001, _invitations_of_0001, _consents_of_0001):
        make()
    _put_back(connection, "consents", consents)
    case_keys.drop(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(DropSchema(SCHEMA))


def _empty_cases(connection: sa.Connection) -> None:
    empty = {"content": sa.text("''"), "content_sha256": sa.text("''"), "findings": sa.text("'[]'")}
    with op.batch_alter_table("cases") as cases:
        cases.drop_constraint(op.f("uq_cases_content_key"), type_="unique")
        cases.add_column(sa.Column("content", sa.Text(), nullable=False, server_default=empty["content"]))
        cases.add_column(sa.Column("content_sha256", sa.String(64), nullable=True))
        cases.add_column(sa.Column("findings", sa.JSON(), nullable=False, server_default=empty["findings"]))
        cases.add_column(sa.Column("wrapped_key", sa.LargeBinary(), nullable=True))
        cases.add_column(sa.Column("deciding_text", sa.Text(), nullable=True))
        cases.add_column(sa.Column("card_chat", sa.String(80), nullable=True))
        cases.add_column(sa.Column("card_message_id", sa.String(40), nullable=True))
        cases.add_column(sa.Column("card_topic_id", sa.String(40), nullable=True))
        cases.add_column(sa.Column("card_shown_at", storage.tables.Instant(), nullable=True))
    connection.execute(
        sa.text("UPDATE cases SET content_sha256 = substr(content_key, 1, 64), state = 'closed'")
    )
    with op.batch_alter_table("cases") as cases:
        for column in (
            "content_key",
            "sealed",
            "sealed_deciding",
            "sealed_card",
            "card_changes",
            "card_shown",
        ):
            cases.drop_column(column)
        cases.alter_column("content", existing_type=sa.Text(), server_default=None)
        cases.alter_column("findings", existing_type=sa.JSON(), server_default=None)
        cases.alter_column("content_sha256", existing_type=sa.String(64), nullable=False)
        cases.create_unique_constraint(op.f("uq_cases_content_sha256"), ["content_sha256"])


def _buttons_of_0001() -> None:
    op.create_table(
        "buttons",
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("person", sa.String(80), nullable=True),
        sa.Column("chat", sa.String(80), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("group", sa.String(32), nullable=False),
        sa.Column("repeatable", sa.Boolean(), nullable=False),
        sa.Column("expires_at", storage.tables.Instant(), nullable=False),
        sa.Column("used_at", storage.tables.Instant(), nullable=True),
        sa.Column("used_by", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_buttons")),
    )
    op.create_index(op.f("ix_buttons_expires_at"), "buttons", ["expires_at"])
    op.create_index(op.f("ix_buttons_group"), "buttons", ["group"])


def _drafts_of_0001() -> None:
    op.create_table(
        "drafts",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asker", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", storage.tables.Instant(), nullable=False),
        sa.Column("due_at", storage.tables.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_asker"), "drafts", ["asker"])
    op.create_index(op.f("ix_drafts_begun_at"), "drafts", ["begun_at"])
    op.create_index("ix_drafts_due", "drafts", ["state", "due_at"])


def _people_of_0001() -> None:
    op.create_table(
        "members",
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("met_at", storage.tables.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_members")),
    )
    op.create_table(
        "conversations",
        sa.Column("key", sa.String(240), nullable=False),
        sa.Column("state", sa.String(120), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("changed_at", storage.tables.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_conversations")),
    )


def _invitations_of_0001() -> None:
    op.create_table(
        "invitations",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("expires_at", storage.tables.Instant(), nullable=False),
        sa.Column("used_at", storage.tables.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_invitations")),
    )


def _consents_of_0001() -> None:
    op.create_table(
        "consents",
        sa.Column("id", storage.tables.Id, nullable=False),
        sa.Column("report_id", storage.tables.Id, nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        sa.Column("given_at", storage.tables.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_consents_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.UniqueConstraint(
            "report_id", "purpose", "text_sha256", name=op.f("uq_consents_report_id_purpose_text_sha256")
        ),
    )
