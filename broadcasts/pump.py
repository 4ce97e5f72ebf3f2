"""The pump of one bot token: reads what is due, writes down the intent, lets the courier carry it.

    ledger ──picker──> hand ──intent──> ahead, waiting for a slot ──courier──> platform ──outcome──> ledger

Exactly one process pumps a token at any time, so reading needs no claim. What counts is the intent: it is
granted only if the delivery is still queued and its bulletin still being sent, and it is on disk before the
first byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import structlog

from broadcasts.courier import Carried, Courier, PumpParts, PumpRules
from broadcasts.delivery import FloodWait
from broadcasts.headway import Headway
from broadcasts.line_memory import LineMemory
from broadcasts.persistence import Persistence
from broadcasts.picker import Picker
from broadcasts.ports import Due, Intent, OpenBulletin
from bulletins.bulletin import BulletinId, Lane

log = structlog.get_logger(__name__)

_RESERVED_FOR_EMERGENCIES = 16
_SHORTEST_WAIT_SECONDS = 0.001
# Beside each request so many rows, in all, may wait for commits.
_CARRIED_A_REQUEST = 3
# A correction changes its copy before it waits for a slot; only so many do that at a time.
_CORRECTED_AT_ONCE = 16
# While a picture is uploaded so many rows of its bulletin wait for it; the others are passed by.
_AWAIT_UPLOAD_AT_ONCE = 2
_READ_WITHIN = timedelta(seconds=1)

_Ready = tuple[OpenBulletin, Due]


class Pump:
    """Sends everything that is due for one bot. ``run`` is the task the supervisor owns."""

    def __init__(self, bot: str, parts: PumpParts, rules: PumpRules | None = None) -> None:
        self._bot = bot
        self._parts = parts
        self._rules = rules or PumpRules()
        persistence = Persistence(bot, parts.notices)
        self._persistence = persistence
        self._picker = Picker(bot, parts, self._rules, persistence)
        self._courier = Courier(bot, parts, self._rules, persistence)
        self._line_memory = LineMemory(bot, self._courier.line, parts.paces, parts.notices, persistence)
        self._ahead: Counter[Lane] = Counter()
        self._headway = Headway(self._rules.ahead_seconds)
        self._asking = 0
        self._carried = 0
        self._correcting = 0
        self._await_upload: Counter[BulletinId] = Counter()
        self._chats: set[str] = set()
        self._moved = asyncio.Event()
        self._has_started = asyncio.Event()
        self._landed = asyncio.Event()

    def wake(self) -> None:
        """Something was planned, stopped, paused or resumed: look at once."""
        self._picker.wake()

    async def under_way(self) -> None:
        """Until the platform has answered something, or there was nothing to send."""
        await self._has_started.wait()

    async def run(self) -> None:
        """Send until cancelled; then finish what is under way, within bounds."""
        try:
            await self._send()
        finally:
            self._persistence.leave()

    async def _send(self) -> None:
        await self._begin()
        async with asyncio.TaskGroup() as flights:
            try:
                async with asyncio.TaskGroup() as feeding:
                    feeding.create_task(self._pick_forever())
                    feeding.create_task(self._feed_forever(flights))
                    feeding.create_task(self._courier.pinning.run())
                    feeding.create_task(self._line_memory.keep())
                    feeding.create_task(self._greet_forever())
            finally:
                await self._land()

    async def _begin(self) -> None:
        """What an earlier run left behind: deliveries whose fate nobody knows, a pace that was held, a line down."""
        now = self._parts.now()
        ledger = self._parts.ledger
        left = await self._persistence.until_done(lambda: ledger.recover(self._bot, now))
        if left:
            log.warning("deliveries were interrupted", bot=self._bot, deliveries=left)
        await self._persistence.until_done(self._courier.pace_memory.restore)
        await self._persistence.until_done(self._line_memory.restore)

    async def _greet_forever(self) -> None:
        await self._courier.line.greet(self._parts.sender.greet, self._rules.greeted_seconds)

    async def _pick_forever(self) -> None:
        while True:
            rest_seconds = await self._picker.look()
            self._moved.set()
            if not self._picker.hand.ready and not self._carried:
                self._has_started.set()
            await self._picker.rest(rest_seconds)

    async def _feed_forever(self, flights: asyncio.TaskGroup) -> None:
        while True:
            self._moved.clear()
            wait_seconds = self._parts.pacer.held_for()
            batch: list[_Ready] = []
            if not wait_seconds:
                batch, wait_seconds = self._next_batch()
            if batch:
                await self._launch(batch, flights)
            else:
                await self._wait(wait_seconds)

    async def _wait(self, seconds: float) -> None:
        """Until something moves, but no longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if math.isinf(seconds) else max(seconds, _SHORTEST_WAIT_SECONDS)):
                await self._moved.wait()

    def _next_batch(self) -> tuple[list[_Ready], float]:
        """Rows of the most urgent lane that can go now; else when some can, in seconds."""
        hand = self._picker.hand
        now = asyncio.get_running_loop().time()
        next_aside = hand.take_up(now)
        wait_seconds = math.inf if next_aside is None else next_aside - now
        for lane in list(hand.lanes()):
            room = self._room(lane)
            if room <= 0 or not self._picker.may_go(lane):
                break
            batch = self._take(lane, room)
            if batch:
                return batch, 0.0
        return [], wait_seconds

    def _room(self, lane: Lane) -> int:
        """How many more rows of a lane may be under way."""
        if self._courier.line.is_down:  # one, to find out whether it still is
            return 1 - self._asking
        is_emergency = lane <= Lane.CORRECTIONS
        most = self._rules.in_flight + (_RESERVED_FOR_EMERGENCIES if is_emergency else 0)
        carried_more = most * _CARRIED_A_REQUEST - self._carried
        if self._parts.pacer.is_off:
            return min(most - self._asking, carried_more)
        ahead = max(1, math.ceil(self._parts.pacer.rate_per_second * self._headway.seconds))
        return min(ahead - self._ahead[lane], most - self._asking + self._ahead.total(), carried_more)

    def _take(self, lane: Lane, room: int) -> list[_Ready]:
        """Rows whose chat is free; a chat gets one at a time."""
        hand, pacer = self._picker.hand, self._parts.pacer
        now = asyncio.get_running_loop().time()
        oldest = self._parts.now() - _READ_WITHIN
        batch: list[_Ready] = []
        while len(batch) < room:
            ready = hand.take(lane, may_correct=self._correcting < _CORRECTED_AT_ONCE)
            if ready is None:
                break
            bulletin, due = ready
            if due.read_at < oldest:
                self._picker.put_down(lane, due)
                continue
            if due.chat in self._chats:
                hand.wait_behind(due)
                continue
            busy_seconds = pacer.free_in(due.chat)
            if busy_seconds > self._rules.ahead_seconds:
                hand.lay_aside(due, now + busy_seconds - self._rules.ahead_seconds / 2)
                continue
            self._chats.add(due.chat)
            self._correcting += bulletin.corrects is not None
            batch.append(ready)
        self._picker.took()
        return batch

    async def _launch(self, batch: Sequence[_Ready], flights: asyncio.TaskGroup) -> None:
        """Write down the intent, then let go of those that were granted."""
        journeys = [_Journey(self, bulletin, due) for bulletin, due in batch]
        now = self._parts.now()
        intent = Intent([due.id for _, due in batch], now, now + timedelta(seconds=self._rules.lease_seconds))
        ledger, clock = self._parts.ledger, asyncio.get_running_loop().time
        asked_at = clock()
        asking = flights.create_task(self._persistence.until_done(lambda: ledger.intend(intent)))
        try:
            granted = await asyncio.shield(asking)
        except asyncio.CancelledError:
            with contextlib.suppress(TimeoutError):
                # A full disk must not keep us from ending.
                async with asyncio.timeout(self._rules.landing_seconds):
                    await self._take_back(journeys, asking)
            raise
        is_late = self._parts.now() - now > _READ_WITHIN  # the database could not be written for a while
        self._headway.committed(clock() - asked_at)
        for journey in journeys:
            if journey.due.id not in granted:  # stopped, paused or dropped in the meantime
                journey.ended()
            elif is_late and not self._courier.is_timely(journey.due, journey.bulletin):
                flights.create_task(self._put_back(journey))
            else:
                flights.create_task(self._carry(journey))

    async def _carry(self, journey: _Journey) -> None:
        try:
            await self._courier.carry(journey.due, journey.bulletin, journey)
        finally:
            journey.ended()

    async def _take_back(self, journeys: Sequence[_Journey], asking: asyncio.Task[frozenset[int]]) -> None:
        """We are to end: what was just intended goes back into the queue, for nothing of it was sent."""
        granted = await asking
        for journey in journeys:
            if journey.due.id in granted:
                await self._put_back(journey)
            else:
                journey.ended()

    async def _put_back(self, journey: _Journey) -> None:
        try:
            await self._courier.record(journey.due, journey.bulletin, Carried(FloodWait(0.0)))
        finally:
            journey.ended()

    def begin(self, bulletin: OpenBulletin) -> None:
        """A row of this bulletin is under way."""
        self._ahead[bulletin.lane] += 1
        self._asking += 1
        self._carried += 1

    def await_upload(self, bulletin: OpenBulletin, rows: int) -> None:
        """So many rows more, or fewer, wait for its picture; they keep no slot from anybody."""
        self._await_upload[bulletin.id] += rows
        self._ahead[bulletin.lane] -= rows
        self._moved.set()
        if self._await_upload[bulletin.id] >= _AWAIT_UPLOAD_AT_ONCE:
            self._picker.hand.held_up.add(bulletin.id)
            return
        self._picker.hand.held_up.discard(bulletin.id)
        if not self._await_upload[bulletin.id]:
            del self._await_upload[bulletin.id]

    def depart(self, bulletin: OpenBulletin) -> None:
        """It waits for its turn no longer."""
        self._ahead[bulletin.lane] -= 1
        self._moved.set()

    def hear(self) -> None:
        """The platform has answered it."""
        self._asking -= 1
        self._has_started.set()
        self._moved.set()

    def settle(self, bulletin: OpenBulletin, due: Due) -> None:
        """All about it is written down."""
        self._carried -= 1
        self._correcting -= bulletin.corrects is not None
        self._chats.discard(due.chat)
        self._picker.hand.landed(due.chat)
        self._picker.settled(due.id)
        self._moved.set()
        if not self._carried:
            self._landed.set()

    async def _land(self) -> None:
        """Wait for what is under way. What has not landed by then is unsure, and the next start says so."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._rules.landing_seconds):
                while self._carried:
                    self._landed.clear()
                    await self._landed.wait()


class _Journey:
    """How far one delivery has come; each stage is left once, however often it is said."""

    __slots__ = ("_awaits_upload", "_is_ahead", "_is_asking", "_pump", "bulletin", "due")

    def __init__(self, pump: Pump, bulletin: OpenBulletin, due: Due) -> None:
        self._pump = pump
        self.bulletin = bulletin
        self.due = due
        self._is_ahead = self._is_asking = True
        self._awaits_upload = False
        pump.begin(bulletin)

    def awaits_upload(self, *, does: bool) -> None:
        """It waits until somebody has uploaded its picture; or does so no longer."""
        if self._is_ahead and self._awaits_upload is not does:
            self._awaits_upload = does
            self._pump.await_upload(self.bulletin, 1 if does else -1)

    def departed(self) -> None:
        """It waits for its turn no longer."""
        self.awaits_upload(does=False)
        if self._is_ahead:
            self._is_ahead = False
            self._pump.depart(self.bulletin)

    def answered(self) -> None:
        """Only its outcome is to be written down."""
        self.departed()
        if self._is_asking:
            self._is_asking = False
            self._pump.hear()

    def ended(self) -> None:
        """Nothing of it is left to do."""
        self.answered()
        self._pump.settle(self.bulletin, self.due)
