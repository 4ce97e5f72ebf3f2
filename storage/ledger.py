"""The ledger: every delivery, from queued to final.

Reads use connections of their own. All writes are gathered by the committer; the two of each send, intent and
outcome, as rows of a batch.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.broadcast import BroadcastState
from broadcasts.delivery import DeliveryId, DeliveryState
from broadcasts.ports import (
    Due,
    Intent,
    OpenBulletin,
    Pick,
    Settlement,
)
from bulletins.bulletin import BulletinId
from members.channel import ChannelState
from storage.availability import UNAVAILABLE, available, instead_of, to_the_end
from storage.bulk import INTENTS, SETTLEMENTS, settle
from storage.committer import Committer, Work
from storage.consequences import MAY_BE_GIVEN_UP, follow, halt, never_sent
from storage.delivery_rows import (
    CANARY_PATIENCE,
    FORMER_STATES,
    LEFT_IN_OLD_PLACE,
    OPEN_BULLETINS_AT_MOST,
    due_of,
    open_bulletin_of,
)
from storage.engine import for_reading
from storage.postgres_looks import Leftover, PostgresLooks
from storage.steps import may_leave
from storage.tables import (
    bulletins,
    channels,
    deliveries,
    is_canary,
    is_queued,
    is_sending,
    milliseconds,
)

T = TypeVar("T")

INTERRUPTED = "unsure:interrupted"

_DROPPED_AT_ONCE = 5_000

_d, _c, _b = deliveries.c, channels.c, bulletins.c
_original = deliveries.alias("original")
_former, _sibling, _older = deliveries.alias("former"), deliveries.alias("sibling"), bulletins.alias("older")


class SqlLedger:
    """The ledger in a database. ``engine`` reads; ``committer`` writes."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = for_reading(engine)
        self._committer = committer
        self._looks = PostgresLooks(self._engine) if engine.dialect.name == "postgresql" else None

    async def open_bulletins(self, bot: str, now: datetime) -> Sequence[OpenBulletin]:
        """The bulletins being sent, most urgent first."""
        if self._looks is not None:
            return await available(self._looks.open_bulletins(bot, now))
        parameters = {
            "bot": bot,
            "patient_since": now - CANARY_PATIENCE,
            "patient_until": milliseconds(now + CANARY_PATIENCE),
        }
        rows = await self._read(_OPEN_BULLETINS, parameters)
        return [open_bulletin_of(row, row.expires, row.next_due) for row in rows]

    async def pick(self, pick: Pick) -> Sequence[Due]:
        """Due deliveries in the order they became due; reads only."""
        if self._looks is not None:
            return await available(self._looks.pick(pick))
        after_due, after_id = pick.after or (None, 0)
        parameters = {
            "bot": pick.bot,
            "bulletin": pick.bulletin.id,
            "corrects": pick.bulletin.corrects,
            "now": milliseconds(pick.now),
            "after_due": 0 if after_due is None else milliseconds(after_due),
            "after_id": after_id,
            "at_most": pick.limit,
            "canary": pick.bulletin.canary,
        }
        is_correction, is_gated = pick.bulletin.corrects is not None, pick.bulletin.canary is not None
        statement = _PICKS[is_correction, is_gated]
        (gathered,) = await self._read(_in_one_row(statement), parameters)
        return [due_of(values, pick.now) for values in json.loads(gathered[0])]

    async def intend(self, intent: Intent) -> frozenset[DeliveryId]:
        """Make these ``sending``; those that may go: still queued, their bulletin still being sent."""
        return await available(self._committer.write_row(INTENTS, intent))

    async def is_wanted(self, delivery: DeliveryId) -> bool:
        """Whether one that is ``sending`` still should be: its bulletin goes on, its channel takes part; reads only."""
        return bool(await self._read(_WANTED, {"delivery": delivery}))

    async def record(self, settlement: Settlement) -> bool:
        """Write what came of an attempt. True when it made the breaker halt the bulletin."""
        if settlement.effect is None and settlement.mends is None:
            try:  # a frame less than ``available``, a million times
                return await self._committer.write_row(SETTLEMENTS, settlement)
            except UNAVAILABLE as error:
                raise instead_of(error) from error

        async def settle_and_follow(connection: AsyncConnection) -> bool:
            await settle(connection, settlement)
            return await follow(connection, settlement)

        return await self._write(settle_and_follow)

    async def postpone(self, ids: Collection[DeliveryId], due_at: datetime) -> None:
        """Queued ones are due later."""

        async def postpone(connection: AsyncConnection) -> None:
            await connection.execute(
                update(deliveries).where(_d.id.in_(ids), is_queued).values(due_at=milliseconds(due_at))
            )

        await self._write(postpone)

    async def drop(self, ids: Collection[DeliveryId], reason: str, now: datetime) -> None:
        """Queued ones are never sent."""

        async def drop(connection: AsyncConnection) -> None:
            await connection.execute(
                update(deliveries).where(_d.id.in_(ids), MAY_BE_GIVEN_UP).values(never_sent(reason, now))
            )

        await self._write(drop)

    async def recover(self, bot: str, now: datetime) -> int:
        """Whatever this bot left ``sending`` becomes unsure; life-safety is queued once more, marked so."""

        left = and_(_d.bot == bot, _MAY_BE_INTERRUPTED)
        return await self._write(lambda connection: _interrupt(connection, left, now))

    async def reclaim(self, bot: str, now: datetime, in_hand: Collection[DeliveryId]) -> int:
        """As ``recover``, for what has been ``sending`` beyond its lease and is in nobody's hand."""
        left = and_(
            _d.bot == bot, _MAY_BE_INTERRUPTED, _d.lease_until <= milliseconds(now), _d.id.not_in(in_hand)
        )
        return await self._write(lambda connection: _interrupt(connection, left, now))

    async def drop_leftovers(self, bot: str, now: datetime) -> int:
        """Drop some of the rows queued for stopped or expired bulletins; how many."""
        left = await self._left_of(bot, now)
        if left is None:
            return 0
        bulletin_id, state = left
        reason = "stopped" if state is BroadcastState.STOPPED else "expired"

        async def drop(connection: AsyncConnection) -> int:
            some = (
                select(_d.id)
                .where(_d.bulletin_id == bulletin_id, _d.bot == bot, MAY_BE_GIVEN_UP)
                .limit(_DROPPED_AT_ONCE)
            )
            dropped = await connection.execute(
                update(deliveries).where(_d.id.in_(some)).values(never_sent(reason, now))
            )
            return dropped.rowcount

        return await self._write(drop)

    async def _left_of(self, bot: str, now: datetime) -> Leftover | None:
        if self._looks is not None:
            return await available(self._looks.left_of(bot, now))
        rows = await self._read(_LEFTOVERS, {"bot": bot, "now": now})
        return (BulletinId(rows[0].id), BroadcastState(rows[0].state)) if rows else None

    async def finish(self, bulletin_id: BulletinId, now: datetime) -> bool:
        """Make it done if nothing of it is queued or being sent any more."""

        async def finish(connection: AsyncConnection) -> bool:
            of_it = exists().where(_d.bulletin_id == bulletin_id)
            is_open = or_(of_it.where(is_queued), of_it.where(is_sending))
            finished = await connection.execute(
                update(bulletins)
                .where(_b.id == bulletin_id, _b.state == BroadcastState.SENDING.value, ~is_open)
                .values(state=BroadcastState.DONE.value, finished_at=now)
            )
            return finished.rowcount == 1

        return await self._write(finish)

    async def halt(self, bulletin_id: BulletinId, because: str) -> bool:
        """Pause it for a moderator to look at; False when it was not being sent."""
        return await self._write(lambda connection: halt(connection, bulletin_id, because))

    async def _read(self, statement: Select[Any], parameters: dict[str, Any]) -> Sequence[Row[Any]]:
        async def read() -> Sequence[Row[Any]]:
            async with self._engine.connect() as connection:
                rows: Sequence[Row[Any]] = (await connection.execute(statement, parameters)).all()
                return rows

        return await to_the_end(available(read()))

    async def _write(self, work: Work[T]) -> T:
        return await available(self._committer.write(work))


