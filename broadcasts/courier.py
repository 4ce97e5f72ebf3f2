"""Carrying one delivery that has been intended: letter, slot, platform, and writing down what came of it.

Nothing that was intended is forgotten here: while the database cannot be written, the outcome is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from random import Random
from typing import Protocol

import structlog

from broadcasts.breaker import MANY_GONE, NOT_AS_APPROVED, Departures
from broadcasts.corrections import after_edit
from broadcasts.counts import count
from broadcasts.delivery import (
    OUR_OWN,
    PINNING,
    DeliveryState,
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
from broadcasts.letters import Letter, Letters, NotAsApproved
from broadcasts.line import GREETED_SECONDS, Line
from broadcasts.pace_memory import PaceMemory
from broadcasts.pacing import Pacer
from broadcasts.persistence import Persistence
from broadcasts.pinning import Pinning, PinningParts
from broadcasts.planner import quiet_until
from broadcasts.ports import (
    Closing,
    Due,
    Ledger,
    LedgerUnavailable,
    Notices,
    OpenBulletin,
    Pin,
    Pins,
    Sender,
    Settlement,
    TokenStore,
)
from broadcasts.retry import Circumstances, RetryRules, decide

log = structlog.get_logger(__name__)

_EFFECTS = (Gone, NoRights, Moved, Rejected)


@dataclass(frozen=True, slots=True)
class PumpRules:
    """Bounds of one pump. ``ahead_seconds`` of sending are written down before their turn comes."""

    in_flight: int = 128
    lease_seconds: float = 120.0
    picked_seconds: float = 0.5
    ahead_seconds: float = 0.05
    patience_seconds: float = 1.0
    idle_seconds: float = 1.0
    landing_seconds: float = 10.0
    greeted_seconds: float = GREETED_SECONDS
    retry: RetryRules = field(default_factory=RetryRules)


@dataclass(frozen=True, slots=True)
class PumpParts:
    """What a pump is put together from."""

    ledger: Ledger
    closing: Closing
    pins: Pins
    paces: TokenStore
    sender: Sender
    pacer: Pacer
    letters: Letters
    notices: Notices
    now: Callable[[], datetime]
    random: Random
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of carrying a delivery. ``note`` is kept beside it, whatever the outcome."""

    outcome: Outcome
    note: str | None = None
    line_is_up: bool = True


class Flight(Protocol):
    """Where a delivery that is being carried has got to; each is called once or more, in this order."""

    def awaits_upload(self, *, does: bool) -> None:
        """It waits until somebody has uploaded its picture; or does so no longer."""

    def departed(self) -> None:
        """It waits for its turn no longer."""

    def answered(self) -> None:
        """Only its outcome is to be written down."""


