"""Telling one person something in their private chat, in their own language, wherever it began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aiogram import Bot, html
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message
from aiogram.utils.i18n.context import get_i18n

from handlers.access import person_of
from members.channel import Channel, PersonId


async def tell(bot: Bot, person: PersonId, text: str, markup: InlineKeyboardMarkup | None = None) -> bool:
    """Write to ``person`` in private; False when they never started a talk with the bot, or blocked it."""
    try:
        await bot.send_message(chat_of(person), text, reply_markup=markup)
    except (TelegramForbiddenError, TelegramBadRequest):
        return False
    return True


def chat_of(person: PersonId) -> int:
    """The id of the private chat with ``person``: on Telegram it is the id of their account."""
    return int(person.partition(":")[2])


@contextmanager
def language(code: str) -> Iterator[None]:
    """Speak this language within the block."""
    with get_i18n().use_locale(code):
        yield


def spoken() -> str:
    """The language of the moment."""
    return get_i18n().current_locale


def names_of(bots: Sequence[str], at_most: int) -> str:
    """The first so many of these bots as HTML, and a sign that there are more."""
    more = ["…"] if len(bots) > at_most else []
    return ", ".join([*map(html.quote, bots[:at_most]), *more])


def title_of(channel: Channel) -> str:
    """The channel's title as HTML, bold."""
    return html.bold(html.quote(channel.title))


async def show_instead(query: CallbackQuery, text: str, markup: InlineKeyboardMarkup | None = None) -> None:
    """Put ``text`` in place of the message whose button was pressed, or below if it cannot be edited."""
    try:
        if isinstance(query.message, Message):
            await query.message.edit_text(text, reply_markup=markup)
            return
    except TelegramBadRequest as error:
        if "message is not modified" in error.message:
            return
    if query.bot is not None:
        await tell(query.bot, person_of(query.from_user), text, markup)
