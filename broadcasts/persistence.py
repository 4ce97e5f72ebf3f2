"""Keeping at it: asking a database that is full, locked or gone until it answers, and saying so once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from broadcasts.ports import LedgerUnavailable, Notices

log = structlog.get_logger(__name__)

T = TypeVar("T")

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 15.0


class Persistence:
    """One pump's patience with its database. While it fails nothing is intended, so nothing is sent."""

    def __init__(self, bot: str, notices: Notices) -> None:
        self._bot = bot
        self._notices = notices
        self._has_failed = False
        self._failing = 0

    async def until_done(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer of ``ask``, however often that must be asked."""
        try:
            return await ask()
        except LedgerUnavailable as error:
            self._fail(str(error))
        self._failing += 1
        try:
            answer = await self._again(ask)
        finally:
            self._failing -= 1
            if not self._failing:  # until then it is not over: a full disk is read from as ever
                self.leave()
        if not self._failing:
            log.info("sending goes on: the database answers again", bot=self._bot)
        return answer

    async def _again(self, ask: Callable[[], Awaitable[T]]) -> T:
        wait_seconds = _FIRST_WAIT_SECONDS
        while True:
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(2 * wait_seconds, _LONGEST_WAIT_SECONDS)
            with contextlib.suppress(LedgerUnavailable):
                return await ask()

    def _fail(self, what: str) -> None:
        if not self._has_failed:
            self._has_failed = True
            log.error("sending stopped: the database does not answer", bot=self._bot, error=what)
            self._notices.storage_failed(what)

    def leave(self) -> None:
        """Nobody asks any more: what was told is taken back, for only we would learn that it is over."""
        if self._has_failed:
            self._has_failed = False
            self._notices.storage_recovered()
