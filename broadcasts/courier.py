"""Carrying one delivery that has been intended: letter, slot, platform, and writing down what came of it.

Nothing that was intended is forgotten here: while the database cannot be written, the outcome is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from random import Random

import structlog

from broadcasts.corrections import after_edit
from broadcasts.delivery import (
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
from broadcasts.pacing import Pacer
from broadcasts.persistence import Persistence
from broadcasts.ports import (
    Closing,
    Due,
    Ledger,
    Notices,
    OpenBulletin,
    PaceRecord,
    PaceStore,
    Sender,
    Settlement,
)
from broadcasts.retry import Circumstances, RetryRules, decide

log = structlog.get_logger(__name__)

_EFFECTS = (Gone, NoRights, Moved, Rejected)
_FIRST_REST_SECONDS = 0.5
_LONGEST_REST_SECONDS = 30.0


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
    retry: RetryRules = field(default_factory=RetryRules)


@dataclass(frozen=True, slots=True)
class PumpParts:
    """What a pump is put together from."""

    ledger: Ledger
    closing: Closing
    paces: PaceStore
    sender: Sender
    pacer: Pacer
    letters: Letters
    notices: Notices
    now: Callable[[], datetime]
    random: Random
    zone: tzinfo


class Line:
    """Whether the platform can be reached. While it cannot, the token rests, longer each time."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._rest_seconds = 0.0

    def answered(self) -> None:
        """The platform said something."""
        self._rest_seconds = 0.0

    def failed(self) -> bool:
        """Nothing got out. Whether the line had been up before."""
        was_up = not self._rest_seconds
        if not self._pacer.held_for():  # failures of what was already under way count once
            self._rest_seconds = min(max(2 * self._rest_seconds, _FIRST_REST_SECONDS), _LONGEST_REST_SECONDS)
            self._pacer.hold(self._rest_seconds)
        return was_up


class Courier:
    """Carries deliveries of one bot."""

    def __init__(self, bot: str, parts: PumpParts, rules: PumpRules, persistence: Persistence) -> None:
        self._bot = bot
        self._parts = parts
        self._rules = rules
        self._persistence = persistence
        self._line = Line(parts.pacer)

    async def carry(self, due: Due, bulletin: OpenBulletin, departed: Callable[[], None]) -> None:
        """Send one intended delivery and record the outcome. ``departed`` is called once it had its slot."""
        has_departed = False
        note: str | None = None
        try:
            letter = await self._letter(due, bulletin)
            if isinstance(letter, Letter) and not await self._has_slot(due, bulletin):
                letter = FloodWait(self._wait_seconds(due.chat))
            departed()
            has_departed = isinstance(letter, Letter)
            outcome, note = await self._send(due, letter) if isinstance(letter, Letter) else (letter, None)
        except Exception as error:
            log.exception("our own fault in a delivery", delivery=due.id, bulletin=due.bulletin_id)
            fault = f"fault {type(error).__name__}"
            outcome = Unsure(fault) if has_departed else NotSent(fault)
            departed()
        await self.record(due, bulletin, outcome, note)
        if due.pin and bulletin.corrects is None and isinstance(outcome, Sent):
            await self._pin(due, bulletin, outcome)

    async def record(
        self, due: Due, bulletin: OpenBulletin, outcome: Outcome, note: str | None = None
    ) -> None:
        """Write down what an intended delivery came to."""
        if await self._write(self._settlement(due, bulletin, outcome, note)):
            self._parts.notices.bulletin_halted(due.bulletin_id)
        if isinstance(outcome, Gone | NoRights):
            self._parts.notices.channel_in_trouble()

    async def _letter(self, due: Due, bulletin: OpenBulletin) -> Letter | Outcome:
        try:
            return await self._parts.letters.letter(due, bulletin)
        except NotAsApproved as error:
            if await self._parts.closing.halt(due.bulletin_id, str(error)):
                self._parts.notices.bulletin_halted(due.bulletin_id)
            return NotSent("not as approved")

    async def _has_slot(self, due: Due, bulletin: OpenBulletin) -> bool:
        return await self._parts.pacer.slot(bulletin.lane, due.chat, self._rules.patience_seconds)

    def _wait_seconds(self, chat: str) -> float:
        pacer = self._parts.pacer
        return max(pacer.free_in(chat), pacer.held_for())

    async def _send(self, due: Due, letter: Letter) -> tuple[Outcome, str | None]:
        """The platforms' limits count messages, so a change and the reply to it share one slot."""
        sender, note = self._parts.sender, None
        if letter.edit is not None and letter.copy_id is not None:
            edited = await self._heard(due, await sender.edit(due.chat, letter.copy_id, letter.edit))
            after = after_edit(edited, due.attempt + 1)
            if after.outcome is not None:
                return after.outcome, None
            note = after.note
        return await self._heard(due, await sender.post(due.chat, letter.post, letter.copy_id)), note

    async def _heard(self, due: Due, outcome: Outcome) -> Outcome:
        """Let the pace know of an outcome."""
        if not isinstance(outcome, NotSent):
            self._line.answered()
        if isinstance(outcome, FloodWait) and self._parts.pacer.flood(due.chat, outcome.seconds):
            pacer = self._parts.pacer
            held_until = self._parts.now() + timedelta(seconds=pacer.held_for())
            log.warning("the token is held", bot=self._bot, seconds=round(pacer.held_for(), 1))
            record = PaceRecord(held_until, pacer.rate_per_second)
            await self._persistence.until_done(lambda: self._parts.paces.save_pace(self._bot, record))
        return outcome

    async def _pin(self, due: Due, bulletin: OpenBulletin, sent: Sent) -> None:
        """As the channel chose. Without the right the bulletin still stands there; its member is told."""
        outcome = await self._parts.sender.pin(due.chat, sent.message_id)
        if isinstance(outcome, NoRights):
            settlement = replace(self._settlement(due, bulletin, sent, None), effect=outcome)
            await self._write(settlement)
            self._parts.notices.channel_in_trouble()

    async def _write(self, settlement: Settlement) -> bool:
        return await self._persistence.until_done(lambda: self._parts.ledger.record(settlement))

    def _settlement(self, due: Due, bulletin: OpenBulletin, outcome: Outcome, note: str | None) -> Settlement:
        at = self._parts.now()
        made = due.attempt + 1
        line_is_up = self._line.failed() if isinstance(outcome, NotSent) else True
        circumstances = Circumstances(
            at, made, bulletin.life_safety, due.resent, self._parts.random.random(), line_is_up
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
            reason=note or decision.reason,
            due_at=decision.due_at,
            resent=decision.resent,
            effect=outcome if isinstance(outcome, _EFFECTS) else None,
            clears_flaw=due.flaw is not None and isinstance(outcome, Sent),
        )
