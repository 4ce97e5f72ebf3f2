"""The way in: every update is handled wholly before it is confirmed to the platform, and once.

An update confirmed early and then lost in a crash is a citizen left without an answer; one handled twice is a
repeat. So the poller asks for the next batch only after the last one is done, a webhook answers 200 only then,
and what was done is remembered by (bot, update id).

Answers to one chat leave one a second, and the next batch waits for them: so a chat is answered only as often as
keeps everybody else's wait short. Who writes more is told so, once, and what was too much is passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from aiogram import Bot, Dispatcher
from aiogram.enums import ChatType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramConflictError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetUpdates
from aiogram.types import Update
from pydantic import ValidationError

from handlers.crowding import CROWDED
from reports.quotas import Quota

log = structlog.get_logger(__name__)

_TOGETHER_AT_MOST = 32
_TRIES_AT_MOST = 3
_HANDLED_WITHIN_SECONDS = 60.0
_LONG_POLL_SECONDS = 25
_BATCH_AT_MOST = 100
_LONGEST_WAIT_SECONDS = 30.0
# Half of what a bot may post to a group, so that answers neither wait there nor take the bulletins' place.
_COMMANDS_A_MINUTE_IN_A_GROUP = 10
_MESSAGES_A_MINUTE_IN_PRIVATE = 30
_WAITING_AT_MOST_IN_PRIVATE = 12


class UpdatesSeen(Protocol):
    """Remembers which updates were handled. ``storage.updates`` is the real one."""

    async def has_seen(self, bot: str, update_id: int) -> bool:
        """Whether this update was handled already."""

    async def mark_seen(self, bot: str, update_id: int) -> None:
        """Remember it; repeating this changes nothing."""


@dataclass(slots=True)
class _Turn:
    """Whose turn it is within one chat, and how many still want it: forgotten when nobody does."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0


class Inbox:
    """Takes updates of one bot to the dispatcher: in order within a chat, side by side across chats."""

    def __init__(self, name: str, bot: Bot, dispatcher: Dispatcher, seen: UpdatesSeen) -> None:
        self._name = name
        self._bot = bot
        self._dispatcher = dispatcher
        self._seen = seen
        self._under_way: dict[int, asyncio.Future[None]] = {}
        self._turns: dict[str, _Turn] = {}
        self._room = asyncio.Semaphore(_TOGETHER_AT_MOST)
        self._heard_in_groups = Quota(_COMMANDS_A_MINUTE_IN_A_GROUP, timedelta(minutes=1))
        self._heard_in_private = Quota(_MESSAGES_A_MINUTE_IN_PRIVATE, timedelta(minutes=1))
        self._told = Quota(1, timedelta(minutes=1))

    async def take(self, update: Update) -> None:
        """Handle ``update`` and remember it; returns once that is durable. A repeat waits for the first."""
        under_way = self._under_way.get(update.update_id)
        if under_way is not None:
            await asyncio.shield(under_way)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way[update.update_id] = done
        try:
            await self._take_in_turn(update)
        finally:
            del self._under_way[update.update_id]
            done.set_result(None)

    async def take_raw(self, given: Mapping[str, Any]) -> None:
        """Handle an update as a webhook brings it. Raises ValueError when it is none."""
        try:
            update = Update.model_validate(given, context={"bot": self._bot})
        except ValidationError as error:
            raise ValueError("this is no update") from error
        await self.take(update)

    async def take_all(self, updates: Iterable[Update]) -> None:
        """Handle a batch: returns when every one of them is done with. Raises what one raised, after all are."""
        results = await asyncio.gather(*map(self.take, updates), return_exceptions=True)
        for result in results:
            if result is not None:
                raise result

    async def _take_in_turn(self, update: Update) -> None:
        key = conversation_of(update)
        turn = self._turns.setdefault(key, _Turn())
        turn.wanted += 1
        is_crowded = _is_private(update) and turn.wanted > _WAITING_AT_MOST_IN_PRIVATE
        try:
            async with turn.lock, self._room:
                if not await self._seen.has_seen(self._name, update.update_id):
                    await self._answer(update, is_crowded)
                    await self._seen.mark_seen(self._name, update.update_id)
        finally:
            turn.wanted -= 1
            if turn.wanted == 0:
                del self._turns[key]

    async def _answer(self, update: Update, is_crowded: bool) -> None:
        message, at = update.message, datetime.fromtimestamp(asyncio.get_running_loop().time(), UTC)
        if message is None:
            await self._handle(update)
            return
        chat = str(message.chat.id)
        if not _is_private(update):
            is_command = (message.text or "").startswith("/")
            if not is_command or self._heard_in_groups.use(chat, at) is None:
                await self._handle(update)
        elif not is_crowded and self._heard_in_private.use(chat, at) is None:
            await self._handle(update)
        elif self._told.use(chat, at) is None:
            await self._handle(update, **{CROWDED: True})

    async def _handle(self, update: Update, **said: bool) -> None:
        """A few tries, then it is given up and logged: one poisonous update must not stop all the others."""
        for attempt in range(1, _TRIES_AT_MOST + 1):
            try:
                async with asyncio.timeout(_HANDLED_WITHIN_SECONDS):
                    await self._dispatcher.feed_update(self._bot, update, bot_name=self._name, **said)
                return
            except Exception:
                log.exception("update failed", bot=self._name, update_id=update.update_id, attempt=attempt)
                if attempt < _TRIES_AT_MOST:
                    await asyncio.sleep(attempt - 1)