class Courier:
    """Carries deliveries of one bot."""

    def __init__(self, bot: str, parts: PumpParts, rules: PumpRules, persistence: Persistence) -> None:
        self._bot = bot
        self._parts = parts
        self._rules = rules
        self._persistence = persistence
        self.pace_memory = PaceMemory(bot, parts.pacer, parts.paces, parts.now)
        self.line = Line(bot, parts.pacer)
        self._departures = Departures()
        pinning = PinningParts(parts.pins, parts.pacer, parts.notices, parts.now, self._pinned)
        self.pinning = Pinning(bot, pinning, persistence)

    async def carry(self, due: Due, bulletin: OpenBulletin, flight: Flight) -> None:
        """Send one intended delivery and record the outcome."""
        try:
            carried = await self._attempt(due, bulletin, flight)
        except Exception as error:  # noqa: BLE001 it is logged, and nothing was posted
            carried = Carried(NotSent(_fault(error, due)))
        flight.answered()
        if not isinstance(carried.outcome, Sent) or not _owes_pin(due, bulletin):
            await self.record(due, bulletin, carried)
            return
        with self.pinning.in_hand(due.id):
            await self.record(due, bulletin, carried)
            await self.pinning.attempt(_pin_of(due, carried.outcome))

    async def record(self, due: Due, bulletin: OpenBulletin, carried: Carried) -> None:
        """Write down what an intended delivery came to."""
        settlement = self._settlement(due, bulletin, carried)
        if isinstance(carried.outcome, Sent):
            self._departures.end()
        elif isinstance(carried.outcome, Gone) and not self._departures.left(due.channel_id):
            settlement = replace(settlement, effect=None)
        if await self._write(settlement):
            self._parts.notices.bulletin_halted(due.bulletin_id)
        if isinstance(settlement.effect, Gone | NoRights):
            self._parts.notices.channel_in_trouble()
        if self._departures.should_halt():
            await self._halt(due, MANY_GONE)

    async def _attempt(self, due: Due, bulletin: OpenBulletin, flight: Flight) -> Carried:
        """The platforms' limits count messages: the slot is for the post, taken right before it."""
        try:
            letter = await self._parts.letters.letter(due, bulletin)
        except NotAsApproved as error:
            log.error("a bulletin is not what was approved", bulletin=error.args[0])
            return await self._halt(due, NOT_AS_APPROVED)
        note = letter.note
        if letter.changes:
            flight.departed()
            asked_at = asyncio.get_running_loop().time()
            for change in letter.changes:
                edited = await self._heard(
                    due.chat, await self._parts.sender.edit(due.chat, change.message_id, change.content)
                )
                after = after_edit(edited.outcome, due.attempt + 1)
                if after.outcome is not None:
                    return replace(edited, outcome=after.outcome)
                note = note or after.note
            if not await self._may_still_go(due, bulletin, asked_at):
                return Carried(FloodWait(0.0))
        posting = self._post_in_turn if letter.post.media is None else self._post_prepared
        carried = await posting(due, bulletin, letter, flight)
        return carried if note is None else replace(carried, note=note)

    def is_timely(self, due: Due, bulletin: OpenBulletin) -> bool:
        """Whether it may go by the clock: it has not expired, nor are there quiet hours."""
        now = self._parts.now()
        if bulletin.expires <= now:
            return False
        if due.quiet_minutes is None or bulletin.at_any_hour or bulletin.canary == due.id:
            return True
        return quiet_until(*due.quiet_minutes, now, self._parts.zone) is None

    async def _may_still_go(self, due: Due, bulletin: OpenBulletin, asked_at: float) -> bool:
        """Whether, after a slow answer, it is still wanted, and still timely."""
        if asyncio.get_running_loop().time() - asked_at <= self._rules.patience_seconds:
            return True
        ledger = self._parts.ledger
        is_wanted = await self._persistence.until_done(lambda: ledger.is_wanted(due.id))
        return is_wanted and self.is_timely(due, bulletin)

    async def _post_prepared(
        self, due: Due, bulletin: OpenBulletin, letter: Letter, flight: Flight
    ) -> Carried:
        """While somebody uploads its picture, others wait; too long, and they go back into the queue."""
        async with AsyncExitStack() as prepared:
            flight.awaits_upload(does=True)
            try:
                async with asyncio.timeout(self._rules.patience_seconds):
                    await prepared.enter_async_context(self._parts.sender.prepared(letter.post))
            except TimeoutError:
                return Carried(FloodWait(self._rules.patience_seconds))
            finally:
                flight.awaits_upload(does=False)
            return await self._post_in_turn(due, bulletin, letter, flight)

    async def _post_in_turn(
        self, due: Due, bulletin: OpenBulletin, letter: Letter, flight: Flight
    ) -> Carried:
        """Who gets no slot in time goes back into the queue until there is one."""
        pacer = self._parts.pacer
        if not await pacer.slot(bulletin.lane, due.chat, self._rules.patience_seconds):
            return Carried(FloodWait(max(pacer.free_in(due.chat), pacer.held_for())))
        flight.departed()
        try:
            return await self._heard(
                due.chat, await self._parts.sender.post(due.chat, letter.post, letter.reply_to)
            )
        except Exception as error:  # noqa: BLE001 it is logged, and called unsure
            return Carried(Unsure(_fault(error, due)))

    async def _halt(self, due: Due, because: str) -> Carried:
        closing = self._parts.closing
        if await self._persistence.until_done(lambda: closing.halt(due.bulletin_id, because)):
            self._parts.notices.bulletin_halted(due.bulletin_id)
        return Carried(NotSent(NOT_AS_APPROVED))

    async def _heard(self, chat: str, outcome: Outcome) -> Carried:
        """Let the pace know of what the platform said, or that it could not be reached."""
        count(self._bot, outcome)
        if isinstance(outcome, NotSent) and outcome.reason in OUR_OWN:  # it says nothing of the line
            return Carried(outcome)
        if isinstance(outcome, NotSent):
            return Carried(outcome, line_is_up=self.line.failed(outcome.reason))
        if isinstance(outcome, Unsure):
            return Carried(outcome, line_is_up=self.line.lost(outcome.reason))
        self.line.answered()
        if isinstance(outcome, FloodWait) and self._parts.pacer.flood(chat, outcome.seconds):
            await self._persistence.until_done(self.pace_memory.save)
        return Carried(outcome)

    async def _pinned(self, pin: Pin) -> Outcome:
        heard = await self._heard(pin.chat, await self._parts.sender.pin(pin.chat, pin.message_id))
        return heard.outcome

    async def _write(self, settlement: Settlement) -> bool:
        ledger = self._parts.ledger
        try:
            return await ledger.record(settlement)
        except LedgerUnavailable:
            return await self._persistence.until_done(lambda: ledger.record(settlement))

    def _settlement(self, due: Due, bulletin: OpenBulletin, carried: Carried) -> Settlement:
        outcome, at, made = carried.outcome, self._parts.now(), due.attempt + 1
        if isinstance(outcome, Sent):
            return _arrival(due, outcome, at, carried.note, owes_pin=_owes_pin(due, bulletin))
        circumstances = Circumstances(
            at, made, bulletin.life_safety, due.resent, self._parts.random.random(), carried.line_is_up
        )
        decision = decide(outcome, circumstances, self._rules.retry)
        return Settlement(
            delivery_id=due.id,
            channel_id=due.channel_id,
            bulletin_id=due.bulletin_id,
            attempt=made,
            at=at,
            state=decision.state,
            counted=decision.counted,
            message_id=decision.message_id,
            # What is tried again says why; the note is made anew then.
            reason=decision.reason
            if decision.state is DeliveryState.QUEUED
            else carried.note or decision.reason,
            due_at=decision.due_at,
            resent=decision.resent,
            effect=outcome if isinstance(outcome, _EFFECTS) else None,
        )


