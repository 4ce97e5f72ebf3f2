"""Long polling: what came is handled, or on the disk, before it is confirmed; nobody waits for the slowest of a batch.

    getUpdates(offset) ──> inbox ──> handled ──────────────────> settled
                             └ still open after a moment ──> kept in the backlog ──> settled, and handled all the same
    the next offset: the lowest that is not settled

So an update that takes long holds up neither those behind it nor, after a crash, is it lost: the backlog is read at
start. A full queue pauses asking; the platform keeps what is not asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramConflictError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetUpdates
from aiogram.types import Update
from pydantic import ValidationError

from bot.admission import HEARD, Hearing, Verdict
from bot.inbox import Inbox, NamedBot, is_taken
from bot.prefix import Prefix

log = structlog.get_logger(__name__)

_LONG_POLL_SECONDS = 25
_BATCH_AT_MOST = 100
_LONGEST_WAIT_SECONDS = 30.0
# Nearly everything is handled sooner than this, and never written down.
_KEPT_AFTER_SECONDS = 0.5
# When a batch is full more waits behind it; and to read a hundred updates takes the loop some milliseconds.
_FULL_BATCHES_APART_SECONDS = 0.05


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
        self._open: dict[int, Update] = {}

    async def run(self) -> None:
        """Ask, hand on, ask again; waits longer after each failure in a row."""
        self._prefix, self._open = Prefix(), {}
        wait_seconds = 1.0
        async with asyncio.TaskGroup() as group:
            for update in await leftovers(self._name, self._inbox, self._backlog):
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
        updates, last = await self._ask(self._prefix.offset)
        new = set(self._prefix.offer([update.update_id for update in updates], last))
        await self._inbox.look_again()
        self._all_settled.clear()
        for update in updates:
            if update.update_id in new:
                new.remove(update.update_id)
                self._hand_on(update, group)
        is_full = len(updates) >= _BATCH_AT_MOST
        await self._settle(_FULL_BATCHES_APART_SECONDS if is_full else _KEPT_AFTER_SECONDS)
        if is_full:
            await asyncio.sleep(_FULL_BATCHES_APART_SECONDS)

    def _hand_on(self, update: Update, group: asyncio.TaskGroup) -> None:
        verdict = self._inbox.weigh(update)
        if is_taken(verdict):
            group.create_task(self._take(update, verdict))
        if verdict.hearing is Hearing.HEARD:
            self._open[update.update_id] = update
        else:
            self._prefix.settle([update.update_id])

    async def _settle(self, wait_seconds: float) -> None:
        """Wait a moment for what is open, then keep the rest."""
        if not self._prefix.open:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self._all_settled.wait()
        slow = {one: _written(self._open[one]) for one in self._prefix.open}
        if slow:
            await self._backlog.keep(self._name, slow)
            self._done(*slow)

    async def _take(self, update: Update, verdict: Verdict) -> None:
        """Until it is done: a database that fails may be back in a moment."""
        wait_seconds = 1.0
        while True:
            try:
                await self._inbox.take(update, verdict)
            except Exception:
                log.exception("an update could not be taken in", bot=self._name, update_id=update.update_id)
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)
            else:
                self._done(update.update_id)
                return

    def _done(self, *ids: int) -> None:
        self._prefix.settle(ids)
        for one in ids:
            self._open.pop(one, None)
        if not self._prefix.open:
            self._all_settled.set()

    async def _ask(self, offset: int | None) -> tuple[list[Update], int | None]:
        """The next batch, and the id of its last update, which may be of a kind that is not known yet."""
        asking = GetUpdates(
            offset=offset, limit=_BATCH_AT_MOST, timeout=_LONG_POLL_SECONDS, allowed_updates=self._allowed
        )
        try:
            updates = await self._bot(asking, request_timeout=_LONG_POLL_SECONDS + 15)
        except ClientDecodeError as error:
            return self._understood(error)
        return updates, updates[-1].update_id if updates else None

    def _understood(self, error: ClientDecodeError) -> tuple[list[Update], int]:
        """What can be read of a batch that aiogram refused whole. Its words are kept out of every message."""
        given = error.data.get("result") if isinstance(error.data, dict) else None
        updates: list[Update] = []
        last: int | None = None
        for raw in given if isinstance(given, list) else []:
            number = raw.get("update_id") if isinstance(raw, dict) else None
            try:
                updates.append(Update.model_validate(raw, context={"bot": self._bot}))
            except ValidationError:
                log.error("an update of a kind unknown to this version was passed over", update_id=number)
            last = number if isinstance(number, int) else last
        if last is None:
            raise ValueError("the answer to getUpdates cannot be read") from None
        return updates, last


async def leftovers(name: str, inbox: Inbox, backlog: Backlog) -> list[Update]:
    """What an earlier process has confirmed and not handled; each must be handed to ``inbox.take``."""
    updates: list[Update] = []
    for content in await backlog.kept(name):
        try:
            updates.append(inbox.read(content))
        except ValueError:
            log.error("an update that was kept cannot be read any more", bot=name)
    return updates


def _written(update: Update) -> bytes:
    """As the platform gave it: without what it did not say."""
    return update.model_dump_json(exclude_unset=True, by_alias=True).encode()


def _waiting_time(error: Exception, last_seconds: float) -> float:
    if isinstance(error, TelegramRetryAfter):
        return float(error.retry_after)
    if isinstance(error, TelegramConflictError):
        log.error("another program polls this token: stop it, or make a new token at @BotFather")
    return min(last_seconds * 2, _LONGEST_WAIT_SECONDS)
