"""What one delivery's outcome means beyond its own row, written in the same transaction.

A channel is lost, lacks a right, or has moved; a bulletin is halted by the breaker.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, case, delete, exists, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.breaker import UNKNOWN, is_known, may_be_about_content, should_halt
from broadcasts.broadcast import BroadcastState
from broadcasts.corrections import LEFT_BEHIND, MOVED_AWAY, NOT_EDITED
from broadcasts.delivery import DeliveryState, Gone, Moved, NoRights, Rejected
from broadcasts.ports import PinEnding, Settlement
from broadcasts.retry import REASON_CHARACTERS
from bulletins.bulletin import BulletinId
from members.channel import ChannelKind, ChannelState
from storage.steps import may_leave
from storage.tables import bulletins, channels, deliveries, is_sending, milliseconds, pledges

FLAW_CHARACTERS = 80
LEFT_TO_SUCCESSOR = "moved"
"""Why a delivery was given up: the group has moved to a place that has one of its own."""
_BECAUSE_CHARACTERS = 200

_c, _d, _b = channels.c, deliveries.c, bulletins.c
_HERE = (ChannelState.ACTIVE.value, ChannelState.PAUSED.value)
_HANDED_ON = tuple(
    state.value
    for state in (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNSURE)
)

MAY_BE_GIVEN_UP = may_leave(DeliveryState.QUEUED, DeliveryState.DROPPED, DeliveryState.UNSURE)
"""Which deliveries ``never_sent`` is for."""


Cause = Settlement | PinEnding
"""What has consequences: what came of a post, or of a pin."""


async def follow(connection: AsyncConnection, settled: Cause) -> bool:
    """Write what follows. True when the bulletin was halted by this."""
    match settled.effect:
        case Gone(reason):
            await _lose(connection, settled, reason)
        case NoRights(missing):
            await _flag(connection, settled, missing)
        case Moved(new_external_id):
            await _move(connection, settled, new_external_id)
        case Rejected(reason):
            return await _maybe_halt(connection, settled, reason)
        case None if settled.mends is not None:
            await connection.execute(
                update(channels)
                .where(_c.id == settled.channel_id, _c.flaw == settled.mends)
                .values(flaw=None, member_told_at=None)
            )
    return False


async def _lose(connection: AsyncConnection, settled: Cause, reason: str) -> None:
    await connection.execute(
        update(channels)
        .where(_c.id == settled.channel_id, _c.state.in_(_HERE))
        .values(state=ChannelState.LOST.value, flaw=reason[:FLAW_CHARACTERS], member_told_at=None)
    )


async def _flag(connection: AsyncConnection, settled: Cause, missing: str) -> None:
    """The member hears of a right that is missing once, not once a bulletin."""
    flaw = missing[:FLAW_CHARACTERS]
    await connection.execute(
        update(channels)
        .where(_c.id == settled.channel_id, or_(_c.flaw.is_(None), _c.flaw != flaw))
        .values(flaw=flaw, member_told_at=None)
    )


async def _move(connection: AsyncConnection, settled: Cause, new_external_id: str) -> None:
    """The same place under a new id. If that place has a delivery of its own, this one is not sent there too."""
    await follow_to(connection, settled.channel_id, new_external_id)
    stayed = and_(_d.id == settled.delivery_id, _d.channel_id == settled.channel_id)
    is_left = exists().where(_c.id == settled.channel_id, _c.state == ChannelState.LOST.value)
    await connection.execute(
        update(deliveries)
        .where(stayed, is_left, MAY_BE_GIVEN_UP)
        .values(never_sent(LEFT_TO_SUCCESSOR, settled.at))
    )


async def follow_to(connection: AsyncConnection, channel_id: int, new_external_id: str) -> bool:
    """A group was upgraded to this id. False when that is known already.

    Where the new place began to enrol of itself meanwhile, the older channel with its pledge is kept; where it has
    enrolled, the new one is.
    """
    platform = select(_c.platform).where(_c.id == channel_id).scalar_subquery()
    at_new = and_(_c.platform == platform, _c.external_id == new_external_id)
    has_pledge = exists().where(pledges.c.channel_id == _c.id)
    await connection.execute(
        delete(channels).where(
            at_new, _c.id != channel_id, _c.state == ChannelState.PLEDGING.value, ~has_pledge
        )
    )
    successor = await connection.scalar(select(_c.id).where(at_new))
    if successor == channel_id:
        return False
    if successor is not None:
        return await _leave_to_successor(connection, channel_id, successor)
    await connection.execute(
        update(channels)
        .where(_c.id == channel_id)
        .values(external_id=new_external_id, kind=ChannelKind.SUPERGROUP.value)
    )
    await _leave_copies_behind(connection, channel_id)
    return True


async def _leave_copies_behind(connection: AsyncConnection, channel_id: int) -> None:
    """A channel has moved. Its copies stay in the old place: under their ids the new one has other messages.

    So does a message that is on its way: if it is still confirmed, then under an id of the old place.
    """
    here = or_(and_(_d.state == DeliveryState.SENT.value, _d.reason.is_(None)), is_sending)
    await connection.execute(
        update(deliveries)
        .where(_d.bulletin_id.in_(select(_b.id)), _d.channel_id == channel_id, here)
        .values(reason=MOVED_AWAY)
    )
    could_not_be_edited = and_(_d.state == DeliveryState.SENT.value, _d.reason.like(f"{NOT_EDITED}:%"))
    await connection.execute(
        update(deliveries)
        .where(_d.bulletin_id.in_(select(_b.id)), _d.channel_id == channel_id, could_not_be_edited)
        .values(reason=LEFT_BEHIND)
    )


async def _leave_to_successor(connection: AsyncConnection, channel_id: int, successor: int) -> bool:
    """A group's new place was enrolled by itself: it gets what the old one waits for and had, unless it has its own.

    What was posted in the old place is corrected by a message in the new one. False when that was done before.
    Without a flaw there is nothing to tell its member.
    """
    left = await connection.execute(
        update(channels)
        .where(_c.id == channel_id, _c.state != ChannelState.LOST.value)
        .values(state=ChannelState.LOST.value, flaw=None)
    )
    await _leave_copies_behind(connection, channel_id)
    has_own = select(_d.bulletin_id).where(_d.bulletin_id.in_(select(_b.id)), _d.channel_id == successor)
    await connection.execute(
        update(deliveries)
        .where(
            _d.bulletin_id.in_(select(_b.id).where(_b.id.not_in(has_own))),
            _d.channel_id == channel_id,
            _d.state.in_(_HANDED_ON),
        )
        .values(channel_id=successor)
    )
    return left.rowcount == 1


def never_sent(reason: str, at: datetime) -> dict[str, object]:
    """Values of a queued delivery that is given up; where an earlier attempt may have arrived it is unsure."""
    state = case((_d.resent, DeliveryState.UNSURE.value), else_=DeliveryState.DROPPED.value)
    return {"state": state, "reason": reason, "settled_at": milliseconds(at)}


async def _maybe_halt(connection: AsyncConnection, settled: Cause, reason: str) -> bool:
    if not may_be_about_content(reason):
        return False
    alike = _d.reason == f"rejected:{reason}"[:REASON_CHARACTERS]
    if is_known(reason):
        alike = and_(
            _d.reason.like("rejected:%"), ~_d.reason.startswith(f"rejected:{UNKNOWN}", autoescape=True)
        )
    refused = select(func.count()).where(
        _d.bulletin_id == settled.bulletin_id,
        text("state IN ('failed', 'unsure')"),  # the very words of the partial index
        _d.state == DeliveryState.FAILED.value,
        alike,
    )
    is_canary = await connection.scalar(select(_c.canary).where(_c.id == settled.channel_id))
    if not should_halt(bool(is_canary), await connection.scalar(refused) or 0):
        return False
    return await halt(connection, settled.bulletin_id, f"rejected:{reason}")


async def halt(connection: AsyncConnection, bulletin_id: BulletinId, because: str) -> bool:
    """Pause a bulletin that is being sent. False when it is not."""
    halted = await connection.execute(
        update(bulletins)
        .where(_b.id == bulletin_id, _b.state == BroadcastState.SENDING.value)
        .values(state=BroadcastState.PAUSED.value, halted_because=because[:_BECAUSE_CHARACTERS])
    )
    return halted.rowcount == 1
