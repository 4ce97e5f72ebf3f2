"""Who is told: everybody who asked to hear gets the verdict, and every later revision of it.

Telling is written down before and after it is sent. If the process dies between the two, the next attempt
says that it may be a repeat: nobody is left without an answer, and nobody is told twice in silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from reports.cards import Cards
from reports.ports import Evidence, Retention, Telling, TellingBook, Told, Voice

log = structlog.get_logger(__name__)

_TOLD_AT_A_TIME = 50
_CLAIMED_FOR = timedelta(seconds=60)
_FAILURES_IN_A_ROW = 3
_LOOKED_AGAIN_SECONDS = 20.0


class Answers:
    """Tells verdicts to reporters, at a pace that leaves the platform's room to bulletins."""

    def __init__(
        self, book: TellingBook, voice: Voice, *, now: Callable[[], datetime], rate_per_second: float = 5.0
    ) -> None:
        self._book = book
        self._voice = voice
        self._now = now
        self._pause_seconds = 1 / rate_per_second
        self._one_at_a_time = asyncio.Lock()

    async def tell_waiting(self) -> int:
        """Tell everybody who waits, until done or until the platform takes no more; how many were told."""
        async with self._one_at_a_time:
            told = 0
            while True:
                arrived, go_on = await self._tell_some()
                told += arrived
                if not go_on:
                    return told

    async def _tell_some(self) -> tuple[int, bool]:
        now = self._now()
        arrived = failed_in_a_row = 0
        tellings = await self._book.take(now, now + _CLAIMED_FOR, _TOLD_AT_A_TIME)
        for telling in tellings:
            told = await self._tell(telling)
            await self._book.settle(telling, told, self._now())
            arrived += told is Told.ARRIVED
            failed_in_a_row = failed_in_a_row + 1 if told in (Told.NOT_SENT, Told.UNKNOWN) else 0
            if failed_in_a_row == _FAILURES_IN_A_ROW:
                return arrived, False  # those not tried are free again when their claim runs out
            await asyncio.sleep(self._pause_seconds)
        return arrived, bool(tellings)

    async def _tell(self, telling: Telling) -> Told:
        try:
            return await self._voice.tell(telling)
        except Exception:  # a delivery loop: one that cannot be told must not keep the others waiting
            log.exception("an answer could not be told", report=telling.report)
            return Told.UNKNOWN


class Errands:
    """What is owed to people and done beside the conversations. ``run`` is the task the supervisor owns."""

    def __init__(self, answers: Answers, cards: Cards) -> None:
        self._answers = answers
        self._cards = cards
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was filed or decided: do not wait for the next look."""
        self._woken.set()

    async def run(self) -> None:
        """Show cards and tell answers, until cancelled. What a crash left undone is done at the start."""
        while True:
            self._woken.clear()
            await self._cards.show_stale()
            await self._answers.tell_waiting()
            try:
                async with asyncio.timeout(_LOOKED_AGAIN_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                continue


async def sweep(evidence: Evidence, rules: Retention, now: Callable[[], datetime]) -> None:
    """The nightly tick: delete and erase what may no longer be kept."""
    await evidence.sweep(rules, now())
