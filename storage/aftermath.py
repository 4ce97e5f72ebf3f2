"""What did not arrive and why, and putting it right: the port ``broadcasts.progress.Aftermath``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.book import Refusal
from broadcasts.broadcast import BroadcastState
from broadcasts.corrections import NOT_EDITED
from broadcasts.delivery import DeliveryId, DeliveryState
from broadcasts.progress import ReasonCount, Resolution, Settling, Straggler, what_it_became
from bulletins.bulletin import BulletinId
from members.channel import ChannelState
from storage.committer import Committer
from storage.consequences import LEFT_TO_SUCCESSOR
from storage.steps import may_leave
from storage.tables import bulletins, channels, deliveries, milliseconds

_REASONS_AT_MOST = 50

_d, _b, _c = deliveries.c, bulletins.c, channels.c
_IN_TROUBLE = text("deliveries.state IN ('failed', 'unsure')")  # the very words of the partial index
_STRAGGLERS = select(_d.id, _c.title, _d.state, func.coalesce(_d.reason, "").label("reason")).join(
    channels, _c.id == _d.channel_id
)
# Why a correction may never have come to a copy that stands there, or may stand there.
_GIVEN_UP = ("channel_not_active", "expired", "stopped", LEFT_TO_SUCCESSOR)
_OPEN = (BroadcastState.SENDING, BroadcastState.PAUSED, BroadcastState.DONE)
_PUBLISHED = (*_OPEN, BroadcastState.STOPPED)


class SqlAftermath:
    """Reads and changes deliveries after the fact."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = engine
        self._committer = committer

    async def reasons(self, bulletin_id: BulletinId) -> Sequence[ReasonCount]:
        """The table of what did not simply arrive, the largest number first."""
        count = func.count().label("count")
        query = (
            select(_d.state, func.coalesce(_d.reason, "").label("reason"), count)
            .where(_d.bulletin_id == bulletin_id, or_(_d.state != DeliveryState.SENT.value, _is_not_edited()))
            .group_by(_d.state, _d.reason)
            .order_by(count.desc())
            .limit(_REASONS_AT_MOST)
        )
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return [ReasonCount(DeliveryState(row.state), row.reason, row[2]) for row in rows]

    async def in_trouble(self, bulletin_id: BulletinId) -> Mapping[DeliveryState, int]:
        """How many stragglers there are, by their state."""
        query = select(_d.state, func.count()).where(_is_straggler(bulletin_id)).group_by(_d.state)
        async with self._engine.connect() as connection:
            return {DeliveryState(state): count for state, count in await connection.execute(query)}

    async def stragglers(self, bulletin_id: BulletinId, at_most: int) -> Sequence[Straggler]:
        """Unsure and failed deliveries, and copies that a correction could not change or did not come to."""
        wanted = _STRAGGLERS.where(_is_straggler(bulletin_id))
        return await self._named(wanted.order_by(_d.state.desc(), _d.id).limit(at_most))

    async def unsure(self, bulletin_id: BulletinId, after: int, at_most: int) -> Sequence[Straggler]:
        """Deliveries of which nobody knows whether they arrived, beyond the one with the id ``after``."""
        is_unsure = _d.state == DeliveryState.UNSURE.value
        wanted = _STRAGGLERS.where(_d.bulletin_id == bulletin_id, _IN_TROUBLE, is_unsure, _d.id > after)
        return await self._named(wanted.order_by(_d.id).limit(at_most))

    async def _named(self, query: Select[Any]) -> Sequence[Straggler]:
        async with self._engine.connect() as connection:
            return [
                Straggler(DeliveryId(row.id), row.title, DeliveryState(row.state), row.reason)
                for row in await connection.execute(query)
            ]

    async def retry_failed(self, bulletin_id: BulletinId, at: datetime) -> int | Refusal:
        """Queue what failed once more, where the channel is still there; how many."""
        is_there = exists().where(_c.id == _d.channel_id, _c.state == ChannelState.ACTIVE.value)
        wanted = and_(may_leave(DeliveryState.FAILED, DeliveryState.QUEUED), is_there)
        return await self._committer.write(
            lambda connection: _change(connection, bulletin_id, wanted, _again(at), at)
        )

    async def settle_unsure(self, settling: Settling) -> int | Refusal:
        """Say what became of unsure deliveries; how many that was."""
        after = what_it_became(settling.resolution)
        wanted = may_leave(DeliveryState.UNSURE, after)
        if settling.only is not None:
            wanted = and_(wanted, _d.id == settling.only)
        values: dict[str, Any] = {
            "state": after.value,
            "reason": f"moderator:{settling.resolution}",
            "settled_at": milliseconds(settling.at),
        }
        if settling.resolution is Resolution.RESEND:
            values = _again(settling.at) | {"resent": True}
        return await self._committer.write(
            lambda connection: _change(connection, settling.bulletin_id, wanted, values, settling.at)
        )


