"""Bugs planted in what repeats and in what rests; as those in ``planted``, each in place of one whole part."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Update, delete, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.book import Change, Recurred, Refusal, Skip
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.consent import StartRules
from broadcasts.delivery import DeliveryId
from broadcasts.ports import Due, Intent, Pick
from broadcasts.recurrence import SERIES_STOPPED, Recur
from bulletins.bulletin import BulletinId
from simulator.crash.invariants import Invariant
from simulator.crash.life import Makers
from storage.bulletins import BulletinBook
from storage.committer import Committer
from storage.ledger import SqlLedger
from storage.tables import approvals, bulletins, deliveries, recurrences

_BETWEEN_SECONDS = 0.5


class HalfHeartedBook(BulletinBook):
    """Moves a series on, and now and then makes nothing of the round that it leaves."""

    async def recur(self, recur: Recur) -> Recurred | Refusal | None:
        found = await super().recur(recur)
        if isinstance(found, Recurred) and found.occurrence is not None and found.occurrence.id % 3 == 0:
            lost = found.occurrence.id
            await self._committer.write(lambda connection: _forget(connection, lost))
        return found


class RepeatingBook(BulletinBook):
    """Makes an occurrence in one transaction and moves the series on in the next; an origin is a tick's own."""

    async def recur(self, recur: Recur) -> Recurred | Refusal | None:
        found = await super().recur(recur)
        if not isinstance(found, Recurred) or found.occurrence is None or found.series.upcoming is None:
            return found
        series, made = found.series.id, found.occurrence
        await self._committer.write(lambda connection: _as_before(connection, series, made))
        await asyncio.sleep(_BETWEEN_SECONDS)
        following = _due_at(series, found.series.upcoming.at)
        await self._committer.write(lambda connection: connection.execute(following))
        return found


class DeafToSkips(BulletinBook):
    """Says that the next one is skipped, and forgets it."""

    async def skip(self, skip: Skip) -> Broadcast | Refusal:
        return await super().skip(replace(skip, is_skipped=False))


class PatientBook(BulletinBook):
    """Sends by itself whatever is an hour late."""

    def __init__(self, engine: AsyncEngine, committer: Committer, rules: Callable[[], StartRules]) -> None:
        super().__init__(engine, committer, lambda: replace(rules(), grace=timedelta(hours=1)))


class LingeringBook(BulletinBook):
    """A series that is stopped leaves behind what was held of it, and somebody sends that."""

    async def change(self, change: Change) -> Broadcast | Refusal:
        changed = await super().change(change)
        left = (bulletins.c.series == change.bulletin_id) & (bulletins.c.halted_because == SERIES_STOPPED)
        held = update(bulletins).where(left).values(state=BroadcastState.HELD.value, finished_at=None)
        await self._committer.write(lambda connection: connection.execute(held))
        return changed


class UnstoppableBook(BulletinBook):
    """Whoever stops a series is told so, but the next tick had read it before."""

    async def change(self, change: Change) -> Broadcast | Refusal:
        found = await self.find(change.bulletin_id)
        if found is None or found.state is not BroadcastState.RECURRING:
            return await super().change(change)
        return replace(found, state=BroadcastState.STOPPED)


class TalkativeLedger(SqlLedger):
    """Sends what is due, whatever the channel's admin decides."""

    async def pick(self, pick: Pick) -> Sequence[Due]:
        return [replace(due, is_postable=True) for due in await super().pick(pick)]

    async def intend(self, intent: Intent) -> frozenset[DeliveryId]:
        wanted = deliveries.c.id.in_(intent.deliveries) & (deliveries.c.state == "queued")
        going = bulletins.select().where(bulletins.c.state == "sending").with_only_columns(bulletins.c.id)
        changed = {"state": "sending", "attempt": deliveries.c.attempt + 1}
        granted = (
            update(deliveries)
            .where(wanted, deliveries.c.bulletin_id.in_(going))
            .values(changed)
            .returning(deliveries.c.id)
        )

        async def intend(connection: AsyncConnection) -> frozenset[DeliveryId]:
            return frozenset((await connection.scalars(granted)).all())

        return await self._committer.write(intend)


async def _as_before(connection: AsyncConnection, series: BulletinId, made: Broadcast) -> None:
    named = update(bulletins).where(bulletins.c.id == made.id).values(origin_key=f"tick:{made.id}")
    await connection.execute(named)
    if made.bulletin.not_before is not None:
        await connection.execute(_due_at(series, made.bulletin.not_before))


def _due_at(series: BulletinId, moment: datetime) -> Update:
    return update(recurrences).where(recurrences.c.bulletin_id == series).values(next_at=moment)


async def _forget(connection: AsyncConnection, bulletin_id: BulletinId) -> None:
    await connection.execute(delete(deliveries).where(deliveries.c.bulletin_id == bulletin_id))
    await connection.execute(delete(approvals).where(approvals.c.bulletin_id == bulletin_id))
    await connection.execute(delete(bulletins).where(bulletins.c.id == bulletin_id))


BUGS_OF_ROUNDS: tuple[tuple[Makers, Invariant], ...] = (
    (Makers(book=HalfHeartedBook), Invariant.RECURS),
    (Makers(book=RepeatingBook), Invariant.RECURS),
    (Makers(book=DeafToSkips), Invariant.RECURS),
    (Makers(book=PatientBook), Invariant.RECURS),
    (Makers(book=LingeringBook), Invariant.ENDED),
    (Makers(book=UnstoppableBook), Invariant.ENDED),
    (Makers(ledger=TalkativeLedger), Invariant.RESTS),
)
"""Each bug, and the promise by which it is found."""