_GOING_ON = (BroadcastState.SENDING.value, BroadcastState.PAUSED.value)
_MAY_BE_INTERRUPTED = may_leave(DeliveryState.SENDING, DeliveryState.QUEUED, DeliveryState.UNSURE)

# What never left this machine, or only learnt of the chat's new place, has shown nothing yet.
_SHOWED_NOTHING = or_(_d.reason.like("not_sent:%"), _d.reason == "moved")
_CANARY = (
    select(_d.id)
    .where(
        _d.bulletin_id == _b.id,
        _d.channel_id.in_(select(_c.id).where(is_canary)),
        or_(
            is_queued & or_(_d.attempt == 0, _SHOWED_NOTHING),
            is_sending & or_(_d.attempt == 1, _SHOWED_NOTHING),
        ),
        # Not since it was last due: what fails before it leaves is due anew each time, and held up all for ever.
        _b.started_at > bindparam("patient_since", type_=_b.started_at.type),
        _d.due_at < bindparam("patient_until"),
    )
    .limit(1)
    .correlate(bulletins)
    .scalar_subquery()
)
_NEXT_DUE = (
    select(func.min(_d.due_at))
    .where(_d.bulletin_id == _b.id, _d.bot == bindparam("bot"), is_queued)
    .correlate(bulletins)
    .scalar_subquery()
)
_OPEN_BULLETINS = (
    select(
        _b.id,
        _b.lane,
        _b.life_safety,
        _b.expires,
        _b.record["severity"].as_string().label("severity"),
        _b.record["status"].as_string().label("status"),
        _b.corrects,
        _NEXT_DUE.label("next_due"),
        _CANARY.label("canary"),
    )
    .where(_b.state == BroadcastState.SENDING.value)
    .order_by(_b.lane, _b.id)
    .limit(OPEN_BULLETINS_AT_MOST)
)
_WANTED = (
    select(_d.id)
    .join(channels, _c.id == _d.channel_id)
    .join(bulletins, _b.id == _d.bulletin_id)
    .where(
        _d.id == bindparam("delivery"),
        is_sending,
        _c.state == ChannelState.ACTIVE.value,
        _b.state == BroadcastState.SENDING.value,
    )
)
_LEFTOVERS = (
    select(_b.id, _b.state)
    .where(
        or_(
            _b.state == BroadcastState.STOPPED.value,
            _b.state.in_(_GOING_ON) & (_b.expires <= bindparam("now", type_=_b.expires.type)),
        ),
        exists().where(_d.bulletin_id == _b.id, _d.bot == bindparam("bot"), is_queued),
    )
    .limit(1)
)
_PICK = (
    select(
        _d.id,
        _d.bulletin_id,
        _d.channel_id,
        _d.attempt,
        _d.resent,
        _d.due_at,
        _c.external_id,
        _c.language,
        _c.state,
        _c.pin,
        _c.silent,
        _c.quiet_starts_minute,
        _c.quiet_ends_minute,
        _c.flaw,
    )
    .join(channels, _c.id == _d.channel_id)
    .where(
        _d.bulletin_id == bindparam("bulletin"),
        _d.bot == bindparam("bot"),
        is_queued,
        _d.due_at <= bindparam("now"),
        tuple_(_d.due_at, _d.id) > tuple_(bindparam("after_due"), bindparam("after_id")),
    )
    .order_by(_d.due_at, _d.id)
    .limit(bindparam("at_most"))
)
_PICK_PLAIN = _PICK.add_columns(
    null().label("original_state"), null().label("original_message_id"), null().label("original_reason")
)
# What is on its way comes first, for it has to be waited for.
_FORMER_ID = (
    select(_sibling.c.id)
    .join_from(_older, _sibling, _sibling.c.bulletin_id == _older.c.id)
    .where(
        _older.c.corrects == bindparam("corrects"),
        _older.c.id != bindparam("bulletin"),
        _sibling.c.channel_id == _d.channel_id,
        _sibling.c.state.in_(literal_column(f"'{state.value}'") for state in FORMER_STATES),
        func.coalesce(_sibling.c.reason, "").not_in(literal_column(f"'{why}'") for why in LEFT_IN_OLD_PLACE),
    )
    .order_by(_sibling.c.state, _older.c.started_at.desc(), _older.c.id.desc())
    .limit(1)
    .correlate(deliveries)
    .scalar_subquery()
)
_PICK_CORRECTIONS = (
    _PICK.add_columns(
        _original.c.state.label("original_state"),
        _original.c.message_id.label("original_message_id"),
        _original.c.reason.label("original_reason"),
        _former.c.state.label("former_state"),
        _former.c.message_id.label("former_message_id"),
    )
    .outerjoin(
        _original,
        (_original.c.channel_id == _d.channel_id) & (_original.c.bulletin_id == bindparam("corrects")),
    )
    .outerjoin(_former, _former.c.id == _FORMER_ID)
)
_IS_CANARY = _d.id == bindparam("canary")
_PICKS = {
    (False, False): _PICK_PLAIN,
    (False, True): _PICK_PLAIN.where(_IS_CANARY),
    (True, False): _PICK_CORRECTIONS,
    (True, True): _PICK_CORRECTIONS.where(_IS_CANARY),
}


@cache
def _in_one_row(statement: Select[Any]) -> Select[Any]:
    """For SQLite: all rows as one JSON text, so that not each of them waits for the interpreter."""
    rows = statement.subquery()
    return select(func.json_group_array(func.json_array(*rows.c)))


async def _interrupt(connection: AsyncConnection, left: ColumnElement[bool], now: datetime) -> int:
    """Nobody knows whether these arrived. Where lives may depend on it, they are queued once more."""
    may_repeat = select(_b.id).where(_b.life_safety, _b.expires > now, _b.state.in_(_GOING_ON))
    values: dict[str, object] = {"reason": INTERRUPTED, "lease_until": None}
    again = {"state": DeliveryState.QUEUED.value, "resent": True, "due_at": milliseconds(now)}
    unsure = {"state": DeliveryState.UNSURE.value, "settled_at": milliseconds(now)}
    repeated = await connection.execute(
        update(deliveries).where(left, ~_d.resent, _d.bulletin_id.in_(may_repeat)).values(values | again)
    )
    settled = await connection.execute(update(deliveries).where(left).values(values | unsure))
    return repeated.rowcount + settled.rowcount
