"""Planning: one INSERT … SELECT turns a bulletin and its audience into queued deliveries.

Runs inside the transaction that starts the bulletin, so that nothing is ever sent without a row.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    case,
    exists,
    false,
    insert,
    literal,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.corrections import LEFT_UNSURE
from broadcasts.delivery import DeliveryState
from broadcasts.planner import (
    MINUTES_A_DAY,
    clock_gains,
    minute_of_day,
    overrides_quiet_hours,
    whole_minute,
)
from bulletins.bulletin import Bulletin, BulletinId, Status, is_drill
from members.channel import ChannelState
from storage.bulletin_records import bulletin_of
from storage.choices import lies_in, shares
from storage.tables import bulletins, channels, deliveries, is_canary, milliseconds

_PLANNED_COLUMNS = ("bulletin_id", "channel_id", "bot", "state", "due_at", "reach")
# PostgreSQL plans by statistics that it gathers every minute or so: until it knew of these rows, it would read
# all of them each time to find one.
_MANY = 1_000

# A copy that is on its way when a correction is planned may still arrive, and what was to be sent again may have
# arrived the first time; the pump waits to see.
_HAS_OR_MAY_GET_A_COPY = (DeliveryState.SENT, DeliveryState.UNSURE, DeliveryState.SENDING)


async def plan_deliveries(
    connection: AsyncConnection, bulletin_id: BulletinId, now: datetime, zone: tzinfo
) -> int:
    """Queue one delivery for each channel in the bulletin's audience; how many. A second time adds nothing.

    The canary's row is written, and therefore sent, before all others. Raises LookupError for no such
    bulletin.
    """
    found = await connection.execute(
        select(bulletins.c.record, bulletins.c.corrects).where(bulletins.c.id == bulletin_id)
    )
    row = found.one_or_none()
    if row is None:
        raise LookupError(f"there is no bulletin {bulletin_id}")
    if await connection.scalar(select(exists().where(deliveries.c.bulletin_id == bulletin_id))):
        return 0
    bulletin = bulletin_of(row.record)
    at_once = literal(milliseconds(now), BigInteger)
    first = await _queue(connection, bulletin_id, is_live_canary(), at_once)
    corrects = None if row.corrects is None else BulletinId(row.corrects)
    audience = audience_of(bulletin, corrects, dialect=connection.dialect.name)
    others = and_(audience, ~is_live_canary())
    planned = first + await _queue(connection, bulletin_id, others, _due_at(bulletin, now, zone))
    if planned >= _MANY and connection.dialect.name == "postgresql":
        await connection.execute(text("ANALYZE deliveries"))
    return planned


def audience_of(
    bulletin: Bulletin, corrects: BulletinId | None = None, *, dialect: str
) -> ColumnElement[bool]:
    """Which rows of ``channels`` it goes to, beside the canary; a correction, to those with the original.

    ``dialect`` is the database's: the same channels, found on another way.
    """
    if corrects is not None:
        return channels.c.id.in_(
            select(deliveries.c.channel_id).where(
                deliveries.c.bulletin_id == corrects,
                or_(
                    deliveries.c.state.in_([state.value for state in _HAS_OR_MAY_GET_A_COPY]),
                    deliveries.c.resent,
                    deliveries.c.reason == LEFT_UNSURE,
                ),
            )
        )
    if bulletin.status is Status.TEST:
        return false()
    audience = bulletin.audience
    return and_(
        channels.c.state == ChannelState.ACTIVE.value,
        channels.c.drills if is_drill(bulletin) else true(),
        shares(channels.c.topics, audience.topics),
        lies_in(audience.areas, dialect),
        channels.c.kind.in_(audience.kinds) if audience.kinds else true(),
    )


def is_live_canary() -> ColumnElement[bool]:
    """The operator's own channel, in which every bulletin is tried first."""
    return and_(is_canary, channels.c.state == ChannelState.ACTIVE.value)


async def _queue(
    connection: AsyncConnection,
    bulletin_id: BulletinId,
    wanted: ColumnElement[bool],
    due_at: ColumnElement[int],
) -> int:
    planned = select(
        literal(bulletin_id, BigInteger),
        channels.c.id,
        channels.c.bot,
        literal(DeliveryState.QUEUED.value),
        due_at,
        channels.c.member_count,
    ).where(wanted)
    inserted = await connection.execute(
        insert(deliveries).from_select(_PLANNED_COLUMNS, planned, include_defaults=False),
        execution_options={"preserve_rowcount": True},
    )
    return inserted.rowcount


def _due_at(bulletin: Bulletin, now: datetime, zone: tzinfo) -> ColumnElement[int]:
    """Now, or when the channel's quiet hours are over, at the earliest; in milliseconds."""
    at_once = literal(milliseconds(now), BigInteger)
    if overrides_quiet_hours(bulletin.severity, bulletin.status):
        return at_once
    minute = minute_of_day(now, zone)
    starts, ends = channels.c.quiet_starts_minute, channels.c.quiet_ends_minute
    wait_minutes = (ends - minute + MINUTES_A_DAY) % MINUTES_A_DAY
    # In the night in which clocks are put forward that is too late: whoever is looked at too early waits again.
    since = whole_minute(now) - clock_gains(now, zone)
    later = literal(milliseconds(since), BigInteger) + wait_minutes * literal(60_000, BigInteger)
    quiet = or_(
        and_(starts <= ends, starts <= minute, ends > minute),
        and_(starts > ends, or_(starts <= minute, ends > minute)),
    )
    return case((quiet, later), else_=at_once)
