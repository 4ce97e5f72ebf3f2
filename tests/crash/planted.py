"""Bugs planted on purpose, each in place of one whole part, to show that the seeded runs find it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.book import Change, Consent, Consented, Refusal
from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.corrections import LEFT_UNSURE, MOVED_AWAY
from broadcasts.delivery import DeliveryId, DeliveryState, Moved, NotSent, Outcome, Unsure
from broadcasts.pacing import Pacer
from broadcasts.ports import (
    Content,
    Due,
    Intent,
    LedgerUnavailable,
    OpenBulletin,
    Pick,
    Pin,
    PinEnding,
    Settlement,
)
from bulletins.bulletin import BulletinId, Lane
from platforms.telegram import TelegramSender
from simulator.crash.invariants import Invariant
from simulator.crash.life import BOT, Makers
from storage.aftermath import SqlAftermath
from storage.bulletins import BulletinBook
from storage.committer import Committer
from storage.ledger import SqlLedger
from storage.pins import SqlPins
from storage.tables import bulletins, deliveries
from tests.crash.planted_rounds import BUGS_OF_ROUNDS


class BlindSender(TelegramSender):
    """Takes silence for failure: what nobody answered is sent again."""

    async def post(self, chat: str, content: Content, reply_to: str | None = None) -> Outcome:
        outcome = await super().post(chat, content, reply_to)
        return NotSent(outcome.reason) if isinstance(outcome, Unsure) else outcome


class HastyCommitter(Committer):
    """Answers intents before they are committed."""

    async def write_row(self, batch: Any, row: Any) -> Any:
        if not isinstance(row, Intent):
            return await super().write_row(batch, row)
        loop, write = asyncio.get_running_loop(), super().write_row
        loop.call_later(0.2, lambda: loop.create_task(write(batch, row)))
        return frozenset(row.deliveries)


class HopefulLedger(SqlLedger):
    """Starts as if nothing that was being sent had left."""

    async def recover(self, bot: str, now: datetime) -> int:
        async def recover(connection: AsyncConnection) -> int:
            left = update(deliveries).where(deliveries.c.state == "sending").values(state="queued")
            return (await connection.execute(left)).rowcount

        return await self._committer.write(recover)


class ForgetfulLedger(SqlLedger):
    """Writes down a confirmed message as unsure."""

    async def record(self, settlement: Settlement) -> bool:
        if settlement.state is DeliveryState.SENT and settlement.delivery_id % 3 == 0:
            settlement = replace(settlement, state=DeliveryState.UNSURE, message_id=None)
        return await super().record(settlement)


class HeedlessLedger(SqlLedger):
    """Keeps in mind what is to be pinned, and nowhere else."""

    async def record(self, settlement: Settlement) -> bool:
        return await super().record(replace(settlement, owes_pin=False))


class FaintHeartedPins(SqlPins):
    """What could not be pinned at once is given up."""

    async def put_off(self, pin: Pin, due_at: datetime) -> None:
        await self.end(PinEnding(pin.delivery_id, pin.bulletin_id, pin.channel_id, due_at))


class NegligentLedger(SqlLedger):
    """Now and then an outcome is not written down at all."""

    async def record(self, settlement: Settlement) -> bool:
        return False if settlement.delivery_id % 3 == 0 else await super().record(settlement)


class DeafLedger(SqlLedger):
    """Once it has seen a bulletin, it goes on sending it, whatever people decide."""

    _seen: dict[BulletinId, OpenBulletin] | None = None

    async def open_bulletins(self, bot: str, now: datetime) -> Sequence[OpenBulletin]:
        self._seen = self._seen or {}
        self._seen |= {bulletin.id: bulletin for bulletin in await super().open_bulletins(bot, now)}
        return sorted(self._seen.values(), key=lambda bulletin: bulletin.lane)

    async def intend(self, intent: Intent) -> frozenset[DeliveryId]:
        async def intend(connection: AsyncConnection) -> frozenset[DeliveryId]:
            wanted = deliveries.c.id.in_(intent.deliveries) & (deliveries.c.state == "queued")
            changed = {"state": "sending", "attempt": deliveries.c.attempt + 1}
            granted = update(deliveries).where(wanted).values(changed).returning(deliveries.c.id)
            return frozenset((await connection.scalars(granted)).all())

        return await self._committer.write(intend)

    async def is_wanted(self, delivery: DeliveryId) -> bool:
        return True

    async def drop_leftovers(self, bot: str, now: datetime) -> int:
        return 0


class OptimisticCorrections(SqlLedger):
    """Takes a copy that nobody is sure of for one that never was."""

    async def pick(self, pick: Pick) -> Sequence[Due]:
        return [self._judged(due) for due in await super().pick(pick)]

    def _judged(self, due: Due) -> Due:
        if due.original is None or due.original.state is not DeliveryState.UNSURE:
            return due
        return replace(due, original=replace(due.original, state=DeliveryState.FAILED))


class ForgottenLeftovers(SqlLedger):
    """Takes what a moderator left unsure for what never was."""

    async def pick(self, pick: Pick) -> Sequence[Due]:
        return [self._judged(due) for due in await super().pick(pick)]

    def _judged(self, due: Due) -> Due:
        if due.original is None or due.original.lost_because != LEFT_UNSURE:
            return due
        return replace(due, original=replace(due.original, lost_because=None))


class OldNumbers(SqlLedger):
    """Looks for the old copies in the place to which a group has moved."""

    async def pick(self, pick: Pick) -> Sequence[Due]:
        return [self._judged(due) for due in await super().pick(pick)]

    def _judged(self, due: Due) -> Due:
        if due.original is None or due.original.lost_because != MOVED_AWAY:
            return due
        return replace(due, original=replace(due.original, lost_because=None))


class RecklessLedger(SqlLedger):
    """Sends what cannot be written down all the same."""

    async def intend(self, intent: Intent) -> frozenset[DeliveryId]:
        try:
            return await super().intend(intent)
        except LedgerUnavailable:
            return frozenset(intent.deliveries)


class NosyLedger(SqlLedger):
    """The second bot reads what is due for the first."""

    async def pick(self, pick: Pick) -> Sequence[Due]:
        return await super().pick(replace(pick, bot=BOT))


class GreedyAftermath(SqlAftermath):
    """With the failed it sends the unsure once more, as if nothing of them could have arrived."""

    async def retry_failed(self, bulletin_id: BulletinId, at: datetime) -> int | Refusal:
        async def fail(connection: AsyncConnection) -> None:
            unsure = (deliveries.c.bulletin_id == bulletin_id) & (deliveries.c.state == "unsure")
            await connection.execute(update(deliveries).where(unsure).values(state="failed", resent=False))

        await self._committer.write(fail)
        return await super().retry_failed(bulletin_id, at)


class SleeplessLedger(SqlLedger):
    """Knows of no quiet hours once a delivery is due."""

    async def pick(self, pick: Pick) -> Sequence[Due]:
        return [replace(due, quiet_minutes=None) for due in await super().pick(pick)]


class LevelLedger(SqlLedger):
    """Everything is equally urgent."""

    async def open_bulletins(self, bot: str, now: datetime) -> Sequence[OpenBulletin]:
        return [replace(one, lane=Lane.ROUTINE) for one in await super().open_bulletins(bot, now)]


class BoldLedger(SqlLedger):
    """Does not wait for the operator's own channel."""

    async def open_bulletins(self, bot: str, now: datetime) -> Sequence[OpenBulletin]:
        return [replace(one, canary=None) for one in await super().open_bulletins(bot, now)]


