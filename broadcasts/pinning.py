"""Pinning what was posted, where the channel chose so: once right after the post, and later as often as it takes.

    sent ──owed──> asked at once ──> pinned | not to be had
                    │      ^
                    └──────┘ later, longer each time; also by the next process

That a pin is owed is written down together with the delivery's outcome, and taken away together with how it ended.
To pin twice is to pin once, so whatever is not certain about it is asked again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from broadcasts.broadcast import BroadcastState
from broadcasts.counts import count_dropped_pin
from broadcasts.delivery import (
    PINNING,
    DeliveryId,
    FloodWait,
    Gone,
    Moved,
    NoRights,
    NotSent,
    Outcome,
    Rejected,
    Sent,
    Unsure,
)
from broadcasts.pacing import Pacer
from broadcasts.persistence import Persistence
from broadcasts.ports import LedgerUnavailable, Notices, OwedPin, Pin, PinEnding, Pins
from bulletins.bulletin import Lane

log = structlog.get_logger(__name__)

_FIRST_REST_SECONDS = 0.5
_LONGEST_REST_SECONDS = 300.0
_DOUBLED_AT_MOST = 10
_LOOK_SECONDS = 30.0
_PATIENCE_SECONDS = 1.0
_READ_AT_ONCE = 64
_READ_WITHIN_SECONDS = 1.0
_READ_AGAIN_SECONDS = 5.0
PINNED_WITHIN = timedelta(days=1)
"""How long after the post a pin is still worth asking for: what is older is no news to be shown first."""


class NotPinned(StrEnum):
    """Why a pin that is owed is given up before the platform is asked."""

    CHANNEL_NOT_ACTIVE = "channel_not_active"
    NOT_CHOSEN = "not_chosen"
    LEFT_BEHIND = "left_behind"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    TOO_LATE = "too_late"


_OUT_OF_TIME = frozenset({NotPinned.EXPIRED, NotPinned.TOO_LATE})


def why_not(owed: OwedPin, now: datetime) -> NotPinned | None:
    """Why it should not be pinned any more; None when it should."""
    if not owed.is_postable:
        return NotPinned.CHANNEL_NOT_ACTIVE
    if not owed.is_chosen:
        return NotPinned.NOT_CHOSEN
    if owed.is_left_behind:  # under its number the new place has somebody else's message
        return NotPinned.LEFT_BEHIND
    if owed.is_withdrawn:
        return NotPinned.WITHDRAWN
    # Whoever stops a bulletin wants nothing more to be done for it. A correction stops it too, but it puts the copies
    # right where they stand, and is not pinned itself: so the copy is what people should see first.
    if owed.state is BroadcastState.STOPPED and not owed.was_corrected:
        return NotPinned.STOPPED
    if owed.expires <= now:
        return NotPinned.EXPIRED
    return NotPinned.TOO_LATE if owed.posted_at + PINNED_WITHIN <= now else None


@dataclass(frozen=True, slots=True)
class PinningParts:
    """What pinning is put together from. ``ask`` asks the platform, once."""

    pins: Pins
    pacer: Pacer
    notices: Notices
    now: Callable[[], datetime]
    ask: Callable[[Pin], Awaitable[Outcome]]


class Pinning:
    """Pins for one bot. ``run`` takes up what was not pinned right after the post, by this process or another."""

    def __init__(self, bot: str, parts: PinningParts, persistence: Persistence) -> None:
        self._bot = bot
        self._parts = parts
        self._persistence = persistence
        self._in_hand: set[DeliveryId] = set()
        self._let_go: set[DeliveryId] = set()
        """What was in hand since the last reading: what was read of it may be so no longer."""
        self._is_looking = False
        self._woken = asyncio.Event()

    @contextlib.contextmanager
    def in_hand(self, delivery: DeliveryId) -> Iterator[None]:
        """While the block lasts nobody else takes its pin up, nor afterwards by what was read until then."""
        self._in_hand.add(delivery)
        try:
            yield
        finally:
            self._in_hand.discard(delivery)
            if self._is_looking:
                self._let_go.add(delivery)

    async def attempt(self, pin: Pin) -> None:
        """Ask the platform once, and write down how it ended, or when it is asked again."""
        match await self._outcome(pin):
            case FloodWait(seconds):
                await self._put_off(pin, seconds, pin.attempt)
            case NotSent() | Unsure():
                rest_seconds = _FIRST_REST_SECONDS * 2 ** min(pin.attempt, _DOUBLED_AT_MOST)
                await self._put_off(pin, min(rest_seconds, _LONGEST_REST_SECONDS), pin.attempt + 1)
            case NoRights() as refused:  # the bulletin still stands there; its member is told
                await self._end(pin, refused)
                self._parts.notices.channel_in_trouble()
            case Moved() as moved:
                # Not asked for in the new place: the copy stayed in the old one, which nobody can change any more.
                await self._end(pin, moved)
                self._drop(pin, NotPinned.LEFT_BEHIND)
            case Gone(reason) | Rejected(reason):
                # That a channel is lost is for the next post to find out, which knows when too many seem to be.
                await self._end(pin)
                self._drop(pin, reason)
            case Sent():
                await self._end(pin, mends=PINNING if pin.flaw == PINNING else None)
            case _:
                await self._end(pin)

    async def run(self) -> None:
        """Pin what is owed until cancelled."""
        while True:
            self._woken.clear()
            self._is_looking = True
            try:
                rest_seconds = await self._look()
            finally:
                self._is_looking = False
                self._let_go.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_seconds):
                    await self._woken.wait()

    async def _look(self) -> float:
        """One round, one pin after the other; for how many seconds to rest after it, unless woken."""
        held_seconds = self._parts.pacer.held_for()
        if held_seconds:
            return min(held_seconds, _LOOK_SECONDS)
        clock = asyncio.get_running_loop().time
        read_at = clock()
        try:
            found = await self._parts.pins.owed(self._bot, _READ_AT_ONCE)
        except LedgerUnavailable:  # whoever sends says so, and when it is over
            return _READ_AGAIN_SECONDS
        for owed in found:
            wait_seconds = (owed.due_at - self._parts.now()).total_seconds()
            if wait_seconds > 0.0:
                return min(wait_seconds, _LOOK_SECONDS)
            if owed.pin.delivery_id in self._in_hand | self._let_go:
                continue
            if clock() - read_at > _READ_WITHIN_SECONDS or not await self._take_up(owed):
                return 0.0
        return _LOOK_SECONDS if len(found) < _READ_AT_ONCE else _FIRST_REST_SECONDS

    async def _take_up(self, owed: OwedPin) -> bool:
        """False when the token has more urgent things to do for now."""
        pin, pacer = owed.pin, self._parts.pacer
        reason = why_not(owed, self._parts.now())
        busy_seconds = pacer.free_in(pin.chat)
        if reason is not None:
            await self._end(pin)
            self._drop(pin, reason)
        elif owed.state is BroadcastState.PAUSED:  # until a moderator has looked at it
            await self._put_off(pin, _LOOK_SECONDS, pin.attempt)
        elif busy_seconds > _PATIENCE_SECONDS:
            await self._put_off(pin, busy_seconds, pin.attempt)
        elif not await pacer.slot(Lane.ROUTINE, pin.chat, _PATIENCE_SECONDS):
            return False
        else:
            await self.attempt(pin)
        return True

    async def _outcome(self, pin: Pin) -> Outcome:
        try:
            return await self._parts.ask(pin)
        except Exception as error:  # a pin must not keep the bulletins from going out
            log.error("our own fault in a pin", delivery=pin.delivery_id, exc_info=error)
            return Unsure(f"fault {type(error).__name__}")

    async def _put_off(self, pin: Pin, seconds: float, attempt: int) -> None:
        later = self._parts.now() + min(timedelta(seconds=seconds), PINNED_WITHIN)
        tried, pins = replace(pin, attempt=attempt), self._parts.pins
        await self._persistence.until_done(lambda: pins.put_off(tried, later))
        self._woken.set()

    async def _end(
        self, pin: Pin, effect: NoRights | Moved | None = None, *, mends: str | None = None
    ) -> None:
        now = self._parts.now()
        ending = PinEnding(pin.delivery_id, pin.bulletin_id, pin.channel_id, now, effect, mends)
        await self._persistence.until_done(lambda: self._parts.pins.end(ending))

    def _drop(self, pin: Pin, reason: str) -> None:
        count_dropped_pin(self._bot, reason)
        say = log.warning if reason in _OUT_OF_TIME else log.info
        say("a bulletin is not pinned", bot=self._bot, delivery=pin.delivery_id, reason=reason)
