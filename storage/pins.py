"""The pins that are owed: read by the pump of their bot, put off, and taken away together with how they ended."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.broadcast import BroadcastState
from broadcasts.corrections import CORRECTED
from broadcasts.delivery import DeliveryId
from broadcasts.ports import OwedPin, Pin, PinEnding
from bulletins.bulletin import BulletinId, MsgType
from members.channel import ChannelId, ChannelState
from storage.availability import available, to_the_end
from storage.committer import Batch, Committer
from storage.consequences import follow
from storage.delivery_rows import LEFT_IN_OLD_PLACE
from storage.engine import for_reading
from storage.tables import bulletins, channels, deliveries, instant, milliseconds, pins_due

_p, _d, _c, _b = pins_due.c, deliveries.c, channels.c, bulletins.c
_withdrawal = bulletins.alias("withdrawal")


class SqlPins:
    """The pins of one database. ``engine`` reads; ``committer`` writes."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = for_reading(engine)
        self._committer = committer

    async def owed(self, bot: str, at_most: int) -> Sequence[OwedPin]:
        """Those of this bot, in the order in which they are due, also those that are not due yet; reads only."""
        return await to_the_end(available(self._owed({"bot": bot, "at_most": at_most})))

    async def _owed(self, parameters: dict[str, Any]) -> Sequence[OwedPin]:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_OWED, parameters)).all()
        return [_owed_pin(row) for row in rows]

    async def put_off(self, pin: Pin, due_at: datetime) -> None:
        """It is due later, and so many attempts are held against it."""
        later = {"attempt": pin.attempt, "due_at": milliseconds(due_at)}
        its_row = update(pins_due).where(_p.delivery_id == pin.delivery_id)
        await available(self._committer.write(lambda connection: connection.execute(its_row.values(later))))

    async def end(self, ending: PinEnding) -> None:
        """It is owed no longer."""
        if ending.effect is None and ending.mends is None:
            await available(self._committer.write_row(ENDED, ending.delivery_id))
            return

        async def end_and_follow(connection: AsyncConnection) -> None:
            await connection.execute(delete(pins_due).where(_p.delivery_id == ending.delivery_id))
            await follow(connection, ending)

        await available(self._committer.write(end_and_follow))


# First the few rows, down the index, and then what belongs to them: so it is planned right without statistics too.
_turn = (
    select(_p.delivery_id, _p.attempt, _p.due_at)
    .where(_p.bot == bindparam("bot"))
    .order_by(_p.due_at, _p.delivery_id)
    .limit(bindparam("at_most"))
    .subquery()
)
_IS_WITHDRAWN = exists().where(
    _withdrawal.c.corrects == _b.id,
    _withdrawal.c.started_at.is_not(None),
    _withdrawal.c.record["msg_type"].as_string() == MsgType.CANCEL.value,
)
_OWED = (
    select(
        _turn.c.delivery_id,
        _turn.c.attempt,
        _turn.c.due_at,
        _d.bulletin_id,
        _d.channel_id,
        _d.message_id,
        _d.settled_at,
        _d.reason,
        _c.external_id,
        _c.state.label("channel_state"),
        _c.pin,
        _c.flaw,
        _b.state,
        _b.halted_because,
        _b.expires,
        _IS_WITHDRAWN.label("is_withdrawn"),
    )
    .join_from(_turn, deliveries, _d.id == _turn.c.delivery_id)
    .join(channels, _c.id == _d.channel_id)
    .join(bulletins, _b.id == _d.bulletin_id)
    .order_by(_turn.c.due_at, _turn.c.delivery_id)
)


def _owed_pin(row: Any) -> OwedPin:
    return OwedPin(
        pin=Pin(
            delivery_id=DeliveryId(row.delivery_id),
            bulletin_id=BulletinId(row.bulletin_id),
            channel_id=ChannelId(row.channel_id),
            chat=row.external_id,
            message_id=row.message_id,
            flaw=row.flaw,
            attempt=row.attempt,
        ),
        due_at=instant(row.due_at),
        posted_at=instant(row.settled_at),
        is_postable=row.channel_state == ChannelState.ACTIVE.value,
        is_chosen=row.pin,
        is_left_behind=row.reason in LEFT_IN_OLD_PLACE,
        state=BroadcastState(row.state),
        was_corrected=row.halted_because == CORRECTED,
        is_withdrawn=row.is_withdrawn,
        expires=row.expires,
    )


_END_IN_POSTGRES = text("DELETE FROM pins_due WHERE delivery_id = ANY(CAST(:ids AS bigint[]))")
_END_IN_SQLITE = "DELETE FROM pins_due WHERE delivery_id IN (SELECT value FROM json_each(?1))"


async def _end_in_postgres(connection: AsyncConnection, ended: Sequence[DeliveryId]) -> Sequence[None]:
    await connection.execute(_END_IN_POSTGRES, {"ids": list(ended)})
    return [None] * len(ended)


def _end_in_sqlite(driver: sqlite3.Connection, ended: Sequence[DeliveryId]) -> Sequence[None]:
    driver.execute(_END_IN_SQLITE, (json.dumps(ended),))
    return [None] * len(ended)


ENDED = Batch(_end_in_postgres, _end_in_sqlite)