class SettledLedger(SqlLedger):
    """Does not follow a group that has moved."""

    async def record(self, settlement: Settlement) -> bool:
        if isinstance(settlement.effect, Moved):
            settlement = replace(settlement, effect=None)
        return await super().record(settlement)


class ColdLedger(SqlLedger):
    """Sends nothing again, though lives may depend on it."""

    async def record(self, settlement: Settlement) -> bool:
        if settlement.resent and settlement.state is DeliveryState.QUEUED:
            settlement = replace(settlement, state=DeliveryState.UNSURE, resent=False)
        return await super().record(settlement)


class CarelessLedger(SqlLedger):
    """Drops rows that are being sent together with those that are queued."""

    async def drop_leftovers(self, bot: str, now: datetime) -> int:
        async def drop(connection: AsyncConnection) -> None:
            wanted = (deliveries.c.state == "unsure") & (deliveries.c.id % 2 == 0)
            await connection.execute(update(deliveries).where(wanted).values(state="dropped"))

        await self._committer.write(drop)
        return await super().drop_leftovers(bot, now)


class CrashingLedger(SqlLedger):
    """Has a bug of the ordinary kind."""

    async def finish(self, bulletin_id: BulletinId, now: datetime) -> bool:
        raise ZeroDivisionError(bulletin_id)


