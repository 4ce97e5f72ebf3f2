"""What happens while bulletins go out, told to whom it concerns; each thing once, from the database.

The pump only rings the bell. What is to be told stands in rows, and so does which alarms were told: a crash loses
nothing, a pump in another process is heard too, and whoever keeps the household next says nothing twice. The crier
looks at the start, when the bell is rung, and a few times a minute. Only that nothing can be written stands in no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
)
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n import gettext as _

from bot.premises import Premises
from broadcasts.line import REFUSED_TOKENS
from broadcasts.ports import LedgerUnavailable
from handlers.enrolment_words import about_change
from handlers.telling import names_of, tell
from members.channel import Channel, ChannelState
from members.upkeep import Change
from storage.alarms import Place, SqlAlarms
from storage.untold import untold_channels

log = structlog.get_logger(__name__)

_LOOKED_AGAIN_SECONDS = 15.0
_TOLD_AGAIN_SECONDS = 5.0
_TOLD_AT_A_TIME = 50
_NAMED_AT_MOST = 50


class Alarm(StrEnum):
    """What the moderators are told of at once."""

    STORAGE = "storage"
    LINE = "line"
    TOKEN = "token"


@dataclass(frozen=True, slots=True)
class _News:
    """An alarm that a chat has not heard yet, or that it is over; of all whom it concerns at once."""

    alarm: Alarm
    is_over: bool
    about: Sequence[str]


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
        self._heard_of = SqlAlarms(premises.house.engine, premises.house.committer)
        self._lines_down: Mapping[str, str] = {}
        self._lost: set[str] = set()
        """Chats that let none of their bots in."""
        self._told: dict[Place, str] = {}
        self._kept: Mapping[Place, str] | None = None
        """What is known to stand in the database of what was told; None before it was read."""

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            self._bell.answer()
            is_all_told = await self._tell_moderators()
            # Whom nobody can note as told would be told again and again.
            if self._bell.storage_trouble is None:
                await self._tell_members()
            await self._bell.rung(_LOOKED_AGAIN_SECONDS if is_all_told else _TOLD_AGAIN_SECONDS)

    async def _tell_moderators(self) -> bool:
        """What is new. Whether everybody knows it now: through a line that is down nobody hears that it is."""
        await self._recall()
        is_all_told = await self._tell_alarms(self._alarms())
        await self._keep_told()
        return is_all_told

    async def _recall(self) -> None:
        """What stands in the database; while that does not answer, what was read last."""
        try:
            if self._kept is None:
                self._kept = await self._heard_of.heard()
                tellers = {bots[0] for bots in self._chats().values()}  # the settings may have changed since
                told = {place: alarm for place, alarm in self._kept.items() if place[0] in tellers}
                self._told = told | self._told
            self._lines_down = await self._house.paces.lines_down()
        except LedgerUnavailable as error:
            log.warning("what there is to tell could not be read", error=str(error))

    async def _keep_told(self) -> None:
        """What cannot be written now is tried again at the next look."""
        if self._kept is None or self._told == self._kept:
            return
        try:
            await self._heard_of.keep(self._told)
            self._kept = dict(self._told)
        except LedgerUnavailable as error:
            log.warning("what was told could not be noted", error=str(error))

    async def _tell_alarms(self, alarms: Mapping[str, Alarm]) -> bool:
        is_all_told = True
        for chat, bots in self._chats().items():
            for news in list(self._news(bots[0], alarms)):
                if not await self._say(chat, bots, self._words(news)):
                    is_all_told = is_all_told and chat in self._lost
                    continue
                for about in news.about:
                    if news.is_over:
                        del self._told[bots[0], about]
                    else:
                        self._told[bots[0], about] = news.alarm
                if self._bell.storage_trouble is None:  # before anybody else is told: that may take long
                    await self._keep_told()
        return is_all_told

    def _chats(self) -> Mapping[str, list[str]]:
        """The moderators' chats, each with its bots; what it has heard is kept under the first of them."""
        chats: dict[str, list[str]] = {}
        for bot in self._settings.telegram:
            if bot.moderators_chat is not None:
                chats.setdefault(bot.moderators_chat, []).append(bot.name)
        return chats

    def _news(self, teller: str, alarms: Mapping[str, Alarm]) -> Iterator[_News]:
        """One of a kind, for a hundred bots whose lines are down together are one outage."""
        alike: dict[tuple[str, bool], list[str]] = {}
        for about in ["", *self._bots]:
            told, alarm = self._told.get((teller, about)), alarms.get(about)
            if told != alarm:
                alike.setdefault((alarm or told or "", alarm is None), []).append(about)
        for (alarm_told, is_over), about_all in alike.items():
            yield _News(Alarm(alarm_told), is_over, about_all)

    def _alarms(self) -> dict[str, Alarm]:
        """By the bot whose trouble it is; the database's is nobody's."""
        alarms = {
            bot: Alarm.TOKEN if because in REFUSED_TOKENS else Alarm.LINE
            for bot, because in self._lines_down.items()
        }
        return alarms if self._bell.storage_trouble is None else alarms | {"": Alarm.STORAGE}

    def _words(self, news: _News) -> str:
        with self._texts.context(), self._texts.use_locale(self._settings.network.language):
            return alarm_words(names_of(news.about, _NAMED_AT_MOST), news.alarm, is_over=news.is_over)

    async def _tell_members(self) -> None:
        """What a bot cannot say now waits for the next look, and with it all that this bot has to say."""
        speechless: set[str] = set()
        while channels := await untold_channels(self._house.engine, _TOLD_AT_A_TIME, speechless):
            for channel in channels:
                if channel.bot not in speechless and not await self._tell_member(channel):
                    speechless.add(channel.bot)

    async def _tell_member(self, channel: Channel) -> bool:
        """False when Telegram takes nothing from this bot at the moment."""
        change = Change.LOST if channel.state is ChannelState.LOST else Change.FLAWED
        bot = self._bots.get(channel.bot)
        if bot is not None and channel.member is not None:
            with self._texts.context(), self._texts.use_locale(channel.language):
                try:
                    await tell(bot, channel.member, about_change(change, channel))
                except TelegramAPIError as error:
                    log.warning("a member could not be told", channel=channel.id, error=str(error))
                    return False
        await self._house.roster.mark_told(channel.id, self._now())
        return True

    async def _say(self, chat: str, bots: Sequence[str], text: str) -> bool:
        """Through whichever of its bots can; first through those whose lines are up."""
        for name in sorted(bots, key=self._lines_down.__contains__):
            try:
                await _post(self._bots[name], chat, text)
            except TelegramAPIError as error:
                self._note(chat, error)
            else:
                self._lost.discard(chat)
                return True
        return False

    def _note(self, chat: str, error: TelegramAPIError) -> None:
        """A chat that lets the bot in no more may do so again some day; it is logged once, and asked now and then."""
        if isinstance(error, TelegramForbiddenError | TelegramBadRequest):
            if chat in self._lost:
                return
            self._lost.add(chat)
        log.warning("the moderators could not be told", chat=chat, error=str(error))


