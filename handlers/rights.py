"""A person's rights, in private: /quyen explains what is kept, /xuat hands it out, /quen forgets at once."""

from __future__ import annotations

import json

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.fsm.context import FSMContext
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.utils.i18n import gettext as _

from handlers.access import may, writer_of
from handlers.commands import Command
from handlers.pledging import go_away
from members.rights import OwnRights
from members.roles import Who

_in_private = F.chat.type == ChatType.PRIVATE


def router(rights: OwnRights) -> Router:
    """The handlers."""
    talk = RightsTalk(rights)
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


class RightsTalk:
    """The handlers of this module."""

    def __init__(self, rights: OwnRights) -> None:
        self._rights = rights

    async def explain(self, message: Message) -> None:
        """What is kept, why, how long, and what one can do about it."""
        await message.answer(_privacy_text())

    async def export(self, message: Message) -> None:
        """Everything that is kept about the person, as a file."""
        exported = await self._rights.export(writer_of(message))
        content = json.dumps(exported, ensure_ascii=False, indent=2).encode()
        caption = _("This is everything I keep about you. /quen erases it.")
        await message.answer_document(BufferedInputFile(content, "loa.json"), caption=caption)

    async def forget(self, message: Message, bot: Bot, state: FSMContext) -> None:
        """Erase the person, now."""
        person = writer_of(message)
        channels = await self._rights.forget(person)
        await state.clear()
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