async def _change(
    connection: AsyncConnection,
    bulletin_id: BulletinId,
    wanted: ColumnElement[bool],
    values: dict[str, Any],
    at: datetime,
) -> int | Refusal:
    queues = values["state"] == DeliveryState.QUEUED.value
    refusal = await _why_not(connection, bulletin_id, at if queues else None)
    if refusal is not None:
        return refusal
    changed = await connection.execute(
        update(deliveries).where(_d.bulletin_id == bulletin_id, _IN_TROUBLE, wanted).values(values)
    )
    if queues and changed.rowcount:
        await connection.execute(
            update(bulletins)
            .where(_b.id == bulletin_id, _b.state == BroadcastState.DONE.value)
            .values(state=BroadcastState.SENDING.value, finished_at=None)
        )
    return changed.rowcount


async def _why_not(
    connection: AsyncConnection, bulletin_id: BulletinId, sent_at: datetime | None
) -> Refusal | None:
    """What has expired, was stopped or has been corrected since is not sent again."""
    found = await connection.execute(
        select(_b.state, _b.expires, _b.corrects, _b.started_at).where(_b.id == bulletin_id)
    )
    row = found.one_or_none()
    if row is None:
        return Refusal.UNKNOWN
    if sent_at is not None and await _is_superseded(connection, bulletin_id):
        return Refusal.SUPERSEDED
    is_over = sent_at is not None and row.expires <= sent_at
    if is_over or BroadcastState(row.state) not in (_PUBLISHED if sent_at is None else _OPEN):
        return Refusal.TOO_LATE
    return None


async def _is_superseded(connection: AsyncConnection, bulletin_id: BulletinId) -> bool:
    """Whether a correction of it has gone out, or another correction of the same that is newer."""
    other = bulletins.alias("other")
    is_newer = tuple_(other.c.started_at, other.c.id) > tuple_(_b.started_at, _b.id)
    superseded = select(other.c.id).where(
        _b.id == bulletin_id,
        other.c.started_at.is_not(None),  # a draft that was thrown away is stopped, too
        other.c.state.in_([state.value for state in _PUBLISHED]),
        or_(other.c.corrects == _b.id, and_(other.c.corrects == _b.corrects, is_newer)),
    )
    return await connection.scalar(superseded.limit(1)) is not None


def _again(at: datetime) -> dict[str, Any]:
    """Queued with all attempts before it."""
    return {
        "state": DeliveryState.QUEUED.value,
        "attempt": 0,
        "due_at": milliseconds(at),
        "reason": None,
        "settled_at": None,
    }


def _is_straggler(bulletin_id: BulletinId) -> ColumnElement[bool]:
    return and_(_d.bulletin_id == bulletin_id, or_(_IN_TROUBLE, _is_not_edited(), _never_came()))


def _never_came() -> ColumnElement[bool]:
    """A correction that was given up, though what it corrects is or may be there."""
    original, correction = deliveries.alias("original"), bulletins.alias("correction")
    was_there = exists(
        select(original.c.id)
        .join_from(correction, original, original.c.bulletin_id == correction.c.corrects)
        .where(
            correction.c.id == _d.bulletin_id,
            original.c.channel_id == _d.channel_id,
            original.c.state.in_([DeliveryState.SENT.value, DeliveryState.UNSURE.value]),
        )
    )
    return and_(_d.state == DeliveryState.DROPPED.value, _d.reason.in_(_GIVEN_UP), was_there)


def _is_not_edited() -> ColumnElement[bool]:
    return _d.reason.like(f"{NOT_EDITED}:%")