class Poller:
    """Long polling for one bot. ``run`` is a task that the supervisor owns."""

    def __init__(self, name: str, bot: Bot, inbox: Inbox, allowed_updates: list[str]) -> None:
        self._name = name
        self._bot = bot
        self._inbox = inbox
        self._allowed = allowed_updates

    async def run(self) -> None:
        """Ask, handle, ask again; waits longer after each failure in a row."""
        offset: int | None = None
        wait_seconds = 1.0
        while True:
            try:
                updates, last = await self._ask(offset)
                wait_seconds = 1.0
            except TelegramUnauthorizedError:
                raise
            except Exception as error:  # noqa: BLE001 (whatever the network does, we ask again)
                wait_seconds = _waiting_time(error, wait_seconds)
                log.warning("polling failed", bot=self._name, error=str(error), wait_seconds=wait_seconds)
                await asyncio.sleep(wait_seconds)
                continue
            await self._inbox.take_all(updates)
            if last is not None:
                offset = last + 1

    async def _ask(self, offset: int | None) -> tuple[list[Update], int | None]:
        """The next batch, and the id of its last update, which may be of a kind that is not known yet."""
        asking = GetUpdates(
            offset=offset, limit=_BATCH_AT_MOST, timeout=_LONG_POLL_SECONDS, allowed_updates=self._allowed
        )
        try:
            updates = await self._bot(asking, request_timeout=_LONG_POLL_SECONDS + 15)
        except ClientDecodeError as error:
            return _understood(error, self._bot)
        return updates, updates[-1].update_id if updates else None


def _understood(error: ClientDecodeError, bot: Bot) -> tuple[list[Update], int]:
    """What can be read of a batch that aiogram refused whole. Its words are kept out of every message."""
    given = error.data.get("result") if isinstance(error.data, dict) else None
    updates: list[Update] = []
    last: int | None = None
    for raw in given if isinstance(given, list) else []:
        number = raw.get("update_id") if isinstance(raw, dict) else None
        try:
            updates.append(Update.model_validate(raw, context={"bot": bot}))
        except ValidationError:
            log.error("an update of a kind unknown to this version was passed over", update_id=number)
        last = number if isinstance(number, int) else last
    if last is None:
        raise ValueError("the answer to getUpdates cannot be read") from None
    return updates, last


def _waiting_time(error: Exception, last_seconds: float) -> float:
    if isinstance(error, TelegramRetryAfter):
        return float(error.retry_after)
    if isinstance(error, TelegramConflictError):
        log.error("another program polls this token: stop it, or make a new token at @BotFather")
    return min(last_seconds * 2, _LONGEST_WAIT_SECONDS)


def _is_private(update: Update) -> bool:
    return update.message is not None and update.message.chat.type == ChatType.PRIVATE


def conversation_of(update: Update) -> str:
    """The key within which updates keep their order: the chat, or else the person, or else the update itself."""
    event = update.event
    for holder in (event, getattr(event, "message", None)):
        chat = getattr(holder, "chat", None)
        if chat is not None:
            return f"chat:{chat.id}"
    person = getattr(event, "from_user", None)
    return f"person:{person.id}" if person is not None else f"update:{update.update_id}"