async def _post(bot: Bot, chat: str, text: str) -> None:
    try:
        await bot.send_message(chat, text)
    except TelegramMigrateToChat as moved:
        log.warning(
            "the moderators' chat has a new id: put it into the settings", id=moved.migrate_to_chat_id
        )
        await bot.send_message(moved.migrate_to_chat_id, text)


def alarm_words(names: str, alarm: Alarm, *, is_over: bool) -> str:
    """What is wrong, whom it stops and who can mend it; or that it is mended."""
    match alarm:
        case Alarm.STORAGE if is_over:
            return _("The database can be written again, and sending goes on.")
        case Alarm.STORAGE:
            return _(
                "Sending has stopped: the database cannot be written. Please ask whoever runs the server to "
                "look at its disk. Nothing is lost, and sending goes on by itself."
            )
        case _ if is_over:
            return _("Telegram takes the messages of bot {name} again, and sending goes on.").format(
                name=names
            )
        case Alarm.TOKEN:
            return _(
                "Bot {name} can send nothing: Telegram does not accept its token any more. Please ask whoever runs "
                "the server to put a valid token of the same bot in place (from @BotFather). Nothing is lost."
            ).format(name=names)
        case _:
            return _(
                "Bot {name} can send nothing for now: Telegram does not answer. Nothing is lost; Loa tries again "
                "every half minute, and sending goes on by itself."
            ).format(name=names)
