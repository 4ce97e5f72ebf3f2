"""What the moderators' chats must hear of a bulletin: that it is held, halted, or sent by one person in fixed words.

Each chat hears each thing once, over restarts too; what could not be said is said as soon as it can be. No trouble
with these chats keeps anybody's own message from being shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping
from typing import Protocol

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError
from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from broadcasts.broadcast import Broadcast, BroadcastState
from broadcasts.ports import LedgerUnavailable
from bulletins.bulletin import BulletinId
from handlers.bulletin_desk import BulletinDesk
from handlers.buttons import Cell

log = structlog.get_logger(__name__)

BY_ONE_ALONE = "correction"
"""It went out on one yes. Said once, however it goes on; whatever else is said, when it is true again."""

_MARK_CHARACTERS = 240

Heard = tuple[str, str]
"""A bot's name, whose moderators' chat it was, and what it has heard."""


class Announcements(Protocol):
    """Remembers what was announced."""

    async def heard(self, bulletin_id: BulletinId) -> Collection[Heard]:
        """What was said about a bulletin, and is still true."""

    async def keep_heard(self, bulletin_id: BulletinId, heard: Heard) -> None:
        """It was said."""

    async def forget_heard(self, bulletin_id: BulletinId, heard: Heard) -> None:
        """It is true no longer."""


class Announcer:
    """Says it."""

    def __init__(self, desk: BulletinDesk, bots: Mapping[str, Bot], announcements: Announcements) -> None:
        self._desk = desk
        self._bots = bots
        self._announcements = announcements
        self._unreachable: set[str] = set()
        self._unnoted: set[tuple[BulletinId, Heard]] = set()
        """What was said while the database could not note it."""

    async def announce(self, broadcast: Broadcast, text: str, rows: list[list[Cell]]) -> bool:
        """Say what these chats have not heard yet. False while something of it may still be said later on."""
        due, heard = _due(broadcast), await self._announcements.heard(broadcast.id)
        self._unnoted = {(key, one) for key, one in self._unnoted if key != broadcast.id or one[1] in due}
        is_all_said = True
        for one in heard:
            if one[1] not in due and one[1] != BY_ONE_ALONE:
                is_all_said &= await is_noted(self._announcements.forget_heard(broadcast.id, one))
        unheard = [
            (bot, mark) for mark in due for bot in self._desk.moderators_chats if (bot, mark) not in heard
        ]
        for bot_name, mark in unheard:
            said = (broadcast.id, (bot_name, mark))
            if said not in self._unnoted:
                if not await self._is_said(bot_name, await self._words(broadcast, mark, text), rows):
                    is_all_said &= bot_name in self._unreachable
                    continue
                self._unnoted.add(said)
            if await is_noted(self._announcements.keep_heard(*said)):
                self._unnoted.discard(said)
            else:
                is_all_said = False
        return is_all_said

    async def _words(self, broadcast: Broadcast, mark: str, text: str) -> str:
        if mark != BY_ONE_ALONE:
            return text
        author = await self._desk.name_of(broadcast.author)
        said = _("{name} sent this alone, in fixed words.").format(name=author)
        return f"{said}\n{text}"

    async def _is_said(self, bot_name: str, text: str, rows: list[list[Cell]]) -> bool:
        """Say it. False, and logged once, when that was not possible."""
        try:
            await self._say(bot_name, text, rows)
        except (TelegramAPIError, LedgerUnavailable) as error:
            self._note(bot_name, error)
            return False
        self._unreachable.discard(bot_name)
        return True

    async def _say(self, bot_name: str, text: str, rows: list[list[Cell]]) -> None:
        bot, chat = self._bots[bot_name], self._desk.moderators_chats[bot_name]
        place = (await bot.get_chat(chat)).id
        markup: InlineKeyboardMarkup | None = None
        if rows:
            markup = await self._desk.buttons.keyboard(rows, chat=place, person=None, repeatable=True)
        await bot.send_message(chat, text, reply_markup=markup)

    def _note(self, bot_name: str, error: TelegramAPIError | LedgerUnavailable) -> None:
        """A bot that is not let into its chat may be let in again some day; nothing waits for that."""
        if isinstance(error, TelegramForbiddenError | TelegramBadRequest):
            if bot_name in self._unreachable:
                return
            self._unreachable.add(bot_name)
        log.warning("the moderators' chat could not be told", bot=bot_name, error=str(error))


async def is_noted(note: Awaitable[None]) -> bool:
    """Whether the database took it. What it does not take now is noted at the next look; all others are shown."""
    try:
        await note
    except LedgerUnavailable as error:
        log.warning("what was shown could not be noted", error=str(error))
        return False
    return True


def _due(broadcast: Broadcast) -> tuple[str, ...]:
    """What the moderators' chats are to hear of it, as it stands."""
    marks: list[str] = []
    state, because = broadcast.state, broadcast.halted_because
    if broadcast.is_by_one and broadcast.bulletin.sent is not None:
        marks.append(BY_ONE_ALONE)
    if state is BroadcastState.HELD or (state is BroadcastState.PAUSED and because != "paused"):
        marks.append(f"{state}:{because}"[:_MARK_CHARACTERS])
    return tuple(marks)
