"""Reading what is due, and clearing away what never will be: the half of the pump that looks into the ledger.

Fills the hand with about half a second of sending, most urgent lane first, and only reads; so a bulletin that
becomes urgent overtakes a million routine rows at once. Rows that may not go are dropped or put off here.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from broadcasts.corrections import has_nothing_to_correct, must_wait
from broadcasts.courier import PumpParts, PumpRules
from broadcasts.delivery import DeliveryId
from broadcasts.hand import Hand
from broadcasts.persistence import Persistence
from broadcasts.planner import quiet_until
from broadcasts.ports import Due, OpenBulletin, Pick
from bulletins.bulletin import BulletinId, Lane

log = structlog.get_logger(__name__)

_PICKED_WITHOUT_PACE = 1_000
_PICKED_AT_LEAST = 8
_GATED_SECONDS = 0.1
_CLEARING_SECONDS = 1.0
_ORIGINAL_SETTLES = timedelta(seconds=2)
_ASIDE_FACTOR = 4
_LONG_WAIT_SECONDS = 5.0

CHANNEL_NOT_ACTIVE = "channel_not_active"
NOTHING_TO_CORRECT = "nothing_to_correct"


class Picker:
    """Keeps one bot's hand filled."""

    def __init__(self, bot: str, parts: PumpParts, rules: PumpRules, persistence: Persistence) -> None:
        self._bot = bot
        self._parts = parts
        self._rules = rules
        self._persistence = persistence
        self.hand = Hand()
        self._in_memory: dict[DeliveryId, BulletinId] = {}
        self._of_bulletin: Counter[BulletinId] = Counter()
        self._places: dict[BulletinId, tuple[datetime, DeliveryId]] = {}
        self._woken = asyncio.Event()
        self._hungry: Lane | None = None
        self._found_more: Lane | None = None
        self._put_down: dict[DeliveryId, Lane] = {}
        self._clear_at = -math.inf
        self._reclaim_at = -math.inf

    def wake(self) -> None:
        """Look again at once."""
        self._woken.set()

    def took(self) -> None:
        """A row left the hand: look again when it runs low and there is more."""
        if self._runs_low():
            self._woken.set()

    def may_go(self, lane: Lane) -> bool:
        """Whether no row of a more urgent lane is about to be read, for the first time or again."""
        if self._hungry is not None and lane > self._hungry and not self.hand.count_down_to(self._hungry):
            return False
        return lane <= min(self._put_down.values(), default=lane)

    def put_down(self, lane: Lane, row: Due) -> None:
        """It was read too long ago, and is read anew: its channel may have chosen otherwise since."""
        self.settled(row.id)
        self._places.pop(row.bulletin_id, None)
        self._put_down[row.id] = lane
        self._woken.set()

    def settled(self, delivery: DeliveryId) -> None:
        """A delivery is done with, or may be read again."""
        bulletin_id = self._in_memory.pop(delivery)
        self._of_bulletin[bulletin_id] -= 1
        if not self._of_bulletin[bulletin_id]:
            del self._of_bulletin[bulletin_id]
            self._woken.set()  # perhaps it was the last, or the canary that others wait for

    async def look(self) -> float:
        """One round of reading and clearing; for how many seconds to rest after it, unless woken."""
        self._woken.clear()
        now = self._parts.now()
        ledger = self._parts.ledger
        bulletins = await self._persistence.until_done(lambda: ledger.open_bulletins(self._bot, now))
        going = [bulletin for bulletin in bulletins if bulletin.expires > now]
        self._forget_others({bulletin.id for bulletin in going})
        self._found_more = None
        put_down = list(self._put_down)
        for _, lane in itertools.groupby(going, key=lambda bulletin: bulletin.lane):
            await self._fill(list(lane), now)
        for row in put_down:
            self._put_down.pop(row, None)
        self._hungry = self._found_more
        if await self._clear(bulletins, now) or self._runs_low():
            return 0.0
        return self._rest_seconds(going, now)

    async def rest(self, seconds: float) -> None:
        """Sleep so long, or until somebody calls."""
        if seconds <= 0.0:
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    def _size(self) -> int:
        """How many rows are about half a second of sending."""
        if self._parts.pacer.is_off:
            return _PICKED_WITHOUT_PACE
        rows = math.ceil(self._parts.pacer.rate_per_second * self._rules.picked_seconds)
        return max(_PICKED_AT_LEAST, rows)

    def _runs_low(self) -> bool:
        """Whether there is more of some lane, and little in the hand that may go before it or with it."""
        return self._hungry is not None and self.hand.count_down_to(self._hungry) * 2 < self._size()

    def _found_more_of(self, lane: Lane) -> None:
        self._found_more = lane if self._found_more is None else min(lane, self._found_more)

    def _forget_others(self, open_ids: set[BulletinId]) -> None:
        """Stopped, paused and expired bulletins leave the hand."""
        for row in self.hand.keep(open_ids.__contains__):
            self.settled(row.id)
        for bulletin_id in self._places.keys() - open_ids:
            del self._places[bulletin_id]

    async def _fill(self, lane: Sequence[OpenBulletin], now: datetime) -> None:
        due = [one for one in lane if one.next_due is not None and one.next_due <= now]
        due = [one for one in due if one.id not in self.hand.held_up]
        room = self._size() - self.hand.count_down_to(lane[0].lane)
        if due and room * 2 < self._size():
            self._found_more_of(lane[0].lane)
            return
        for bulletin in due:
            if self.hand.laid_aside(bulletin.id) < self._size() * _ASIDE_FACTOR:
                await self._pick(bulletin, math.ceil(room / len(due)), now)

    async def _pick(self, bulletin: OpenBulletin, wanted: int, now: datetime) -> None:
        """The next rows of one bulletin; past the last one, from the beginning again, over those in memory."""
        place = self._places.pop(bulletin.id, None)
        limit = wanted + (self._of_bulletin[bulletin.id] if place is None else 0)
        pick = Pick(self._bot, bulletin, now, limit, place)
        rows = await self._persistence.until_done(lambda: self._parts.ledger.pick(pick))
        fresh = [row for row in rows if row.id not in self._in_memory][:wanted]
        if fresh and bulletin.canary is None and (len(rows) == limit or fresh[-1] is not rows[-1]):
            self._places[bulletin.id] = (fresh[-1].due_at, fresh[-1].id)
            self._found_more_of(bulletin.lane)
        sendable = await self._sort_out(fresh, bulletin, now)
        for row in sendable:
            self._in_memory[row.id] = row.bulletin_id
        self._of_bulletin.update({bulletin.id: len(sendable)} if sendable else {})
        self.hand.add(bulletin, sendable)

    async def _sort_out(self, rows: Sequence[Due], bulletin: OpenBulletin, now: datetime) -> list[Due]:
        """The rows that may go now; the others are dropped, or put off."""
        sendable: list[Due] = []
        dropped: defaultdict[str, list[DeliveryId]] = defaultdict(list)
        put_off: defaultdict[datetime, list[DeliveryId]] = defaultdict(list)
        for row in rows:
            reason, later = _why_never(row), self._later(row, bulletin, now)
            if reason is not None:
                dropped[reason].append(row.id)
            elif later is not None:
                put_off[later].append(row.id)
            else:
                sendable.append(row)
        for reason, ids in dropped.items():
            await self._drop(ids, reason, now)
        for due_at, ids in put_off.items():
            await self._put_off(ids, due_at)
        return sendable

    async def _drop(self, ids: Sequence[DeliveryId], reason: str, now: datetime) -> None:
        await self._persistence.until_done(lambda: self._parts.ledger.drop(ids, reason, now))

    async def _put_off(self, ids: Sequence[DeliveryId], due_at: datetime) -> None:
        await self._persistence.until_done(lambda: self._parts.ledger.postpone(ids, due_at))

    def _later(self, row: Due, bulletin: OpenBulletin, now: datetime) -> datetime | None:
        """When a row may go that may not go now; a short wait for its chat is the hand's matter."""
        if must_wait(row):
            return now + _ORIGINAL_SETTLES
        busy_seconds = self._parts.pacer.free_in(row.chat)
        if busy_seconds > _LONG_WAIT_SECONDS:
            return now + timedelta(seconds=busy_seconds)
        if row.quiet_minutes is None or bulletin.at_any_hour or bulletin.canary == row.id:
            return None
        return quiet_until(*row.quiet_minutes, now, self._parts.zone)

    async def _clear(self, bulletins: Sequence[OpenBulletin], now: datetime) -> bool:
        """Finish what has no row left, and drop rows that may never go; whether there may be more of them."""
        closing = self._parts.closing
        for bulletin in bulletins:
            if bulletin.next_due is None and bulletin.id not in self._of_bulletin:
                await self._finish(bulletin.id, now)
        loop_now = asyncio.get_running_loop().time()
        if loop_now < self._clear_at:
            return False
        dropped = await self._persistence.until_done(lambda: closing.drop_leftovers(self._bot, now))
        self._clear_at = loop_now if dropped else loop_now + _CLEARING_SECONDS
        if loop_now >= self._reclaim_at:
            self._reclaim_at = loop_now + self._rules.lease_seconds
            await self._reclaim(now)
        return dropped > 0

    async def _reclaim(self, now: datetime) -> None:
        """A commit that failed for us may have been made all the same: such rows belong to nobody."""
        in_hand, closing = list(self._in_memory), self._parts.closing
        lost = await self._persistence.until_done(lambda: closing.reclaim(self._bot, now, in_hand))
        if lost:
            log.warning("deliveries were lost sight of", bot=self._bot, deliveries=lost)

    async def _finish(self, bulletin_id: BulletinId, now: datetime) -> None:
        await self._persistence.until_done(lambda: self._parts.closing.finish(bulletin_id, now))

    def _rest_seconds(self, bulletins: Sequence[OpenBulletin], now: datetime) -> float:
        dues = (bulletin.next_due for bulletin in bulletins if bulletin.next_due is not None)
        waits = [(due - now).total_seconds() for due in dues if due > now]
        gated = [_GATED_SECONDS for bulletin in bulletins if bulletin.canary is not None]
        return min([self._rules.idle_seconds, *waits, *gated])


def _why_never(row: Due) -> str | None:
    if not row.is_postable:
        return CHANNEL_NOT_ACTIVE
    return NOTHING_TO_CORRECT if has_nothing_to_correct(row) else None