class GenerousPacer(Pacer):
    """Every second slot is a gift: a burst of two."""

    _gives = False

    async def slot(self, lane: Lane, chat: str, patience_seconds: float = float("inf")) -> bool:
        self._gives = not self._gives
        return self._gives or await super().slot(lane, chat, patience_seconds)


class ImpatientPacer(Pacer):
    """Takes no notice of flood waits."""

    def flood(self, chat: str, seconds: float) -> bool:
        return False


class HastyBook(BulletinBook):
    """Says that a bulletin is stopped before that is written."""

    async def change(self, change: Change) -> Broadcast | Refusal:
        found = await self.find(change.bulletin_id)
        if found is None or change.to is not BroadcastState.STOPPED:
            return await super().change(change)
        loop, write = asyncio.get_running_loop(), super().change
        loop.call_later(5.0, lambda: loop.create_task(write(change)))
        return replace(found, state=BroadcastState.STOPPED)


class ForgivingBook(BulletinBook):
    """Only pauses an older correction of the same bulletin when a newer one begins; somebody lets it go on."""

    async def consent(self, consent: Consent) -> Consented | Refusal:
        consented = await super().consent(consent)

        async def go_on(connection: AsyncConnection) -> None:
            is_older = (bulletins.c.corrects.is_not(None)) & (bulletins.c.id != consent.bulletin_id)
            was_stopped = is_older & (bulletins.c.halted_because == "corrected")
            again = {"state": BroadcastState.PAUSED.value, "halted_because": "paused"}
            await connection.execute(update(bulletins).where(was_stopped).values(again))

        await self._committer.write(go_on)
        return consented


class LeakyBook(BulletinBook):
    """Plans all deliveries but one."""

    async def consent(self, consent: Consent) -> Consented | Refusal:
        consented = await super().consent(consent)

        async def lose(connection: AsyncConnection) -> None:
            last = select(func.max(deliveries.c.id)).scalar_subquery()
            await connection.execute(
                delete(deliveries).where(deliveries.c.id == last, deliveries.c.attempt == 0)
            )

        await self._committer.write(lose)
        return consented


BUGS: tuple[tuple[Makers, Invariant], ...] = (
    (Makers(sender=BlindSender), Invariant.NO_REPEAT),
    (Makers(committer=HastyCommitter), Invariant.NO_REPEAT),
    (Makers(ledger=HopefulLedger), Invariant.NO_REPEAT),
    (Makers(aftermath=GreedyAftermath), Invariant.NO_REPEAT),
    (Makers(committer=HastyCommitter), Invariant.RECORDED),
    (Makers(ledger=RecklessLedger), Invariant.RECORDED),
    (Makers(ledger=ForgetfulLedger), Invariant.REMEMBERED),
    (Makers(ledger=NegligentLedger), Invariant.FINAL),
    (Makers(ledger=ColdLedger), Invariant.FINAL),
    (Makers(ledger=CarelessLedger), Invariant.IN_LEDGER),
    (Makers(ledger=DeafLedger), Invariant.STOPPED),
    (Makers(book=HastyBook), Invariant.STOPPED),
    (Makers(ledger=OptimisticCorrections), Invariant.CORRECTED),
    (Makers(ledger=ForgottenLeftovers), Invariant.CORRECTED),
    (Makers(ledger=OldNumbers), Invariant.OWN_COPY),
    (Makers(book=ForgivingBook), Invariant.NEWEST),
    (Makers(ledger=SettledLedger), Invariant.REACHED),
    (Makers(ledger=NosyLedger), Invariant.REACHED),
    (Makers(ledger=SleeplessLedger), Invariant.QUIET),
    (Makers(ledger=LevelLedger), Invariant.OVERTAKES),
    (Makers(ledger=BoldLedger), Invariant.CANARY),
    (Makers(book=LeakyBook), Invariant.PLANNED),
    (Makers(pacer=GenerousPacer), Invariant.PACE),
    (Makers(pacer=ImpatientPacer), Invariant.WAITS),
    (Makers(ledger=HeedlessLedger), Invariant.PINNED),
    (Makers(pins=FaintHeartedPins), Invariant.PINNED),
    (Makers(ledger=CrashingLedger), Invariant.NO_CRASH),
    *BUGS_OF_ROUNDS,
)
"""Each bug, and the promise by which it is found."""
