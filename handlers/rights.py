"""A person's rights, in private: /quyen explains what is kept, /xuat hands it out, /quen forgets at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.fsm.context import FSMContext
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.utils.i18n import gettext as _

from handlers.access import may, writer_of
from handlers.commands import Command
from handlers.pledging import go_away
from handlers.report_words import wait_words
from members.rights import ForgettingOwed, OwnRights
from members.roles import Who
from reports.quotas import Quota

_in_private = F.chat.type == ChatType.PRIVATE


@dataclass(frozen=True, slots=True)
class RightsDesk:
    """What these handlers work with, put together once at start."""

    rights: OwnRights
    owed: ForgettingOwed
    now: Callable[[], datetime]
    exports: Quota
    forgettings: Quota
    """What each person may have done at once; a further forgetting is done later."""
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)


def router(desk: RightsDesk) -> Router:
    """The handlers."""
    talk = RightsTalk(desk)
    routes = Router(name="rights")
    explaining = Command("quyen", "privacy", "rights")
    exporting = Command("xuat", "export")
    forgetting = Command("quen", "forget")
    for command, handler in (
        (explaining, talk.explain),
        (exporting, talk.export),
        (forgetting, talk.forget),
    ):
        routes.message.register(handler, command, _in_private, flags=may(Who.PERSON))
        routes.message.register(talk.ask_in_private, command, flags=may(Who.ANYONE))
    return routes


async def forget_due(desk: RightsDesk, bots: Mapping[str, Bot], now: datetime) -> None:
    """Every minute: forget those who asked for it a second time within an hour."""
    for person in await desk.owed.due(now):
        async with desk.one_at_a_time:
            channels = await desk.rights.forget(person)
        for channel in channels:
            if channel.bot in bots:
                await go_away(bots[channel.bot], channel)
        await desk.owed.done(person)


class RightsTalk:
    """The handlers of this module."""

    def __init__(self, desk: RightsDesk) -> None:
        self._desk = desk

    async def explain(self, message: Message) -> None:
        """What is kept, why, how long, and what one can do about it."""
        await message.answer(_privacy_text())

    async def export(self, message: Message) -> None:
        """Everything that is kept about the person, as a file."""
        person = writer_of(message)
        wait = self._desk.exports.use(person, self._desk.now())
        if wait is not None:
            await message.answer(_had_it(wait))
            return
        async with self._desk.one_at_a_time:
            exported = await self._desk.rights.export(person)
        content = json.dumps(exported, ensure_ascii=False, indent=2).encode()
        caption = _("This is everything I keep about you. /quen erases it.")
        await message.answer_document(BufferedInputFile(content, "loa.json"), caption=caption)

    async def forget(self, message: Message, bot: Bot, state: FSMContext) -> None:
        """Erase the person: now, or when the hour is over in which it was done before."""
        person, now = writer_of(message), self._desk.now()
        wait = self._desk.forgettings.use(person, now)
        if wait is not None:
            await self._desk.owed.owe(person, now + wait)
            await message.answer(_will_do_it(wait))
            return
        await state.clear()
        async with self._desk.one_at_a_time:
            channels = await self._desk.rights.forget(person)
        for channel in channels:
            await go_away(bot, channel)
        await message.answer(
            _(
                "Done: I have forgotten you. What I kept about you is erased, your groups have left the network, "
                "your reports are nobody's, and what nobody else reported is erased. Messages in this chat are "
                "yours to delete. You are welcome back at any time: /start"
            )
        )

    async def ask_in_private(self, message: Message, bot: Bot) -> None:
        """What concerns one person is not discussed in a group."""
        url = f"https://t.me/{(await bot.me()).username}"
        button = InlineKeyboardButton(text=_("Write to me in private"), url=url)
        await message.reply(
            _("That is between you and me: please write it to me in private."),
            reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]),
        )


def _had_it(wait: timedelta) -> str:
    return _("I gave you everything less than an hour ago. Please ask again in {wait}.").format(
        wait=wait_words(wait)
    )


def _will_do_it(wait: timedelta) -> str:
    return _(
        "I have forgotten you less than an hour ago. What came since then I will forget by myself in {wait}: "
        "you need do nothing more."
    ).format(wait=wait_words(wait))


def _privacy_text() -> str:
    return _(
        "<b>What I keep, and your rights</b>\n\n"
        "<b>If you enrolled a group or channel, or get bulletins here:</b> the number of your account, your "
        "language, which channels are yours and what you chose for them, and your pledge. I need it to "
        "deliver, and keep it until you leave or ask me to forget you. I keep no name and no telephone "
        "number.\n\n"
        "<b>If you report something:</b> the content and the reason, sealed, and the day. Neither your name nor "
        "your number: without the operator's key nobody can tell whose a report is, nor that two are one "
        "person's. Where to send the answer is sealed, too. All of it is erased 90 days later at most, from the "
        "moderators' card as well, and no backup opens it again.\n\n"
        "<b>In groups:</b> I react only to commands, mentions of me and answers to me. I keep nothing else, "
        "and no list of members.\n\n"
        "Telegram itself knows your account and carries these messages.\n\n"
        "/xuat gives you everything I keep about you\n"
        "/quen makes me forget you at once: your reports are nobody's then, and what nobody else reported is "
        "erased\n"
        "/kenh shows and ends what you enrolled\n\n"
        "For anything else, write to the operator of this network: you get a first answer within 2 working "
        "days (Law 91/2025/QH15)."
    )
