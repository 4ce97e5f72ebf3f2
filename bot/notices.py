"""What happens while bulletins go out, told to whom it concerns; each thing once, from the database.

The pump only rings the bell. What is to be told stands in rows, so a crash loses nothing: the crier looks at the
start, when the bell is rung, and once a minute.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n import gettext as _

from bot.premises import Premises
from handlers.enrolment_words import about_change
from handlers.telling import tell
from members.channel import Channel, ChannelState
from members.upkeep import Change
from storage.untold import untold_channels

log = structlog.get_logger(__name__)

_LOOKED_AGAIN_SECONDS = 60.0
_TOLD_AT_A_TIME = 50


class Crier:
    """Tells people. ``run`` is a task that the supervisor owns."""

    def __init__(
        self,
        premises: Premises,
        bots: Mapping[str, Bot],
        texts: I18n,
    ) -> None:
        self._settings = premises.settings
        self._house = premises.house
        self._bell = premises.bell
        self._now = premises.given.now
        self._bots = bots
        self._texts = texts
        self._storage_told: str | None = None

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            self._bell.answer()
            await self._tell_moderators_of_storage()
            if self._bell.storage_trouble is None:
                await self._tell_members()
            await self._bell.rung(_LOOKED_AGAIN_SECONDS)

    async def _tell_moderators_of_storage(self) -> None:
        trouble = self._bell.storage_trouble
        if self._storage_told == trouble:
            return
        with self._texts.context(), self._texts.use_locale(self._settings.network.language):
            if trouble is None:
                text = _("The database can be written again, and sending goes on.")
            else:
                text = _(
                    "Sending has stopped: the database cannot be written. Please ask whoever runs the server to "
                    "look at its disk. Nothing is lost, and sending goes on by itself."
                )
        for bot in self._settings.telegram:
            if bot.moderators_chat is not None:
                await self._say(self._bots[bot.name], bot.moderators_chat, text)
        self._storage_told = trouble

    async def _tell_members(self) -> None:
        while channels := await untold_channels(self._house.engine, _TOLD_AT_A_TIME):
            for channel in channels:
                await self._tell_member(channel)

    async def _tell_member(self, channel: Channel) -> None:
        change = Change.LOST if channel.state is ChannelState.LOST else Change.FLAWED
        bot = self._bots.get(channel.bot)
        if bot is not None and channel.member is not None:
            with self._texts.context(), self._texts.use_locale(channel.language):
                await tell(bot, channel.member, about_change(change, channel))
        await self._house.roster.mark_told(channel.id, self._now())

    async def _say(self, bot: Bot, chat: str, text: str) -> None:
        try:
            await bot.send_message(chat, text)
        except TelegramAPIError as error:
            log.warning("the moderators could not be told", error=str(error))