def _arrival(due: Due, sent: Sent, at: datetime, note: str | None, *, owes_pin: bool) -> Settlement:
    """It arrived: there is nothing to decide."""
    return Settlement(
        delivery_id=due.id,
        channel_id=due.channel_id,
        bulletin_id=due.bulletin_id,
        attempt=due.attempt + 1,
        at=at,
        state=DeliveryState.SENT,
        counted=due.attempt + 1,
        message_id=sent.message_id,
        reason=note,
        resent=due.resent,
        mends=_mended(due),
        owes_pin=owes_pin,
    )


def _owes_pin(due: Due, bulletin: OpenBulletin) -> bool:
    """A correction is not pinned: it changes the copy that is."""
    return due.pin and bulletin.corrects is None


def _pin_of(due: Due, sent: Sent) -> Pin:
    return Pin(due.id, due.bulletin_id, due.channel_id, due.chat, sent.message_id, due.flaw)


def _mended(due: Due) -> str | None:
    """The flaw that is over once a message has arrived; that of pinning only where nothing is pinned any more."""
    return None if due.flaw == PINNING and due.pin else due.flaw


def _fault(error: Exception, due: Due) -> str:
    """What to call a mistake of our own; the whole of it is in the log."""
    log.error("our own fault in a delivery", delivery=due.id, bulletin=due.bulletin_id, exc_info=error)
    return f"fault {type(error).__name__}"
