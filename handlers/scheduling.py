"""What is to come: /schedule lists what is scheduled, repeats or is held, each with what can be done about it.

The next occurrence of a series is skipped with one button, and that is taken back with one button until then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiogram import Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from broadcasts.book import Refusal
from broadcasts.broadcast import Broadcast
from bulletins.bulletin import BulletinId
from handlers.access import acknowledge, may, person_of
from handlers.bulletin_desk import BulletinDesk
from handlers.bulletin_words import moment_words, why_not
from handlers.buttons import Pressed
from handlers.commands import Command
from handlers.progress_board import action_rows
from handlers.progress_words import standing_words
from handlers.telling import show_instead
from members.buttons import Payload
from members.channel import PersonId
from members.roles import Who

_SHOWN_AT_MOST = 10
_NOW = datetime.min.replace(tzinfo=UTC)

Act = Callable[[BulletinId, PersonId, datetime], Awaitable[Broadcast | Refusal]]


def router(desk: BulletinDesk) -> Router:
    """The handlers."""
    talk = SchedulingTalk(desk)
    routes = Router(name="scheduling")
    staff = may(Who.STAFF)
    routes.message.register(talk.list, Command("schedule", "lich"), flags=staff)
    routes.callback_query.register(talk.press(desk.desk.skip), Pressed("schedule.skip"), flags=staff)
    routes.callback_query.register(talk.press(desk.desk.unskip), Pressed("schedule.unskip"), flags=staff)
    return routes


class SchedulingTalk:
    """The handlers of this module."""

    def __init__(self, desk: BulletinDesk) -> None:
        self._desk = desk

    async def list(self, message: Message) -> None:
        """One message for each, the next to go out first."""
        coming = sorted(await self._desk.desk.to_come(), key=_moment)
        if not coming:
            await message.answer(
                _("Nothing is scheduled, nothing repeats, and nothing waits for a decision.")
            )
        for broadcast in coming[:_SHOWN_AT_MOST]:
            markup = await self._keyboard(message.chat.id, broadcast)
            await message.answer(standing_words(broadcast, self._desk), reply_markup=markup)
        more = len(coming) - _SHOWN_AT_MOST
        if more > 0:
            said = ngettext("{count} more comes later.", "{count} more come later.", more)
            await message.answer(said.format(count=more))

    def press(self, act: Act) -> Callable[[CallbackQuery, Payload], Awaitable[None]]:
        """A handler that does ``act`` to the occurrence that the button names by its moment."""

        async def handle(query: CallbackQuery, payload: Payload) -> None:
            moment = datetime.fromisoformat(payload["at"])
            result = await act(BulletinId(payload["bulletin"]), person_of(query.from_user), moment)
            if isinstance(result, Refusal):
                await acknowledge(query, why_not(result), alert=True)
                return
            await acknowledge(query, self._done(result))
            await self._show(query, result)

        return handle

    def _done(self, series: Broadcast) -> str:
        if series.upcoming is None:
            return why_not(Refusal.TOO_LATE)
        moment = moment_words(series.upcoming.at, self._desk)
        said = _("{moment} is skipped.") if series.upcoming.is_skipped else _("It goes out at {moment}.")
        return said.format(moment=moment)

    async def _show(self, query: CallbackQuery, series: Broadcast) -> None:
        if query.message is not None:
            markup = await self._keyboard(query.message.chat.id, series)
            await show_instead(query, standing_words(series, self._desk), markup)

    async def _keyboard(self, chat: int, broadcast: Broadcast) -> InlineKeyboardMarkup:
        rows = action_rows(broadcast)
        return await self._desk.buttons.keyboard(rows, chat=chat, person=None, repeatable=True)


def _moment(broadcast: Broadcast) -> datetime:
    """When it is its turn: what is held waits for somebody at this moment already."""
    if broadcast.upcoming is not None:
        return broadcast.upcoming.at
    return broadcast.bulletin.not_before or _NOW
