"""Long polling: what came is handled, or on the disk, before it is confirmed; nobody waits for the slowest of a batch.

    getUpdates(offset) ──> inbox ──> handled ──────────────────> settled
                             └ still open after a moment ──> kept in the backlog ──> settled, and handled all the same
    the next offset: the lowest that is not settled

So an update that takes long holds up neither those behind it nor, after a crash, is it lost: the backlog is read at
start. A full queue pauses asking; the platform keeps what is not asked for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import structlog
from aiogram.exceptions import TelegramConflictError, TelegramRetryAfter, TelegramUnauthorizedError

from bot.admission import HEARD, Hearing, Verdict, look_at
from bot.inbox import Inbox, NamedBot, UnreadableUpdate, is_taken
from bot.prefix import Prefix
from platforms.telegram_session import AskForUpdates

log = structlog.get_logger(__name__)

_LONG_POLL_SECONDS = 25
_BATCH_AT_MOST = 100
_LONGEST_WAIT_SECONDS = 30.0
# Nearly everything is handled sooner than this, and never written down.
_KEPT_AFTER_SECONDS = 0.25
# When a batch is full more waits behind it; and to read a hundred updates takes the loop some milliseconds.
_FULL_BATCHES_APART_SECONDS = 0.05


RawUpdate = Mapping[str, Any]
"""The platform's own JSON object; it has a number."""


class Backlog(Protocol):
    """Keeps updates that take long. ``storage.backlog`` is the real one; to mark one as seen takes it from there."""

    async def keep(self, bot: str, updates: Mapping[int, bytes]) -> None:
        """Keep these, by their ids; once this returns they are on the disk."""

    async def kept(self, bot: str) -> Sequence[bytes]:
        """What is left of an earlier process, oldest first."""


class Poller:
    """Long polling for one bot. ``run`` is a task that the supervisor owns."""

    def __init__(self, bot: NamedBot, inbox: Inbox, backlog: Backlog, allowed_updates: Sequence[str]) -> None:
        self._name, self._bot = bot.name, bot.bot
        self._inbox = inbox
        self._backlog = backlog
        self._allowed = list(allowed_updates)
        self._prefix = Prefix()
        self._all_settled = asyncio.Event()
        self._open: dict[int, RawUpdate] = {}

    async def run(self) -> None:
        """Ask, hand on, ask again; waits longer after each failure in a row."""
        self._prefix, self._open = Prefix(), {}
        wait_seconds = 1.0
        async with asyncio.TaskGroup() as group:
            for update in await leftovers(self._name, self._backlog):
                group.create_task(self._take(update, HEARD))
            while True:
                await self._inbox.space()
                try:
                    await self._round(group)
                    wait_seconds = 1.0
                except TelegramUnauthorizedError:
                    raise
                except Exception as error:  # noqa: BLE001 (whatever the network or the disk does, we ask again)
                    wait_seconds = _waiting_time(error, wait_seconds)
                    log.warning("polling failed", bot=self._name, error=str(error), wait_seconds=wait_seconds)
                    await asyncio.sleep(wait_seconds)

    async def _round(self, group: asyncio.TaskGroup) -> None:
        """One batch: asked for, handed on, settled. Raises what the platform or the backlog raised."""
        updates = await self._ask(self._prefix.offset)
        new = self._prefix.offer(list(updates))
        await self._inbox.look_again()
        self._all_settled.clear()
        for update_id in new:
            self._hand_on(updates[update_id], group)
        is_full = len(updates) >= _BATCH_AT_MOST
        await self._settle(_FULL_BATCHES_APART_SECONDS if is_full else _KEPT_AFTER_SECONDS)
        if is_full:
            await asyncio.sleep(_FULL_BATCHES_APART_SECONDS)
        elif updates and not new:  # a server that repeats itself is not asked as fast as it answers
            await asyncio.sleep(_KEPT_AFTER_SECONDS)

    async def _ask(self, offset: int | None) -> dict[int, RawUpdate]:
        """The next batch, by number."""
        asking = AskForUpdates(
            offset=offset, limit=_BATCH_AT_MOST, timeout=_LONG_POLL_SECONDS, allowed_updates=self._allowed
        )
        given = await self._bot(asking, request_timeout=_LONG_POLL_SECONDS + 15)
        updates = {one["update_id"]: one for one in given if _has_number(one)}
        if given and not updates:
            raise ValueError("the answer to getUpdates cannot be read")
        return updates

    def _hand_on(self, update: RawUpdate, group: asyncio.TaskGroup) -> None:
        seen = look_at(update)
        verdict = self._inbox.weigh(seen)
        if is_taken(verdict):
            group.create_task(self._take(update, verdict))
        if verdict.hearing is Hearing.HEARD:
            self._open[seen.update_id] = update
        else:
            self._prefix.settle([seen.update_id])

    async def _settle(self, wait_seconds: float) -> None:
        """Wait a moment for what is open, then keep the rest."""
        if not self._prefix.open:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self._all_settled.wait()
        slow = {one: json.dumps(self._open[one]).encode() for one in self._prefix.open}
        if slow:
            await self._backlog.keep(self._name, slow)
            self._done(*slow)

    async def _take(self, update: RawUpdate, verdict: Verdict) -> None:
        """Until it is done: a database that fails may be back in a moment."""
        update_id, wait_seconds = update["update_id"], 1.0
        while True:
            try:
                await self._inbox.take(update, verdict)
            except UnreadableUpdate as error:
                log.error("an update was passed over", bot=self._name, update_id=update_id, error=str(error))
                self._inbox.no_longer_waits(update_id)
                break
            except Exception:
                log.exception("an update could not be taken in", bot=self._name, update_id=update_id)
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)
            else:
                break
        self._done(update_id)

    def _done(self, *ids: int) -> None:
        self._prefix.settle(ids)
        for one in ids:
            self._open.pop(one, None)
        if not self._prefix.open:
            self._all_settled.set()


async def leftovers(name: str, backlog: Backlog) -> list[RawUpdate]:
    """What an earlier process has confirmed and not handled; each must be handed to ``Inbox.take``."""
    updates = []
    for content in await backlog.kept(name):
        update = json.loads(content)
        if _has_number(update):
            updates.append(update)
    return updates


def _has_number(given: Any) -> bool:
    return isinstance(given, dict) and isinstance(given.get("update_id"), int)


def _waiting_time(error: Exception, last_seconds: float) -> float:
    if isinstance(error, TelegramRetryAfter):
        return float(error.retry_after)
    if isinstance(error, TelegramConflictError):
        log.error("another program polls this token: stop it, or make a new token at @BotFather")
    return min(last_seconds * 2, _LONGEST_WAIT_SECONDS)
