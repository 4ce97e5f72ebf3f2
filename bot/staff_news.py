"""Every owner is told of every change of the staff, from its row, so that no crash and no other process hides one.

Whoever it concerns is told too, and of an owner who came by a code of the server the moderators' chat as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError
from aiogram.utils.i18n import I18n

from bot.premises import Premises
from broadcasts.ports import LedgerUnavailable
from handlers.menu import set_own_menu
from handlers.staff_words import change_words
from handlers.telling import chat_of
from members.channel import PersonId, Platform
from members.roles import Role
from members.staff import StaffAct, StaffChange
from storage.availability import available

log = structlog.get_logger(__name__)

_LOOKED_AGAIN_SECONDS = 60.0


class StaffNews:
    """Tells owners. ``run`` is a task that the supervisor owns."""

    def __init__(self, premises: Premises, bots: Mapping[str, Bot], texts: I18n) -> None:
        self._settings = premises.settings
        self._house = premises.house
        self._bots = bots
        self._texts = texts
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Something was changed."""
        self._rung.set()

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            self._rung.clear()
            try:
                await self.tell()
            except (LedgerUnavailable, TelegramAPIError) as error:
                log.warning("the owners could not be told of a change of the staff", error=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOKED_AGAIN_SECONDS):
                    await self._rung.wait()

    async def tell(self) -> None:
        """All that has not been told; what a line that is down keeps back is raised, and told at the next look."""
        while changes := await available(self._house.staff.news()):
            for change in changes:
                await self._tell(change)
                await available(self._house.staff.mark_told(change))

    async def _tell(self, change: StaffChange) -> None:
        log.info("the staff has changed", act=change.act.value, person=change.person, by=change.by)
        for person in filter(_is_on_telegram, await self._listeners(change)):
            language = await self._house.roster.language_of(person) or self._settings.network.language
            await self._say(chat_of(person), change, language)
        if _is_on_telegram(change.person):
            await self._offer_commands(change.person, change.roles)
        if change.act is StaffAct.RECOVERED:
            for bot in self._settings.telegram:
                if bot.moderators_chat is not None:
                    await self._say(bot.moderators_chat, change, self._settings.network.language)

    async def _listeners(self, change: StaffChange) -> Sequence[PersonId]:
        """The owners as they are now, and whom it concerns; of a whole list taken over, its owner once."""
        staff = await available(self._house.staff.staff())
        owners = [one.person for one in staff if Role.OWNER in one.roles]
        if change.act is StaffAct.MOVED_OVER:
            return owners if Role.OWNER in change.roles else []
        concerned = [] if change.act in (StaffAct.GRANTED, StaffAct.RECOVERED) else [change.person]
        return list(dict.fromkeys([*owners, *concerned]))

    async def _say(self, chat: int | str, change: StaffChange, language: str) -> None:
        """By whichever bot they have talked to; nobody waits for one who blocks them all."""
        with self._texts.context(), self._texts.use_locale(language):
            text = change_words(change, self._settings.network.areas)
        for bot in self._bots.values():
            try:
                await bot.send_message(chat, text)
            except (TelegramForbiddenError, TelegramBadRequest):
                continue
            return

    async def _offer_commands(self, person: PersonId, roles: frozenset[Role]) -> None:
        """Their commands behind the menu button; a comfort, so no bot that fails here holds up the news."""
        for bot in self._bots.values():
            try:
                await set_own_menu(bot, self._texts, chat_of(person), roles)
            except TelegramAPIError as error:
                log.info("a colleague has no menu of their own", person=person, error=str(error))


def _is_on_telegram(person: PersonId) -> bool:
    """Others have no chat with these bots."""
    return person.partition(":")[0] == Platform.TELEGRAM
